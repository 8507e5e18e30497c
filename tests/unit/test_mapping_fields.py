"""A field's mapping transforms its value in one chain, and says where it makes no sense."""

from __future__ import annotations

import json
import pickle
import shutil
import time
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from kumitate.activation.destinations.registry import REGISTRY, destination_class
from kumitate.activation.mapping_defaults import filled
from kumitate.activation.templates import held_rows, parse_template, render_json
from kumitate.config.mapping import FieldMapping, templates_in
from kumitate.config.sync import Sync
from kumitate.errors import ConfigError
from kumitate.project import open_project

TEA_SHOP = Path(__file__).parent.parent / "projects" / "tea_shop"
ROW = pa.record_batch({
    "ltv": pa.array([Decimal("1234567.895")], pa.decimal128(18, 4)),
    "score": pa.array([1.005]),
    "visits": pa.array([12345]),
    "city": pa.array([" tokyo "]),
    "nickname": pa.array([""]),
    "phone": pa.array([None], pa.string()),
    "tier": pa.array(["gold"]),
    "birthday": pa.array([date(1990, 1, 2)]),
    "seen_at": pa.array([datetime(2026, 1, 31, 15, 30, 0, 999_999)], pa.timestamp("us")),
    "noted": pa.array(["2026-01-31T10:00:00+09:00"]),
    "tags": pa.array([["a", "b"]], pa.list_(pa.string())),
    "is_vip": pa.array([True]),
})  # fmt: skip


def made(mapping: dict[str, Any], batch: pa.RecordBatch = ROW) -> Any:
    (token,) = render_json(parse_template(FieldMapping.model_validate(mapping)), batch).to_pylist()
    return json.loads(token)


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ({"value": "{ltv}", "format": "number", "decimals": 2, "thousands": ","}, "1,234,567.90"),
        ({"value": "{ltv}", "format": "number"}, "1234567.895"),
        ({"value": "{score}", "format": "number", "decimals": 2}, "1.01"),
        ({"value": "{visits}", "format": "number", "thousands": "."}, "12.345"),
        ({"value": "{city}", "format": "number"}, None),
        ({"value": "{ltv}", "round": 0}, 1_234_568),
        ({"value": "{visits}", "round": 2}, 12345),
        ({"value": "{city}", "trim": True, "case": "upper", "truncate": 3}, "TOK"),
        ({"value": "{city}", "case": "title"}, " Tokyo "),
        ({"value": "<{city}>", "case": "upper"}, "< TOKYO >"),
        ({"value": "{nickname}", "trim": True}, None),
        ({"value": "{tier}", "lookup": {"gold": 1, "silver": 2}}, 1),
        ({"value": "{tier}", "lookup": {"silver": 2}, "default": "none"}, "none"),
        ({"value": "{phone}", "lookup": {"silver": 2}, "default": "none"}, None),
        ({"value": "{tier}", "lookup": {"silver": 2}, "unmatched": "no_value"}, None),
        ({"value": "{visits}", "lookup": {12345: "many"}}, "many"),
        ({"value": "{is_vip}", "lookup": {True: "VIP", False: 0}}, "VIP"),
        ({"value": "{is_vip}", "words": ["はい", "いいえ"]}, "はい"),
        ({"value": "{birthday}", "format": "date", "pattern": "%Y/%m/%d", "timezone": "Asia/Tokyo"}, "1990/01/02"),
        ({"value": "{birthday}", "format": "date"}, "1990-01-02"),
        ({"value": "{seen_at}", "format": "date", "timezone": "Asia/Tokyo"}, "2026-02-01T00:30:00+09:00"),
        ({"value": "{seen_at}", "format": "date", "pattern": "%d.%m.%Y %H:%M:%S"}, "31.01.2026 15:30:00"),
        ({"value": "{noted}", "format": "date", "pattern": "%H時"}, "01時"),
        ({"value": "{city}", "format": "date"}, None),
        ({"value": "{visits}", "format": "date"}, None),
        ({"value": "{seen_at}", "format": "epoch_seconds"}, 1_769_873_400),
        ({"value": "{seen_at}", "format": "epoch_milliseconds"}, 1_769_873_400_999),
        ({"value": "{birthday}", "format": "epoch_seconds"}, 631_238_400),
        ({"join": ["{tier}", "{phone}", "{nickname}", "{visits}"], "separator": "-"}, "gold-12345"),
        ({"join": ["{phone}", "{nickname}"]}, None),
        ({"join": ["{tags}", {"value": "{city}", "trim": True}], "separator": "|"}, "a|b|tokyo"),
        ({"first": ["{phone}", "{nickname}", "{tier}"]}, "gold"),
        ({"first": ["{phone}", "unknown"]}, "unknown"),
        ({"first": ["{phone}", "{visits}"], "format": "number", "thousands": " "}, "12 345"),
        ({"constant": 5}, 5),
        ({"constant": "web"}, "web"),
        ({"constant": None}, None),
        ({"value": "{tier}", "lookup": {"silver": 2}, "default": None}, None),
        ({"value": "{tier}", "wrap": True}, ["gold"]),
        ({"value": "{phone}", "wrap": True}, None),
        ({"value": "{tags}", "wrap": True}, ["a", "b"]),
        ({"value": "{noted}", "split": "-"}, ["2026", "01", "31T10:00:00+09:00"]),
        ({"list": ["{tier}", "{phone}", "{visits}"]}, ["gold", 12345]),
        ({"object": {"a": "{tier}", "b": "{phone}"}}, {"a": "gold"}),
        ({"object": {"a": {"object": {"b": "{visits}"}}}}, {"a": {"b": 12345}}),
    ],
)  # fmt: skip
def test_a_value_is_transformed_on_its_way(mapping: dict[str, Any], expected: object) -> None:
    assert made(mapping) == expected


