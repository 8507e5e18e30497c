"""The guide to mapping fields gives what it says, and the pages of AWS's destinations show what check accepts."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from harness.activations import project
from kumitate.activation.destinations.registry import REGISTRY, destination_class, destination_for, registered
from kumitate.activation.mapping_defaults import filled
from kumitate.activation.templates import parse_template, render_json
from kumitate.config.mapping import FieldMapping

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "guides/map-fields.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\{.+\})` \| `(.+)` \|$", GUIDE, re.MULTILINE)
PERSON = pa.record_batch({
    "first_name": pa.array(["花子"]),
    "last_name": pa.array(["山田"]),
    "lifetime_value": pa.array([Decimal("1234567.895")], pa.decimal128(18, 4)),
    "visits": pa.array([12345]),
    "tier": pa.array(["gold"]),
    "city": pa.array([" tokyo "]),
    "mobile": pa.array([None], pa.string()),
    "phone": pa.array(["+819012345678"]),
    "tags": pa.array([["tea", "cup"]], pa.list_(pa.string())),
    "codes": pa.array(["a; b;"]),
    "is_member": pa.array([True]),
    "birthday": pa.array([date(1990, 1, 2)]),
    "last_order_at": pa.array([datetime(2026, 1, 31, 15, 30)], pa.timestamp("us")),
})  # fmt: skip
PAGES = (
    "connect_campaign", "connect_customer_profiles", "personalize", "pinpoint", "push", "ses", "sms", "whatsapp",
)  # fmt: skip


def test_the_guide_shows_every_source_and_step() -> None:
    shown = " ".join(mapping for mapping, _ in ROWS)
    keys = {field.alias or name for name, field in FieldMapping.model_fields.items()}
    assert {key for key in keys if f"{key}:" not in shown} == {"unmatched"}
    assert "unmatched: no_value" in GUIDE
    for step in ("number", "date", "epoch_seconds", "epoch_milliseconds"):
        assert f"format: {step}" in shown


@pytest.mark.parametrize(("mapping", "result"), ROWS)
def test_a_mapping_of_the_guide_gives_what_it_says(mapping: str, result: str) -> None:
    given: Any = yaml.safe_load(mapping.replace("\\|", "|"))
    (token,) = render_json(parse_template(FieldMapping.model_validate(given)), PERSON).to_pylist()
    assert json.loads(token) == json.loads(result.replace("\\|", "|"))


@pytest.mark.parametrize("page", PAGES)
def test_the_example_of_a_destinations_page_is_right(page: str) -> None:
    text = (DOCS / f"destinations/{page}.md").read_text(encoding="utf-8")
    found: dict[str, Any] = {}
    for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
        found |= yaml.safe_load(block)
    accounts = {name: each for name, each in found.items() if "type" in each}
    syncs = {name: each for name, each in found.items() if "destination" in each}
    config = project(syncs, **accounts)
    assert accounts
    assert syncs or page == "pinpoint"
    for name, sync in config.syncs.items():
        destination_for(config, name)
        class_ = destination_class(registered(config.destinations[sync.destination], sync))
        assert sync.mode in class_.terms.modes
        fields = filled(sync, class_.defaults, {"email", "phone"})
        assert class_.terms.needs <= fields.keys()
        assert class_.terms.accepts is None or fields.keys() <= class_.terms.accepts


@pytest.mark.parametrize("page", PAGES)
def test_a_destinations_page_names_every_setting_and_what_erasing_takes(page: str) -> None:
    text = (DOCS / f"destinations/{page}.md").read_text(encoding="utf-8")
    for type_ in (each for each in REGISTRY if each.partition(".")[0] == page):
        fields = destination_class(type_).model_fields
        names = {field.alias or name for name, field in fields.items()} - {"sync", "object"}
        assert {name for name in names if f"`{name}`" not in text} == set()
    assert "## Erasure" in text
    assert "## Sandbox" in text
