"""Arrow's kernels write what the definition of a value's text says, and transforms keep every row."""

import json
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumitate.activation.mapping import in_one
from kumitate.activation.templates import parse_template, render_json
from kumitate.activation.values import json_of, text_of, texts, tokens
from kumitate.config.mapping import FieldMapping

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
MOMENTS = st.datetimes(datetime(1700, 1, 1), datetime(2260, 1, 1))
KINDS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "text": (pa.string(), TEXT),
    "integer": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "boolean": (pa.bool_(), st.booleans()),
    "date": (pa.date32(), st.dates()),
    "time": (pa.timestamp("us"), MOMENTS),
    "time with a zone": (pa.timestamp("us", "Asia/Tokyo"), MOMENTS.map(lambda each: each.replace(tzinfo=UTC))),
    "coarse time": (pa.timestamp("s"), MOMENTS.map(lambda each: each.replace(microsecond=0))),
    "money": (pa.decimal128(18, 4), st.decimals(Decimal(-(10**13)), Decimal(10**13), places=4)),
    "fine decimal": (pa.decimal128(38, 12), st.decimals(Decimal(-(10**9)), Decimal(10**9), places=12)),
    "whole decimal": (pa.decimal128(18, 0), st.integers(-(10**17), 10**17).map(Decimal)),
    "double": (pa.float64(), st.floats(allow_nan=False, allow_infinity=False)),
    "list": (pa.list_(pa.string()), st.lists(TEXT, max_size=3)),
}


def rendered(mapping: dict[str, Any], **columns: pa.Array) -> list[Any]:
    template = parse_template(FieldMapping.model_validate(mapping))
    return [json.loads(token) for token in render_json(template, pa.record_batch(columns)).to_pylist()]


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_kernels_write_what_the_definition_says(kind: str, data: st.DataObject) -> None:
    type_, strategy = KINDS[kind]
    values = data.draw(st.lists(st.none() | strategy, min_size=1, max_size=6))
    array = pa.array(values, type_)
    expected = [None if value is None else value for value in array.to_pylist()]
    assert texts(array).to_pylist() == [None if value is None else text_of(value) for value in expected]
    assert tokens(array).to_pylist() == [None if value is None else json_of(value) for value in expected]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.none() | TEXT, st.none() | TEXT, st.none() | TEXT), min_size=1, max_size=5), TEXT)
def test_parts_are_joined_row_by_row_without_those_that_are_missing(
    rows: list[tuple[str | None, ...]], between: str
) -> None:
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    expected = [between.join(part for part in row if part is not None) for row in rows]
    assert in_one(columns, between).to_pylist() == expected


@settings(max_examples=40, deadline=None)
@given(st.lists(st.none() | st.decimals(Decimal(-(10**13)), Decimal(10**13), places=4), min_size=1), st.integers(0, 6))
def test_numbers_are_rounded_half_away_from_zero_and_never_to_minus_zero(
    values: list[Decimal | None], decimals: int
) -> None:
    given_ = pa.array(values, pa.decimal128(18, 4))
    shown = rendered({"value": "{n}", "format": "number", "decimals": decimals, "thousands": ","}, n=given_)
    unit = Decimal(1).scaleb(-decimals)
    for value, text in zip(values, shown, strict=True):
        if value is None:
            assert text is None
        else:
            assert text == f"{value.quantize(unit, ROUND_HALF_UP) + 0:,f}"
            assert len(text.partition(".")[2]) == decimals


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.none() | TEXT, st.none() | st.integers(-9, 9)), min_size=1, max_size=5))
def test_objects_and_lists_hold_what_has_a_value_and_nothing_else(rows: list[tuple[str | None, int | None]]) -> None:
    mapping = {"object": {"a": "{t}", "b": {"list": ["{n}", {"value": "{t}"}]}}}
    columns = {
        "t": pa.array([text for text, _ in rows], pa.string()),
        "n": pa.array([number for _, number in rows], pa.int64()),
    }
    for (text, number), found in zip(rows, rendered(mapping, **columns), strict=True):
        listed = [each for each in (number, text) if each is not None]
        whole = {name: each for name, each in (("a", text), ("b", listed or None)) if each is not None}
        assert found == (whole or None)