def test_steps_are_done_in_one_order_whatever_their_order_in_the_file() -> None:
    chain = {"truncate": 2, "case": "upper", "lookup": {"tokyo": "edo-city"}, "trim": True, "value": "{city}"}
    assert made(chain) == made(dict(reversed(chain.items()))) == "ED"


def test_a_value_that_no_lookup_holds_keeps_its_row_and_a_missing_one_does_not() -> None:
    batch = pa.record_batch({"tier": pa.array(["gold", "tin", None])})
    strict = {"value": "{tier}", "lookup": {"gold": 1}}
    for mapping in (strict, {"object": {"t": strict}}):
        held = held_rows(parse_template(FieldMapping.model_validate(mapping)), batch)
        assert held is not None
        assert held.to_pylist() == [False, True, False]
    for more in ({"default": 0}, {"unmatched": "no_value"}):
        lenient = FieldMapping.model_validate({**strict, **more})
        assert held_rows(parse_template(lenient), batch) is None
    assert held_rows(parse_template("{tier}"), batch) is None


def test_a_mapping_names_the_columns_of_all_its_templates_and_travels_to_workers() -> None:
    mapping = FieldMapping.model_validate({"object": {"a": "{x}{y}", "b": {"first": ["{z}", "none"]}}})
    template = parse_template(mapping)
    assert template.columns == ("x", "y", "z")
    assert list(templates_in(mapping)) == [
        (("object", "a"), "{x}{y}"),
        (("object", "b", "first", 0), "{z}"),
        (("object", "b", "first", 1), "none"),
    ]
    assert pickle.loads(pickle.dumps(template)) == template  # noqa: S301  our own bytes


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ({}, "give exactly one of value, first, join, constant, list, object; found none"),
        ({"value": "{a}", "join": ["{b}"]}, "found value and join"),
        ({"value": None}, "found none"),
        ({"value": "{a}", "lookup": {None: 1}}, "a value to look up is missing"),
        ({"constant": 1, "trim": True}, "'constant' is complete in itself; 'trim' goes with what it is made of"),
        ({"value": "{a}", "decimals": 2}, "'decimals' goes with 'format'"),
        ({"value": "{a}", "format": "date", "decimals": 2}, "'decimals' goes with 'format: number'"),
        ({"value": "{a}", "separator": ","}, "'separator' goes with 'join'"),
        ({"value": "{a}", "lookup": {"x": 1}, "default": 0, "unmatched": "no_value"}, "nothing is unmatched"),
        ({"value": "{a}", "round": 1, "format": "number"}, "two ways to write one value"),
        ({"value": "a {b}", "format": "number"}, "'format' needs one placeholder"),
        ({"value": "{a}", "format": "date", "pattern": "%Q"}, "'%Q' is no part of a date"),
        ({"value": "{a}", "format": "date", "timezone": "Asia/Tokio"}, "'Asia/Tokio' is no time zone"),
        ({"join": [{"list": ["{a}"]}]}, "a list or an object stands in a 'list' or an 'object', not in 'join'"),
    ],
)
def test_what_makes_no_sense_is_said(mapping: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        FieldMapping.model_validate(mapping)
    assert says in str(caught.value)


def said(tmp_path: Path, fields: str) -> list[str]:
    """The tea shop's problems, with these lines as the fields of its sync."""
    shutil.copytree(TEA_SHOP, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "syncs/winback.yaml"
    lines = [fields if line.startswith("  fields:") else line for line in path.read_text("utf-8").splitlines()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    try:
        open_project(tmp_path)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_mistakes_in_a_mapping_are_said_with_file_line_and_what_was_probably_meant(tmp_path: Path) -> None:
    fields = """  fields:
    Name: {value: "{given_nam}", trim: true}
    text:
      first:
        - "{email}"
        - {value: "{emial}", cas: lower}"""
    place = "syncs/winback.yaml"
    assert said(tmp_path, fields) == [
        f"{place}:7 winback.fields.Name.value: unknown attribute or trait 'given_nam'; did you mean 'given_name'?",
        f"{place}:11 winback.fields.text.first[1].cas: unknown key 'cas'; did you mean 'case'?",
        f"{place}:11 winback.fields.text.first[1].value: unknown attribute or trait 'emial'; did you mean 'email'?",
    ]


def test_chains_that_make_no_sense_are_said_with_file_and_line(tmp_path: Path) -> None:
    (found,) = said(tmp_path, '  fields:\n    text: {value: "{email}", decimals: 2}')
    assert found == "syncs/winback.yaml:7 winback.fields.text: 'decimals' goes with 'format'"
    (found,) = said(tmp_path, '  fields:\n    text: {value: "{email}", format: number, thousands: ", "}')
    assert found == "syncs/winback.yaml:7 winback.fields.text.thousands: give at most 1 sign"
    (found,) = said(tmp_path, "  fields: {text: 5}")
    assert found.endswith("fields.text: expected text, found the number 5; write it in quotes")


def test_a_sync_without_fields_says_so(tmp_path: Path) -> None:
    (found,) = said(tmp_path, "")
    assert "missing key 'fields'" in found


def test_usual_fields_are_taken_as_far_as_the_project_has_them_and_never_before_its_own() -> None:
    sync = Sync.model_validate({
        "destination": "crm", "segment": "s", "consent": "not_needed", "consent_reason": "a test",
        "default_fields": True, "fields": {"Email": "{work_email}"},
    })  # fmt: skip
    usual = {
        "Email": ("{email}",),
        "Phone": ("{phone}", "{mobile}"),
        "Name": ("{last_name} {first_name}", "{family_name} {given_name}"),
        "Source": ("web",),
    }
    known = {"email", "given_name", "family_name"}
    assert filled(sync, usual, known) == {
        "Email": "{work_email}",
        "Name": "{family_name} {given_name}",
        "Source": "web",
    }
    assert filled(sync.model_copy(update={"default_fields": False}), usual, known) == {"Email": "{work_email}"}


@pytest.mark.parametrize(
    ("type_", "given", "found"),
    [
        ("ses", "", {"default": "clear"}),
        ("ses", "  nulls: {name: hold}\n", {"default": "clear", "name": "hold"}),
        ("ses", "  nulls: {default: keep}\n", {"default": "keep"}),
        ("slack", "", {}),
    ],
)
def test_a_mail_is_told_of_what_is_missing_unless_its_sync_says_otherwise(
    tmp_path: Path, type_: str, given: str, found: dict[str, str]
) -> None:
    shutil.copytree(TEA_SHOP, tmp_path, dirs_exist_ok=True)
    mail = {"from_address": "a@example.jp", "template": "t", "unsubscribe_url": "https://example.jp/{key}"}
    settings = mail if type_ == "ses" else {"channel": "C1"}
    account = f"here: {{type: {type_}, settings: {json.dumps(settings)}}}\n"
    (tmp_path / "destinations/here.yaml").write_text(account, encoding="utf-8")
    sync = "hello:\n  destination: here\n  segment: vips\n  mode: append\n  consent: {purpose: news, channel: email}\n"
    fields = '  fields: {to: "{email}", text: Hello, name: "{given_name}"}\n'
    (tmp_path / "syncs/hello.yaml").write_text(sync + fields + given, encoding="utf-8")
    assert open_project(tmp_path).config.syncs["hello"].nulls == found


@pytest.mark.parametrize("type_", sorted(REGISTRY))
def test_usual_fields_are_some_that_the_destination_takes(type_: str) -> None:
    class_ = destination_class(type_)
    for name, templates in class_.defaults.items():
        assert isinstance(templates, tuple)
        assert all(parse_template(each).columns for each in templates)
        assert class_.terms.accepts is None or name in class_.terms.accepts


def test_a_destination_without_usual_fields_says_so_where_they_are_asked_for(tmp_path: Path) -> None:
    (found,) = said(tmp_path, '  default_fields: true\n  fields: {text: "{email}"}')
    assert found.endswith("this destination has no usual fields; map them here, without default_fields")


def test_fields_of_a_mapping_are_planned_in_time() -> None:
    count = 50_000
    batch = pa.record_batch({
        "email": pa.array([f"p{number}@example.jp" for number in range(count)]),
        "tier": pa.array(["gold", "silver"] * (count // 2)),
    })  # fmt: skip
    mappings = (
        {"value": "{email}", "trim": True, "case": "lower"},
        {"value": "{tier}", "lookup": {"gold": 1}, "default": 0},
        {"join": ["{email}", "{tier}"]},
    )
    started = time.process_time()
    for mapping in mappings:
        render_json(parse_template(FieldMapping.model_validate(mapping)), batch)
    assert time.process_time() - started < 0.5, "a million rows and three fields took 0.5 s when this was written"
