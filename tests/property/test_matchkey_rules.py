"""Whatever stands in a row: no platform gets the hash of nothing, and the short way to a number is the long one."""

import hashlib
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumitate.activation.matchkeys import RULE_SETS, RuleSet, match_keys, readable_keys
from kumitate.activation.matchkeys.contacts import e164, is_unassigned, looked_up, ordinary_japanese
from kumitate.errors import RecordError

NOTHING = hashlib.sha256(b"").hexdigest()
ANY = st.text(max_size=24)
JAPANESE = st.text(
    st.sampled_from(
        "0123456789０１２３４５６７８９+-ー－‐() 　\u200b\u00ad\u3164〒・山田髙橋ヤマダﾔﾏﾀﾞまつうら.@_#\U000e0100"
    ),
    max_size=24,
)
HASHES = st.binary(max_size=2).flatmap(
    lambda given: st.sampled_from(
        [
            hashlib.sha256(given).hexdigest(),
            hashlib.sha256(given).hexdigest().upper(),
            hashlib.md5(given, usedforsecurity=False).hexdigest(),
            f" {hashlib.sha256(given).hexdigest()}\n",
        ]
    )
)
VALUES = ANY | JAPANESE | HASHES | st.sampled_from(["", " ", "　", "null", "\ud800", "〒150-0001", "大阪市"])
NUMBERS = st.from_regex(r"\A(?:\+81[ -]?(?:\(0\))?|0)[1-9](?:[ -]?[0-9]){7,10}\Z")


def fields_of(rules: RuleSet) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(sorted(rules.fields), VALUES))


@pytest.mark.parametrize("rules", RULE_SETS.values(), ids=lambda rules: rules.name)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_platform_ever_gets_the_hash_of_nothing(rules: RuleSet, data: st.DataObject) -> None:
    fields = data.draw(fields_of(rules))
    keys = match_keys(rules, fields, country="JP")
    readable = readable_keys(rules, fields, country="JP").values
    assert keys.values.keys() == readable.keys() <= rules.rules.keys()
    for name, value in keys.values.items():
        assert value.strip()
        if name not in rules.plain:
            assert re.fullmatch("[0-9a-f]{64}", value)
            assert value != NOTHING
            given_hash = readable[name] == value
            assert given_hash or value == hashlib.sha256(readable[name].encode()).hexdigest()
        elif name not in rules.opaque:
            assert not re.fullmatch("[0-9a-fA-F]{64}", value)


@pytest.mark.parametrize("rules", RULE_SETS.values(), ids=lambda rules: rules.name)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_row_hashed_twice_is_the_row_hashed_once(rules: RuleSet, data: st.DataObject) -> None:
    once = match_keys(rules, data.draw(fields_of(rules)), country="JP").values
    hashed = {name: value for name, value in once.items() if name not in rules.plain and name != "country"}
    twice = match_keys(rules, hashed, country="JP").values
    assert {name: twice[name] for name in hashed} == hashed


@pytest.mark.parametrize("rules", RULE_SETS.values(), ids=lambda rules: rules.name)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_field_that_is_absent_says_as_much_as_an_empty_one(rules: RuleSet, data: st.DataObject) -> None:
    row = data.draw(fields_of(rules))
    assert match_keys(rules, {**dict.fromkeys(rules.fields), **row}, country="JP") == match_keys(
        rules, row, country="JP"
    )


@settings(max_examples=150, deadline=None)
@given(st.from_regex(r"\+81[5-9]0[0-9]{8}", fullmatch=True), st.sampled_from(["JP", "US"]))
def test_a_mobile_as_it_is_wanted_is_what_the_worlds_plans_make_of_it(written: str, country: str) -> None:
    try:
        number = looked_up(written, country)
    except RecordError:
        with pytest.raises(RecordError):
            e164(written, country)
    else:
        assert e164(written, country) == number == written


@settings(max_examples=150, deadline=None)
@given(NUMBERS, st.sampled_from(["JP", "US", "DE"]))
def test_the_short_way_to_a_japanese_number_is_the_long_one(written: str, country: str) -> None:
    short = ordinary_japanese(written, country)
    if short:
        assert looked_up(written, country) == short


@settings(max_examples=300, deadline=None)
@given(st.integers(10**8, 10**11))
def test_every_number_that_is_ordinary_is_one_by_the_worlds_plans(national: int) -> None:
    canonical = f"+81{national}"
    short = ordinary_japanese(canonical, "JP")
    if short:
        assert looked_up(canonical, "JP") == short == canonical


@settings(max_examples=150, deadline=None)
@given(st.sampled_from("5679"), st.integers(0, 10**7 - 1), st.sampled_from(["+81", "0"]))
def test_a_number_refused_without_a_look_is_refused_with_one(kind: str, rest: int, prefix: str) -> None:
    written = f"{prefix}{kind}00{rest:07d}"
    assert is_unassigned(written, "JP")
    with pytest.raises(RecordError):
        looked_up(written, "JP")


def test_a_number_that_somebody_may_have_is_looked_at() -> None:
    assert not any(is_unassigned(written, "JP") for written in ("0800-123-4567", "090-1234-5678", "03-1234-5678", "7"))
    assert not is_unassigned("0900123456", "US")


def test_most_japanese_numbers_take_the_short_way() -> None:
    found = [ordinary_japanese(f"0{prefix}-1234-5678", "JP") for prefix in ("90", "80", "70", "50", "3", "6")]
    assert all(found)
    assert not ordinary_japanese("0120-123-456", "JP")
    with pytest.raises(RecordError):
        looked_up("090-0123-4567", "JP")
    assert not ordinary_japanese("090-0123-4567", "JP")
