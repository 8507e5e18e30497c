"""The pages of the CRMs show what `check` accepts, and leave out no setting."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.activations import project
from kumitate.activation.destinations.registry import REGISTRY, destination_class, destination_for, registered
from kumitate.config.sync import Sync

PAGES = Path(__file__).parents[2] / "docs/destinations"
VENDORS = ("account_engagement", "braze", "hubspot", "kintone", "marketo", "salesforce")
TYPES = sorted(type_ for type_ in REGISTRY if type_.partition(".")[0] in VENDORS)
OWN = {"object", "mode", "sync"}
"""What the sync says itself, not its settings."""


def page(type_: str) -> str:
    return (PAGES / f"{type_}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("type_", TYPES)
def test_a_pages_example_is_right_and_goes_to_its_own_type(type_: str) -> None:
    found: dict[str, Any] = {}
    for block in re.findall(r"```yaml\n(.*?)```", page(type_), re.DOTALL):
        found |= yaml.safe_load(block)
    accounts = {name: each for name, each in found.items() if "type" in each}
    config = project({name: each for name, each in found.items() if "destination" in each}, **accounts)
    assert config.syncs
    for name, sync in config.syncs.items():
        assert registered(config.destinations[sync.destination], sync) == type_
        destination_for(config, name)
        terms = destination_class(type_).terms
        assert sync.mode in terms.modes
        assert terms.needs <= sync.fields.keys()
        assert terms.base_url or config.destinations[sync.destination].url


@pytest.mark.parametrize("type_", TYPES)
def test_a_page_names_every_setting_every_mode_and_what_erasing_takes(type_: str) -> None:
    text, class_ = page(type_), destination_class(type_)
    names = {field.alias or name for name, field in class_.model_fields.items()} - OWN
    assert {name for name in names if f"`{name}`" not in text} == set()
    for heading in ("## Set up", "## Settings", "## Limits", "## What is told back", "## Erasure", "## Sandbox"):
        assert heading in text
    assert ("By hand" in text or "Erase the contact" in text) is bool(class_.terms.erase_by_hand)


@pytest.mark.parametrize("type_", TYPES)
def test_every_mode_is_one_that_a_sync_can_have(type_: str) -> None:
    modes = destination_class(type_).terms.modes
    for mode in modes:
        assert Sync(destination="d", segment="s", mode=mode, fields={"a": "b"}, consent="not_needed").mode == mode
