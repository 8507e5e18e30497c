"""What becomes of texts, numbers, dates and times: tables that a reader can check by hand."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from kumitate.cleanse.eras import ERAS
from kumitate.cleanse.numbers import decimal, integer
from kumitate.cleanse.rules import CLEANSERS
from kumitate.cleanse.text import text
from kumitate.cleanse.times import cleanse_date, cleanse_timestamp
from kumitate.config.source import Semantic
from kumitate.errors import RecordError


def outcome(function: Any, *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except RecordError as error:
        return error.reason


def test_every_semantic_has_a_cleanser() -> None:
    assert set(CLEANSERS) == set(Semantic)


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        (" a \t b\n c ", "a b c"),
        ("ＡＢＣ　１２３", "ABC 123"),
        ("ｶﾞｽ", "ガス"),
        ("㈱", "(株)"),
        ("か\u200b\u3099", "が"),
        ("葛\U000e0100城", "葛城"),
        ("a\x00\ufeffb", "ab"),
        ("", None),
        ("\u3000\u200b", None),
    ],
)
def test_text(given: str, clean: str | None) -> None:
    assert text(given) == clean


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("1,234.5", Decimal("1234.5000")),
        ("¥１，２３４", Decimal("1234.0000")),
        ("1,234円", Decimal("1234.0000")),
        ("▲50", Decimal("-50.0000")),
        ("(50)", Decimal("-50.0000")),
        ("-0.00005", Decimal("-0.0001")),
        ("1e-05", Decimal("0.0000")),
        (".5", Decimal("0.5000")),
        ("", None),
        ("nan", "decimal.invalid"),
        ("1.2.3", "decimal.invalid"),
        ("12,34", "decimal.invalid"),
        ("-", "decimal.invalid"),
        ("100000000000000", "decimal.invalid"),
        ("99999999999999.99999", "decimal.invalid"),
        ("1e400", "decimal.invalid"),
    ],
)
def test_decimal(given: str, clean: Any) -> None:
    assert outcome(decimal, given) == clean


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("17850", 17850),
        ("17850.0", 17850),
        ("−6", -6),
        ("５", 5),
        ("5.5", "integer.invalid"),
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", "integer.invalid"),
        ("six", "integer.invalid"),
    ],
)
def test_integer(given: str, clean: Any) -> None:
    assert outcome(integer, given) == clean


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("2011-12-09", date(2011, 12, 9)),
        ("2011/1/5", date(2011, 1, 5)),
        ("2011.1.5", date(2011, 1, 5)),
        ("20110105", date(2011, 1, 5)),
        ("２０１１年 1月 5日(水)", date(2011, 1, 5)),
        ("令和3年4月1日", date(2021, 4, 1)),
        ("令和元年5月1日", date(2019, 5, 1)),
        ("㋿3年4月1日", date(2021, 4, 1)),
        ("R3.4.1", date(2021, 4, 1)),
        ("s55/1/2", date(1980, 1, 2)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("大正元年7月30日", date(1912, 7, 30)),
        ("明治45.7.30", date(1912, 7, 30)),
        ("2011-01-05 23:30:00", date(2011, 1, 5)),
        ("2011-01-05T20:00:00Z", date(2011, 1, 6)),
        ("", None),
        ("令和99年1月1日", "date.invalid"),
        ("昭和64年1月8日", "date.invalid"),
        ("平成31年5月1日", "date.invalid"),
        ("明治5年12月1日", "date.invalid"),
        ("令和0年5月1日", "date.invalid"),
        ("2011-02-29", "date.invalid"),
        ("2011-1/5", "date.invalid"),
        ("0000-00-00", "date.invalid"),
        ("yesterday", "date.invalid"),
    ],
)
def test_date(given: str, clean: Any) -> None:
    assert outcome(cleanse_date, given, (), "Asia/Tokyo") == clean


def test_declared_formats_go_first() -> None:
    assert cleanse_date("03/04/2011", ("%d/%m/%Y",), "UTC") == date(2011, 4, 3)
    assert cleanse_date("2011-04-03", ("%d/%m/%Y",), "UTC") == date(2011, 4, 3)


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("2010-12-01 08:26:00", datetime(2010, 11, 30, 23, 26)),
        ("2010-12-01 08:26:00.123456789", datetime(2010, 11, 30, 23, 26, 0, 123000)),
        ("2010-12-01T08:26:00.1239Z", datetime(2010, 12, 1, 8, 26, 0, 123000)),
        ("2010-12-01T08:26Z", datetime(2010, 12, 1, 8, 26)),
        ("2010-12-01T08:26:00-05:30", datetime(2010, 12, 1, 13, 56)),
        ("2010-12-01 17:26:00.000000+0900", datetime(2010, 12, 1, 8, 26)),
        ("20101201T082600Z", datetime(2010, 12, 1, 8, 26)),
        ("2011年1月5日 8時26分", datetime(2011, 1, 4, 23, 26)),
        ("2011/1/5", datetime(2011, 1, 4, 15, 0)),
        ("2010-12-01 24:00", "timestamp.invalid"),
        ("2010-12-01 8h", "timestamp.invalid"),
        ("0001-01-01", "timestamp.invalid"),
        ("令和99年1月1日", "timestamp.invalid"),
    ],
)
def test_timestamp(given: str, clean: Any) -> None:
    assert outcome(cleanse_timestamp, given, (), "Asia/Tokyo") == clean


def test_a_local_time_follows_the_zone_through_the_year() -> None:
    assert cleanse_timestamp("2011-01-05 12:00", (), "Europe/London") == datetime(2011, 1, 5, 12)
    assert cleanse_timestamp("2011-07-05 12:00", (), "Europe/London") == datetime(2011, 7, 5, 11)


def test_every_day_of_an_era_is_in_it_and_the_day_before_is_not() -> None:
    for era in ERAS:
        day = f"{era.names[0]}{era.first.year - era.first_year + 1}年{era.first.month}月{era.first.day}日"
        assert cleanse_date(day, (), "UTC") == era.first
        last = f"{era.names[0]}{era.last.year - era.first_year + 1}年{era.last.month}月{era.last.day}日"
        assert cleanse_date(last, (), "UTC") == era.last
