"""Cutting a sync's rows costs no call: portions and pages are made of whole requests of each destination's own size."""

import json
import math

import pytest

from harness.deliveries import creates
from harness.destinations import CASES
from kumitate.activation.destinations.registry import REGISTRY, destination_class
from kumitate.activation.destinations.talk import Conversing
from kumitate.activation.portions import WHOLE, cut, portion_rows
from kumitate.activation.routes import CONCURRENCY, Route
from kumitate.model.request import Change, Operation, Outcome

RECORDED = {type_: json.loads((CASES / f"{type_}.json").read_text(encoding="utf-8")) for type_ in sorted(REGISTRY)}


def batches_of(type_: str) -> int:
    """The vendor's maximum as the destination's case has it; 1 where rows go one by one."""
    return int(RECORDED[type_].get("most_rows") or 1)


@pytest.mark.parametrize("type_", sorted(REGISTRY))
def test_pages_and_portions_are_whole_requests(type_: str) -> None:
    kind, most = destination_class(type_), batches_of(type_)
    for seconds in (0.0, 0.2, 40.0):
        route = Route("s", "account", type_, {}, None, None, seconds)
        assert route.rows_a_page % most == 0
    for rows in (1_000, 2_000):
        assert portion_rows(kind, rows) % most == 0


@pytest.mark.parametrize("type_", sorted(REGISTRY))
def test_a_syncs_pages_take_no_call_more_than_its_rows(type_: str) -> None:
    kind, most = destination_class(type_), batches_of(type_)
    rows = Route("s", "account", type_, {}, None, None, 0.0).rows_a_page
    if issubclass(kind, Conversing) or rows == most:
        return  # a page is a request, or a conversation
    count = rows + most // 2 + 1
    destination = kind.model_validate(RECORDED[type_]["settings"])
    template = json.dumps(RECORDED[type_]["fields"])
    changes = [Change(f"p{n}", Operation.CREATE, json.loads(template.replace("{key}", f"p{n}"))) for n in range(count)]
    calls = [
        item for page in cut([changes], rows) for item in destination.requests(page) if not isinstance(item, Outcome)
    ]
    assert len(calls) == math.ceil(count / most)


@pytest.mark.parametrize("type_", sorted(REGISTRY))
def test_a_vendor_that_bears_fewer_requests_at_once_than_deliveries_run_at_once_has_to_be_told_of(type_: str) -> None:
    concurrency = destination_class(type_).terms.concurrency
    assert concurrency is None or concurrency >= CONCURRENCY


def test_removals_stand_apart_whatever_pieces_they_come_in() -> None:
    gone = [Change(key, Operation.DELETE, {}) for key in ("g1", "g2", "g3")]
    pieces = [gone[:1], gone[1:], creates("p1"), creates("p2", "p3")]
    assert [[change.key for change in portion] for portion in cut(pieces, 2)] == [
        ["g1", "g2"],
        ["g3"],
        ["p1", "p2"],
        ["p3"],
    ]
    assert [len(portion) for portion in cut(pieces, WHOLE)] == [6]
