"""Cleansing what is clean changes nothing, no text breaks it, and a column is what its values are one by one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cleansing import rule
from kumitate.cleanse.reasons import REASONS
from kumitate.cleanse.rules import cleanser, column_cleanser, way_of
from kumitate.config.source import Semantic
from kumitate.errors import RecordError

FRAGMENTS = (
    "山田", "髙橋", "𠮷田", "㐂", "太郎", "丁目", "番地", "号", "一", "十", "1", "２", "-", "ー", "ｰ", "の", " ",
    "・", "、", "\u3000", "様", "さん", "殿", "先生", "株式会社", "(株)", "㈱", "カ)", "Co., Ltd.", "Inc", "KG", ",",
    ".", "@", "example", ".com", "ｶ", "ﾞ", "゛", "か", "やまだ", "ヤマダ", "\u200b", "\u3099", "令和", "年", "月",
    "日", "+81", "090", "/", "(", ")", "¥", "円", "USD", "▲", "e", "00", "true", "T", ":", "Z", "{", '"', "}", "[",
    "]", "東京都", "町", "室", "´", "’", "O", "Brien", "Dr", "Mr. ", "é", "ß", "ſ", "\u212a", "😀", "日本語", ".jp",
    "https://", "www.", "<", ">", "mailto:", "2011", "-01", "02", "29", "08:26", ":00", "+09:00", "ja", "_JP",
    "1,234", " Pty", " Ltd", "& Co", "【株】", "カブシキガイシャ", "公司", "女士", "님", "万", "千", "午後", "−",
    ".0", "(母)",
)  # fmt: skip

digits = st.text("0123456789", min_size=5, max_size=9)
phones = st.builds(
    lambda start, rest, mark, place: f"{start}{rest[:place]}{mark}{rest[place:]}",
    st.sampled_from(("090", "03", "0120", "+8190", "+81 0", "81", "0081", "１", "+1", "060")),
    digits,
    st.sampled_from(("", "-", "ー", " ", "(", "．")),
    st.integers(0, 5),
)
days = st.builds(
    lambda year, month, day, shape: shape.format(year, month, day),
    st.sampled_from((999, 1868, 1899, 1912, 1989, 2011, 2012, 2026, 3000)),
    st.integers(0, 13),
    st.integers(0, 32),
    st.sampled_from(("{}-{:02}-{:02}", "{}/{}/{}", "{}/{:02}/{:02}", "{}年{}月{}日", "{}{:02}{:02}", "{}.{}-{}")),
)
moments = st.builds(
    lambda day, clock, zone: f"{day}{clock}{zone}",
    days,
    st.sampled_from(("", " 08:26", "T23:59:59", " 24:00", " 01:30:00.1239", " 8:26")),
    st.sampled_from(("", "Z", "+09:00", "-05:30", "+15:00", "+0900")),
)
fragments = st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join)
numbers = st.integers(-(10**20), 10**20).map(lambda number: f"{number:,}") | st.decimals(allow_nan=False).map(str)
anything = st.text(max_size=20) | fragments
KINDS = {
    Semantic.PHONE: phones, Semantic.DATE: days, Semantic.BIRTHDATE: days, Semantic.TIMESTAMP: moments,
    Semantic.INTEGER: numbers, Semantic.DECIMAL: numbers, Semantic.MONEY: numbers,
}  # fmt: skip


def values_of(semantic: Semantic) -> st.SearchStrategy[str]:
    return KINDS.get(semantic, anything) | anything


def cleanse(semantic: Semantic, value: str) -> Any:
    return cleanser(rule(semantic))(value)


@pytest.mark.parametrize("semantic", Semantic)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_twice_is_once(semantic: Semantic, data: st.DataObject) -> None:
    try:
        once = cleanse(semantic, data.draw(values_of(semantic)))
    except RecordError:
        return
    if once is None:
        return
    assert once != ""
    again = f"{once}Z" if semantic is Semantic.TIMESTAMP else str(once)
    assert cleanse(semantic, again) == once


def agree(semantic: Semantic, values: list[str | None]) -> None:
    column = column_cleanser(rule(semantic))(pa.array(values, pa.string()))
    readings = [way_of(rule(semantic)).reading(value) for value in values]
    assert column.values.to_pylist() == [reading.value for reading in readings]
    assert column.reasons.to_pylist() == [" ".join(reading.codes) or None for reading in readings]
    assert {code for reading in readings for code in reading.codes} <= set(REASONS)


@pytest.mark.parametrize("semantic", Semantic)
@settings(max_examples=3, deadline=None)
@given(data=st.data())
def test_a_column_is_what_its_values_are_one_by_one(semantic: Semantic, data: st.DataObject) -> None:
    agree(semantic, data.draw(st.lists(values_of(semantic) | st.none(), max_size=20)))


@pytest.mark.slow
@pytest.mark.parametrize("semantic", [Semantic.NAME, Semantic.KANA, Semantic.COMPANY])
def test_a_column_of_single_characters_is_what_they_are_one_by_one(semantic: Semantic) -> None:
    agree(semantic, [chr(code) for code in range(1, 0x11000) if not 0xD800 <= code <= 0xDFFF])


@pytest.mark.slow
@pytest.mark.parametrize("semantic", Semantic)
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_many_columns_are_what_their_values_are_one_by_one(semantic: Semantic, data: st.DataObject) -> None:
    agree(semantic, data.draw(st.lists(values_of(semantic) | st.none(), max_size=40)))


@pytest.mark.parametrize("country", ["JP", "FR", "GB", "US", "CA", "DE"])
@settings(max_examples=5, deadline=None)
@given(values=st.lists(phones | digits.map(lambda each: f"0{each}"), min_size=1, max_size=40))
def test_phones_are_read_alike_by_pattern_and_by_library(country: str, values: list[str]) -> None:
    asked = rule(Semantic.PHONE, country=country)
    column = column_cleanser(asked)(pa.array(values))
    assert column.values.to_pylist() == [way_of(asked).reading(value).value for value in values]


FORMATS = (("%d/%m/%Y",), ("%m/%d/%Y", "%d/%m/%Y"), ("%Y-%d-%m",), ("%Y%m%d",), ("%d%m%Y",), ("%Y年%m月%d日",))


@pytest.mark.parametrize("formats", FORMATS)
@settings(max_examples=5, deadline=None)
@given(values=st.lists(days | st.dates().map(lambda day: f"{day:%d/%m/%Y}"), min_size=1, max_size=40))
def test_declared_formats_are_read_alike_by_pattern_and_by_library(formats: tuple[str, ...], values: list[str]) -> None:
    asked = rule(Semantic.DATE, formats=formats)
    column = column_cleanser(asked)(pa.array(values))
    readings = [way_of(asked).reading(value) for value in values]
    assert column.values.to_pylist() == [reading.value for reading in readings]
    assert column.reasons.to_pylist() == [" ".join(reading.codes) or None for reading in readings]


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe"])
@settings(max_examples=5, deadline=None)
@given(hours=st.lists(st.integers(-600_000, 700_000), min_size=1, max_size=40))
def test_local_times_are_read_alike_on_days_when_clocks_change(zone: str, hours: list[int]) -> None:
    asked = rule(Semantic.TIMESTAMP, timezone=zone)
    start = date(1970, 1, 1)
    values = [f"{start + timedelta(days=hour // 24)} {hour % 24:02}:30:00" for hour in hours]
    column = column_cleanser(asked)(pa.array(values))
    assert column.values.to_pylist() == [way_of(asked).reading(value).value for value in values]


@pytest.mark.parametrize("share", [1, 4000])
def test_a_column_of_distinct_values_and_one_of_few_are_cleansed_alike(share: int) -> None:
    values = [f"090-{1000 + number % share}-{number % 7:04}" if number % 3 else None for number in range(4000)]
    column = column_cleanser(rule(Semantic.PHONE, parts=("country",)))(pa.array(values))
    assert column.values.to_pylist() == [value and "+81" + value[1:].replace("-", "") for value in values]
    assert column.reasons.to_pylist() == [value and "e164" for value in values]
    assert column.parts["country"].to_pylist() == [value and "JP" for value in values]


@given(st.dates())
def test_any_date_is_read_back(day: Any) -> None:
    assert cleanse(Semantic.DATE, day.isoformat()) == day


@given(st.integers(-(2**63), 2**63 - 1))
def test_any_bigint_is_read_back(number: int) -> None:
    assert cleanse(Semantic.INTEGER, f"{number:,}") == number
