"""Cleansing what is clean changes nothing, and no text breaks a cleanser."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumitate.cleanse.rules import CLEANSERS, Rule
from kumitate.config.source import Semantic
from kumitate.errors import RecordError

FRAGMENTS = (
    "山田", "髙橋", "丁目", "番地", "号", "一", "十", "1", "２", "-", "ー", "ｰ", "の", " ",
    "\u3000", "様", "株式会社", "(株)", "㈱", "Co., Ltd.", "Inc", ",", ".", "@", "example", ".com", "ｶ", "ﾞ",
    "゛", "か", "\u200b", "\u3099", "令和", "年", "月", "日", "+81", "090", "/", "(", ")", "¥",
    "▲", "e", "00", "true", "T", ":", "Z", "{", '"', "}", "東京都", "町", "室", "´",
)  # fmt: skip

anything = st.text(max_size=20) | st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join)


def cleanse(semantic: Semantic, value: str) -> Any:
    rule = Rule("x", semantic, (), "JP", "Asia/Tokyo")
    return CLEANSERS[semantic](rule)(value)


@pytest.mark.parametrize("semantic", Semantic)
@given(value=anything)
def test_twice_is_once(semantic: Semantic, value: str) -> None:
    try:
        once = cleanse(semantic, value)
    except RecordError:
        return
    if once is None:
        return
    assert once != ""
    again = f"{once}Z" if semantic is Semantic.TIMESTAMP else str(once)
    assert cleanse(semantic, again) == once


@given(st.dates())
def test_any_date_is_read_back(day: Any) -> None:
    assert cleanse(Semantic.DATE, day.isoformat()) == day


@given(st.integers(-(2**63), 2**63 - 1))
def test_any_bigint_is_read_back(number: int) -> None:
    assert cleanse(Semantic.INTEGER, f"{number:,}") == number
