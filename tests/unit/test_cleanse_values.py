"""What becomes of texts, numbers, dates and times: tables that a reader can check by hand."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from harness.cleansing import outcome, parts, rule
from kumitate.cleanse.eras import ERAS
from kumitate.cleanse.rules import WAYS, column_cleanser
from kumitate.config.source import Semantic


def test_every_semantic_has_a_way_to_be_cleansed() -> None:
    assert set(WAYS) == set(Semantic)


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
        ("\u3000\u200b", "text.invisible"),
    ],
)
def test_text(given: str, clean: str | None) -> None:
    assert outcome(Semantic.TEXT, given) == clean


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
    assert outcome(Semantic.DECIMAL, given) == clean


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
    assert outcome(Semantic.INTEGER, given) == clean


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
        ("R.3.4.1", date(2021, 4, 1)),
        ("令和三年四月二十一日", date(2021, 4, 21)),
        ("昭和五十五年十二月三十一日", date(1980, 12, 31)),
        ("二〇一一年一〇月五日", date(2011, 10, 5)),
        ("2011−01−05", date(2011, 1, 5)),
        ("平成三十一年五月一日", "date.invalid"),
        ("2011-01-05 23:30:00", date(2011, 1, 5)),
        ("2011-01-05T20:00:00Z", date(2011, 1, 6)),
        ("", None),
        ("20110231", "date.invalid"),
        ("2012/2/29", date(2012, 2, 29)),
        ("令和99年1月1日", "date.invalid"),
        ("昭和64年1月8日", "date.invalid"),
        ("平成31年5月1日", "date.invalid"),
        ("明治5年12月1日", "date.invalid"),
        ("令和0年5月1日", "date.invalid"),
        ("2011-02-29", "date.invalid"),
        ("2011-1/5", "date.invalid"),
        ("0000-00-00", "date.invalid"),
        ("9999-12-31T23:59:59Z", "date.invalid"),
        ("9999-12-31T23:59:59+09:00", date(9999, 12, 31)),
        ("0001-01-01T00:00:00+14:00", "date.invalid"),
        ("yesterday", "date.invalid"),
    ],
)
def test_date(given: str, clean: Any) -> None:
    assert outcome(Semantic.DATE, given) == clean


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("1980-01-02", date(1980, 1, 2)),
        ("S55.1.2", date(1980, 1, 2)),
        ("2026-11-22", date(2026, 11, 22)),
        ("2026-11-23", "birthdate.future"),
        ("3000/1/1", "birthdate.future"),
        ("1896-11-22", date(1896, 11, 22)),
        ("1896-11-21", "birthdate.too_old"),
        ("0000-00-00", "birthdate.invalid"),
        ("", None),
    ],
)
def test_birthdate_on_22_november_2026(given: str, clean: Any) -> None:
    assert outcome(Semantic.BIRTHDATE, given) == clean


def test_130_years_before_a_leap_day_may_be_no_leap_day() -> None:
    assert outcome(Semantic.BIRTHDATE, "1898-03-01", as_of=date(2028, 2, 29)) == date(1898, 3, 1)
    assert outcome(Semantic.BIRTHDATE, "1898-02-28", as_of=date(2028, 2, 29)) == "birthdate.too_old"


@pytest.mark.parametrize(
    ("given", "clean", "currency"),
    [
        ("¥1,234円", Decimal(1234), "JPY"),
        ("￥１，２３４-", Decimal(1234), "JPY"),
        ("3万円", Decimal(30000), "JPY"),
        ("USD 5", Decimal(5), "USD"),
        ("5.50 €", Decimal("5.5"), "EUR"),
        ("△50", Decimal(-50), None),
        ("(50)", Decimal(-50), None),
        ("-¥50", Decimal(-50), "JPY"),
        ("1234.5", Decimal("1234.5"), None),
        ("1.234,56 €", "money.invalid", None),
        ("3万5千円", Decimal("35000"), "JPY"),
        ("1億2,000万円", Decimal("120000000"), "JPY"),
        ("▲1.5万", Decimal("-15000"), None),
        ("3千万円", Decimal("30000000"), "JPY"),
        ("¥1,000.-", Decimal(1000), "JPY"),
        ("500.-", Decimal(500), None),
        ("1,234.56-", "money.invalid", None),  # of SAP: less than nothing
        ("500-", "money.invalid", None),
        ("5万3億", "money.invalid", None),
        ("1,5万円", "money.invalid", None),
        ("5 円 $", "money.invalid", None),
        ("five", "money.invalid", None),
    ],
)
def test_money(given: str, clean: Any, currency: str | None) -> None:
    assert outcome(Semantic.MONEY, given) == clean
    assert parts(Semantic.MONEY, given, "currency") == (currency,)


def test_a_decimal_comma_is_read_where_it_is_declared() -> None:
    declared = ("1.234,56",)
    assert outcome(Semantic.MONEY, "1.234,56 €", formats=declared) == Decimal("1234.56")
    assert outcome(Semantic.DECIMAL, "1.234", formats=declared) == Decimal(1234)
    assert outcome(Semantic.MONEY, "3万円", formats=declared) == Decimal(30000)
    assert outcome(Semantic.MONEY, "1,5万円", formats=declared) == "money.invalid"
    assert outcome(Semantic.DECIMAL, "1.234") == Decimal("1.234")


def test_a_dollar_and_a_yen_sign_are_of_the_columns_country() -> None:
    assert parts(Semantic.MONEY, "$5", "currency", country="AU") == ("AUD",)
    assert parts(Semantic.MONEY, "$5", "currency", country="JP") == ("USD",)
    assert parts(Semantic.MONEY, "¥5", "currency", country="CN") == ("CNY",)


def test_free_text_keeps_its_lines_and_its_emoji() -> None:
    assert outcome(Semantic.FREE_TEXT, " a\r\n㈱  b\r\n\r\n👩\u200d👧 ") == "a\n(株) b\n\n👩\u200d👧"


def test_a_field_of_ten_megabytes_is_refused_and_its_neighbours_are_not() -> None:
    huge = "x" * 10_000_000
    for semantic in (Semantic.TEXT, Semantic.NAME, Semantic.EMAIL, Semantic.FREE_TEXT):
        assert outcome(semantic, huge) == f"{semantic}.too_long"
    column = column_cleanser(rule(Semantic.TEXT))(pa.array(["a", huge, "b"]))
    assert column.values.to_pylist() == ["a", None, "b"]


def test_an_identifier_is_no_list_and_no_object() -> None:
    assert outcome(Semantic.ID, '["a", "b"]') == "id.several"
    assert outcome(Semantic.ID, '{"id": 1}') == "id.several"
    assert outcome(Semantic.ID, "［a］") == "id.several"
    assert outcome(Semantic.ID, "a[1") == "a[1"


def test_an_all_null_column_stays_null_without_a_reason() -> None:
    for semantic in Semantic:
        column = column_cleanser(rule(semantic))(pa.nulls(3, pa.string()))
        assert (column.values.null_count, column.reasons.null_count) == (3, 3)


def test_declared_formats_go_first() -> None:
    assert outcome(Semantic.DATE, "03/04/2011", formats=("%d/%m/%Y",)) == date(2011, 4, 3)
    assert outcome(Semantic.DATE, "2011-04-03", formats=("%d/%m/%Y",)) == date(2011, 4, 3)


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
        ("2011年1月5日 午後8時26分", datetime(2011, 1, 5, 11, 26)),
        ("2011/1/5 12:26 AM", datetime(2011, 1, 4, 15, 26)),
        ("2011/1/5 12:26 PM", datetime(2011, 1, 5, 3, 26)),
        ("2011/1/5 13:26 PM", "timestamp.invalid"),
        ("2010-12-01 24:00", "timestamp.invalid"),
        ("2010-12-01 8h", "timestamp.invalid"),
        ("0001-01-01", "timestamp.invalid"),
        ("令和99年1月1日", "timestamp.invalid"),
    ],
)
def test_timestamp(given: str, clean: Any) -> None:
    assert outcome(Semantic.TIMESTAMP, given) == clean


def test_a_local_time_follows_the_zone_through_the_year() -> None:
    assert outcome(Semantic.TIMESTAMP, "2011-01-05 12:00", timezone="Europe/London") == datetime(2011, 1, 5, 12)
    assert outcome(Semantic.TIMESTAMP, "2011-07-05 12:00", timezone="Europe/London") == datetime(2011, 7, 5, 11)


def test_every_day_of_an_era_is_in_it_and_the_day_before_is_not() -> None:
    for era in ERAS:
        day = f"{era.names[0]}{era.first.year - era.first_year + 1}年{era.first.month}月{era.first.day}日"
        assert outcome(Semantic.DATE, day) == era.first
        last = f"{era.names[0]}{era.last.year - era.first_year + 1}年{era.last.month}月{era.last.day}日"
        assert outcome(Semantic.DATE, last) == era.last
