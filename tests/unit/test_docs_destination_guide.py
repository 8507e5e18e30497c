"""The guide's destination is real code: it renders, reads answers and keeps its batch size."""

import json
import re
from pathlib import Path
from typing import Any

from kumitate.activation.destinations.base import Destination
from kumitate.model.request import Change, HttpRequest, Operation, Outcome, Response

GUIDE = Path(__file__).parents[2] / "docs/guides/add-a-destination.md"


def courier() -> Destination:
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {"__name__": "guide"}
    exec(compile(code, str(GUIDE), "exec"), names)  # noqa: S102 (our own page)
    class_: type[Destination] = names["Courier"]
    return class_.model_validate({"product": "sampler"})


def test_the_guides_destination_sends_batches_and_reads_each_rows_outcome() -> None:
    destination = courier()
    changes = [Change(f"p{n}", Operation.CREATE, {"address": "1-2-3"}) for n in range(101)]
    requests = list(destination.requests([*changes, Change("nowhere", Operation.CREATE, {"address": None})]))
    refused = requests[0]
    assert isinstance(refused, Outcome)
    assert refused == Outcome("nowhere", refused.verdict, "field.missing", "address")
    sent = [request for request in requests if isinstance(request, HttpRequest)]
    assert [len(request.keys) for request in sent] == [100, 1]
    assert json.loads(sent[1].body) == [{"id": "p100", "product": "sampler", "address": "1-2-3"}]
    answer = Response(200, b'{"refused": [{"id": "p100", "why": "no such street"}]}')
    assert [outcome.verdict for outcome in destination.outcomes(sent[1], answer)] == ["rejected"]


def test_the_guide_names_what_exists() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    root = GUIDE.parents[2]
    for path in re.findall(r"`((?:kumitate|tests)/[\w/.]+\.py)`", text):
        assert (root / path).is_file(), path
