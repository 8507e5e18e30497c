"""The destinations' pages show projects that are accepted: each example's account and sync fit their destination."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kumitate.activation.destinations.registry import destination_class, registered
from kumitate.config.sync import Destination, Sync

PAGES = Path(__file__).parents[2] / "docs/destinations"


def examples(kind: str) -> Iterator[tuple[str, str, Any]]:
    """(page, name, section) of everything that stands under `# destinations/…` or `# syncs/…`."""
    for page in sorted(PAGES.glob("*.md")):
        for code in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for part in re.split(r"^(?=# (?:destinations|syncs)/)", code, flags=re.MULTILINE):
                if part.startswith(f"# {kind}/"):
                    yield from ((page.stem, name, section) for name, section in yaml.safe_load(part).items())


ACCOUNTS = {(page, name): Destination.model_validate(section) for page, name, section in examples("destinations")}
ANYWHERE = {name: account for (_, name), account in ACCOUNTS.items()}
SYNCS = [pytest.param(*example, id=f"{example[0]}: {example[1]}") for example in examples("syncs")]


def test_there_are_examples_to_hold_to_this() -> None:
    assert len(SYNCS) >= 9


@pytest.mark.parametrize(("page", "name", "section"), SYNCS)
def test_an_example_is_taken_by_its_destination(page: str, name: str, section: dict[str, Any]) -> None:
    sync = Sync.model_validate(section)
    account = ACCOUNTS.get((page, sync.destination)) or ANYWHERE[sync.destination]
    type_ = registered(account, sync)
    class_ = destination_class(type_)
    own = {"sync": name, "mode": sync.mode} | ({"object": sync.object} if type_ == account.type and sync.object else {})
    taken = {field.alias or key for key, field in class_.model_fields.items()}
    class_.model_validate({**account.settings, **sync.settings, **{key: own[key] for key in own.keys() & taken}})
    assert sync.mode in class_.terms.modes
    assert class_.terms.needs <= sync.fields.keys() or sync.default_fields
    assert class_.terms.accepts is None or sync.fields.keys() <= class_.terms.accepts
