"""A drafted contract accepts the events it was drafted from, and what was published is kept until it is retired."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from kumitate.config.contract import Contract
from kumitate.errors import FatalError
from kumitate.events.drafting import ENOUGH, draft_schema
from kumitate.execution.contracts import drafted, publish, retire
from kumitate.execution.event_files import events_in

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4)
ORDER = Contract(source="web", event="Order Completed", versions={"1.0": {"type": "object"}})


@given(st.lists(OBJECTS, max_size=30))
def test_a_draft_accepts_every_event_it_was_made_of(samples: list[dict[str, Any]]) -> None:
    schema = draft_schema(samples)
    Draft202012Validator.check_schema(schema)
    assert all(Draft202012Validator(schema).is_valid(sample) for sample in samples)


def test_what_all_of_enough_events_have_is_required() -> None:
    few = [{"price": 1, "note": "x"}] + [{"price": 1.5}] * (ENOUGH - 2)
    assert "required" not in draft_schema(few)
    schema = draft_schema([*few, {"price": 2}])
    assert schema["required"] == ["price"]
    assert schema["properties"] == {"note": {"type": "string"}, "price": {"type": "number"}}


def test_a_draft_looks_at_events_of_that_name_alone() -> None:
    events = [
        {"type": "track", "event": "Order Completed", "properties": {"a": 1}},
        {"type": "track", "event": "Other", "properties": {"b": 1}},
        {"type": "page", "name": "Order Completed", "properties": {"c": 1}},
        {"event": "Order Completed"},
    ]
    schema, count = drafted(events, call="track", event="Order Completed")
    assert (count, list(schema["properties"])) == (2, ["a"])
    assert drafted(events, call="page", event=None)[0]["properties"] == {"c": {"type": "integer"}}
    with pytest.raises(FatalError, match="no identify call"):
        drafted(events, call="identify", event=None)


def test_a_draft_of_traits_finds_them_wherever_an_sdk_puts_them() -> None:
    events = [
        {"type": "identify", "traits": {"email": "a@example.com"}},
        {"type": "identify", "context": {"traits": {"plan": "gold"}}},
        {"type": "identify", "context": []},
    ]
    schema, _ = drafted(events, call="identify", event=None)
    assert list(schema["properties"]) == ["email", "plan"]


def test_events_are_read_from_lines_also_compressed(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"
    plain.write_text('{"a": 1}\n\n{"a": 2}\n')
    packed.write_bytes(gzip.compress(b'{"a": 3}\n'))
    assert list(events_in([plain, packed])) == [{"a": 1}, {"a": 2}, {"a": 3}]
    plain.write_text('{"a": 1}\n[1]\n')
    with pytest.raises(FatalError, match=r"a\.jsonl:2: no JSON object"):
        list(events_in([plain]))


def test_a_compressed_file_that_is_broken_is_named(tmp_path: Path) -> None:
    whole = gzip.compress(b'{"event": "A"}\n' * 100)
    for broken in (whole[:-9], whole[:40], whole[:30] + b"xxxx" + whole[34:]):
        (tmp_path / "events.gz").write_bytes(broken)
        with pytest.raises(FatalError, match=r"events\.gz: the compressed file is broken"):
            list(events_in([tmp_path / "events.gz"]))


def test_each_version_is_published_once_until_it_is_retired(tmp_path: Path) -> None:
    assert publish(tmp_path, {"ordered": ORDER}, dry_run=True) == [("ordered", "1.0")]
    assert not (tmp_path / "contracts/published.json").exists()
    assert publish(tmp_path, {"ordered": ORDER}) == [("ordered", "1.0")]
    assert publish(tmp_path, {"ordered": ORDER}) == []
    assert (
        json.loads((tmp_path / "contracts/published.json").read_text())["ordered"]["of"] == "web track Order Completed"
    )
    with pytest.raises(FatalError, match=r"ordered 2\.0 was not published; published are: ordered 1\.0"):
        retire(tmp_path, "ordered", "2.0")
    assert retire(tmp_path, "ordered", None) == ["1.0"]
    assert json.loads((tmp_path / "contracts/published.json").read_text()) == {}
