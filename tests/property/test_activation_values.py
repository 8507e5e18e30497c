"""Whatever stands in a profile: fields are JSON that says the same, match keys are never the hash of nothing."""

import hashlib
import json
import math
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumitate.activation.matchkeys import GOOGLE_DATA_MANAGER_V1, META_V26, RuleSet, match_keys
from kumitate.activation.templates import parse_template, render_json, render_text

ALONE = parse_template("{it}")
TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
DECIMALS = st.decimals(Decimal(-(10**13)), Decimal(10**13), places=4)
KINDS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "text": (pa.string(), TEXT),
    "integer": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "decimal": (pa.decimal128(18, 4), DECIMALS),
    "double": (pa.float64(), st.floats()),
    "boolean": (pa.bool_(), st.booleans()),
    "date": (pa.date32(), st.dates()),
    "list": (pa.list_(pa.string()), st.lists(TEXT, max_size=4)),
}
JAPANESE = st.text(st.sampled_from("0123456789０１２３４５６７８９+-ー－‐() 　〒・山田髙ヤマダﾔﾏﾀﾞa.b@"), max_size=24)
NOTHING = hashlib.sha256(b"").hexdigest()


def column(type_: pa.DataType, values: list[Any]) -> pa.RecordBatch:
    return pa.record_batch({"it": pa.array(values, type_)})


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_value_rendered_as_json_says_the_same_or_null(kind: str, data: st.DataObject) -> None:
    type_, strategy = KINDS[kind]
    values = data.draw(st.lists(st.none() | strategy, min_size=1, max_size=6))
    tokens = render_json(ALONE, column(type_, values)).to_pylist()
    for value, token in zip(values, tokens, strict=True):
        found = json.loads(token, parse_float=Decimal, parse_int=Decimal)
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            assert found is None
        elif isinstance(value, date | datetime):
            assert found == value.isoformat()
        elif isinstance(value, float):
            assert float(found) == value
        else:
            assert found == value
    assert len(set(tokens)) <= len({repr(value) for value in values})


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=5))
def test_a_text_template_is_its_parts_in_turn(values: list[str]) -> None:
    rendered = render_text(parse_template("<{it}|{it}>{{}}"), column(pa.string(), values), missing="")
    assert rendered.to_pylist() == [f"<{value}|{value}>{{}}" for value in values]


@pytest.mark.parametrize("rules", [GOOGLE_DATA_MANAGER_V1, META_V26], ids=lambda rules: rules.name)
@settings(max_examples=150, deadline=None)
@given(fields=st.fixed_dictionaries({}, optional=dict.fromkeys(sorted(META_V26.rules), TEXT | JAPANESE)))
def test_every_match_key_is_a_hash_of_something_or_a_reason(rules: RuleSet, fields: dict[str, str]) -> None:
    keys = match_keys(rules, fields, country="JP")
    for name, value in keys.values.items():
        assert value
        if name not in rules.plain:
            assert re.fullmatch(r"[0-9a-f]{64}", value)
            assert value != NOTHING
    given_names = {name for name, value in fields.items() if value.strip() and name in rules.rules} | {"country"}
    assert set(keys.values) | set(keys.dropped) == given_names
    assert not set(keys.values) & set(keys.dropped)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["090", "080", "070"]), st.integers(10_000_000, 99_999_999))
def test_every_way_to_write_a_mobile_number_is_one_key(prefix: str, rest: int) -> None:
    head, tail = str(rest)[:4], str(rest)[4:]
    ways = [
        f"{prefix}{head}{tail}",
        f"{prefix}-{head}-{tail}",
        f"{prefix} {head} {tail}",
        f"+81 {prefix[1:]}-{head}-{tail}",
        f"+81(0){prefix[1:]}{head}{tail}",
        f"{prefix}ー{head}ー{tail}".translate(str.maketrans("0123456789", "０１２３４５６７８９")),
    ]
    for rules in (GOOGLE_DATA_MANAGER_V1, META_V26):
        assert len({match_keys(rules, {"phone": way}, country="JP").values.get("phone") for way in ways}) == 1
