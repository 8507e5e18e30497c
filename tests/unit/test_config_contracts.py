"""Contracts keep what they promise: a version that refuses what was accepted, or was changed in silence, is refused."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from kumitate.config.contract_changes import narrowed
from kumitate.config.loader import load_config
from kumitate.config.published import schema_fingerprint
from kumitate.errors import ConfigError

SOURCE = """
web:
  kind: events
  path: data/*.jsonl
  format: jsonl
  key: [id]
  time: at
  event: event
  collect: {write_keys: {shop: {key: shop-web}}}
  stream: {}
  columns:
    id: {from: messageId}
    event: {}
    at: {from: timestamp, type: timestamp}
"""
NO_STREAM = SOURCE.replace("  collect: {write_keys: {shop: {key: shop-web}}}\n  stream: {}\n", "")


def project(root: Path, contracts: str, *, source: str = SOURCE, published: Any = None) -> list[str]:
    """What is wrong with it."""
    for folder, text in (("sources", source), ("contracts", contracts), ("identity", "person: {identifiers: {}}")):
        (root / folder).mkdir()
        (root / folder / "all.yaml").write_text(text)
    (root / "kumitate.yaml").write_text("project: test\n")
    if published is not None:
        (root / "contracts/published.json").write_text(
            published if isinstance(published, str) else json.dumps(published)
        )
    try:
        load_config(root)
    except ConfigError as error:
        return [str(problem) for problem in error.problems if problem.file.startswith(("contracts", "kumitate"))]
    return []


def contract(*versions: dict[str, Any], more: str = "") -> str:
    named = {f"1.{place}": schema for place, schema in enumerate(versions)}
    return f"ordered:\n  source: web\n  event: Order Completed\n{more}  versions:\n{indent(yaml.dump(named), '    ')}"


def text(**rules: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": rules}}


CLOSED = {"additionalProperties": False}
NARROWER = [
    (text(type="number"), text(type="integer"), "a type number is no longer accepted"),
    (text(), text(type="string"), "a only type string is accepted now"),
    (text(type=["string", "null"]), text(type="string"), "a type null is no longer accepted"),
    (text(enum=["x", "y"]), text(enum=["x"]), "a 1 of its values is no longer accepted"),
    (text(type="string"), text(type="string", enum=["x"]), "a any value was accepted, a few are now"),
    (text(enum=[1, 2]), text(const=1), "a 1 of its values is no longer accepted"),
    (text(type="object"), {**text(type="object"), "required": ["a"]}, "a is required now"),
    (text(minimum=1), text(minimum=2), "a minimum is higher now"),
    (text(), text(maxLength=5), "a maxLength is lower now"),
    (text(maxLength=6), text(maxLength=5), "a maxLength is lower now"),
    (text(pattern="^a"), text(pattern="^b"), "a pattern has changed"),
    (text(), text(pattern="^b"), "a has a pattern now"),
    (text(multipleOf=2), text(multipleOf=3), "a multipleOf is stricter now"),
    (text(), text(uniqueItems=True), "a values may not come twice any more"),
    (text(), {**text(), "additionalProperties": False}, "* nothing is accepted any more"),
    (text(items={"type": "number"}), text(items={"type": "string"}), "a[] type number is no longer accepted"),
    (text(properties={"b": {}}), text(properties={"b": False}), "a.b nothing is accepted any more"),
    (
        {"patternProperties": {"^x": {}}, **CLOSED},
        CLOSED,
        "the event patternProperties is gone; it cannot be judged whether less is accepted",
    ),
    (
        text(prefixItems=[{}], items=False),
        text(items=False),
        "a prefixItems is gone; it cannot be judged whether less is accepted",
    ),
    (
        text(contains={}, minContains=0),
        text(contains={}),
        "a minContains is gone; it cannot be judged whether less is accepted",
    ),
    ({**text(), "unevaluatedProperties": False}, {"unevaluatedProperties": False}, "a nothing is accepted any more"),
    (
        {"type": "object", "additionalProperties": {"type": "string"}},
        {**text(type="integer"), "additionalProperties": {"type": "string"}},
        "a type string is no longer accepted",
    ),
    (text(), text(anyOf=[{"type": "string"}]), "a anyOf has changed; it cannot be judged whether less is accepted"),
]
WIDER = [
    (text(type="integer"), text(type="number")),
    (text(type="string"), text(type=["string", "null"])),
    (text(enum=["x"]), text(enum=["x", "y"])),
    (text(const="x"), text(enum=["x", "y"])),
    ({**text(), "required": ["a"]}, text()),
    (text(minimum=2), text(minimum=1)),
    (text(minimum=2), text()),
    (text(pattern="^a"), text()),
    ({"type": "object", "patternProperties": {"^x": {"type": "string"}}}, text()),
    ({"type": "object", "additionalProperties": {"type": "string"}}, {**text(), "additionalProperties": {}}),
    (text(multipleOf=2), text(multipleOf=4 // 2)),
    (text(), {"type": "object", "properties": {"a": {}, "new": {"type": "string"}}}),
    (text(type="string"), text(type="string", description="a word", examples=["x"])),
    ({**text(), "additionalProperties": False}, text()),
]


@pytest.mark.parametrize(("before", "after", "what"), NARROWER)
def test_a_minor_version_that_refuses_what_was_accepted_is_refused(
    tmp_path: Path, before: dict[str, Any], after: dict[str, Any], what: str
) -> None:
    said = project(tmp_path, contract(before, after))
    assert len(said) == 1
    assert f"ordered.versions.1.1: {what}: senders of 1.0 would be refused" in said[0]
    assert said[0].endswith('call it "2.0"')


def test_a_narrower_version_is_named_a_major_that_nobody_has_yet(tmp_path: Path) -> None:
    wide, narrow = ({"required": list(names)} for names in ("", "abcdefg"))
    named = yaml.dump({"1.0": wide, "1.1": narrow, "2.0": wide})
    said = project(tmp_path, f"ordered:\n  source: web\n  event: E\n  versions:\n{indent(named, '    ')}")
    assert len(said) == 6
    assert sum(each.endswith('senders of 1.0 would be refused; call it "3.0"') for each in said) == 5
    assert any("the version changes more than that" in each for each in said)


@pytest.mark.parametrize(("before", "after"), WIDER)
def test_a_minor_version_may_accept_more(tmp_path: Path, before: dict[str, Any], after: dict[str, Any]) -> None:
    assert project(tmp_path, contract(before, after)) == []


def test_a_new_major_may_refuse_anything(tmp_path: Path) -> None:
    versions = (
        contract(text(type="string"), text(type="string")).replace("'1.1'", "'2.0'").replace("string", "number", 1)
    )
    assert "'2.0'" in versions
    assert project(tmp_path, versions) == []


KEYWORDS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["string", "integer", "number", ["string", "null"]]),
        "minimum": st.integers(-2, 2),
        "maximum": st.integers(-2, 2),
        "minLength": st.integers(0, 3),
        "maxLength": st.integers(0, 3),
        "enum": st.lists(st.sampled_from(["", "x", 0, 1, 1.5, None]), min_size=1, unique_by=repr),
    },
)
OBJECTS = st.fixed_dictionaries(
    {"properties": st.fixed_dictionaries({"a": KEYWORDS, "b": KEYWORDS})},
    optional={"required": st.lists(st.sampled_from("ab"), unique=True), "additionalProperties": st.booleans()},
)
VALUES = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "x", "xxxx", -3, 0, 1, 1.5, None]), max_size=3)


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ({"const": 0}, {"const": 0, "enum": [1, 2]}, 0),
        ({"const": 0, "enum": [0, 1]}, {"const": 1, "enum": [0, 1]}, 0),
        ({"items": True, "unevaluatedItems": {"type": "string"}}, {"unevaluatedItems": {"type": "string"}}, [1]),
    ],
)
def test_rules_that_narrow_one_another_are_judged_together(before: Any, after: Any, refused: Any) -> None:
    assert Draft202012Validator(before).is_valid(refused)
    assert not Draft202012Validator(after).is_valid(refused)
    assert list(narrowed(before, after))


@given(before=OBJECTS, after=OBJECTS, value=VALUES)
def test_what_is_judged_compatible_accepts_every_event_that_the_version_before_accepted(
    before: dict[str, Any], after: dict[str, Any], value: dict[str, Any]
) -> None:
    if not list(narrowed(before, after)) and Draft202012Validator(before).is_valid(value):
        assert Draft202012Validator(after).is_valid(value)


def test_a_published_version_that_was_changed_is_refused(tmp_path: Path) -> None:
    published = {"ordered": {"1.0": schema_fingerprint(text(type="string"))}}
    said = project(tmp_path, contract(text(type="string", minLength=1)), published=published)
    assert len(said) == 1
    assert "ordered.versions.1.0: version 1.0 was published, and is another now" in said[0]


def test_a_published_version_stays_whatever_its_layout(tmp_path: Path) -> None:
    published = {"ordered": {"1.0": schema_fingerprint({"properties": {"a": {"type": "string"}}, "type": "object"})}}
    assert project(tmp_path, contract(text(type="string")), published=published) == []


@pytest.mark.parametrize("of", ["web track Order Paid", "web page Order Completed", "app track Order Completed"])
def test_a_published_contract_stays_with_the_events_it_was_published_for(tmp_path: Path, of: str) -> None:
    published = {"ordered": {"1.0": schema_fingerprint(text()), "of": of}}
    said = project(tmp_path, contract(text()), published=published)
    assert len(said) == 1
    assert f"was published for {of!r}" in said[0]


@pytest.mark.parametrize("name", ["ordered", "gone"])
def test_a_published_version_that_is_gone_is_refused(tmp_path: Path, name: str) -> None:
    said = project(tmp_path, contract(text()), published={name: {"0.9": "f" * 64}})
    assert len(said) == 1
    assert f"kumitate contract retire {name}" in said[0]


def test_a_broken_list_of_what_was_published_is_told(tmp_path: Path) -> None:
    said = project(tmp_path, contract(text()), published="[1]")
    assert said == ["contracts/published.json:1: this is not what `kumitate contract publish` writes; "
                    "take the file back from Git"]  # fmt: skip


@pytest.mark.parametrize(
    ("contracts", "what"),
    [
        (contract(text()).replace("source: web", "source: wbe"), "unknown source 'wbe'; did you mean 'web'?"),
        (contract({"type": "strng"}), "this is no JSON Schema (2020-12): type"),
        (contract(text(pattern="(")), "the collector cannot use this schema"),
        (contract({"$ref": "#/$defs/gone"}), "the collector cannot use this schema"),
        (contract({"$ref": "https://example.com/order.json"}), "the collector cannot use this schema"),
        (contract(text()).replace("'1.0'", "'1'"), 'a version is "major.minor" in quotes'),
        (contract(text(), more="  violations: {requierd: block}\n"), "'requierd' is neither a field of the contract"),
        (contract(text(), more="  violations: {required: drop_field}\n"), "a field that is missing cannot be dropped"),
        (contract(text(), more="  call: identify\n"), "identify calls have no name; leave the event out"),
        (contract(text()) + "again" + contract(text())[7:], "contract 'ordered' is for the same event"),
    ],
)
def test_what_is_wrong_with_a_contract_is_said(tmp_path: Path, contracts: str, what: str) -> None:
    said = project(tmp_path, contracts)
    assert len(said) == 1
    assert what in said[0]


def test_a_field_of_each_item_of_a_list_may_have_its_own_action(tmp_path: Path) -> None:
    products = text(type="array", items={"properties": {"sku": {"type": "string"}}})
    assert project(tmp_path, contract(products, more="  violations: {a.sku: drop_field}\n")) == []


def test_a_contract_for_a_source_that_takes_in_nothing_is_refused(tmp_path: Path) -> None:
    assert "takes in no events over HTTP" in project(tmp_path, contract(text()), source=NO_STREAM)[0]
