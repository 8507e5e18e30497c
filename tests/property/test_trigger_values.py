"""What real time reads of an event is what the lake's cleansing makes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kumitate.cleanse.rules import Rule, cleanser
from kumitate.config.source import Semantic
from kumitate.errors import RecordError
from kumitate.events.identifiers import normalised
from kumitate.events.plan import Field
from kumitate.events.reading import kept, milliseconds, read
from kumitate.model.realtime import READABLE

ODD = st.text(
    st.one_of(
        st.sampled_from("aZ09@.,-+ ()<>\u3000\u200b\u200d\ufe0fＡｚ９＠．。・ﾀﾛｳがか\u3099é\u0301ß㈱\x1f\t\n[]{}▲¥年"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=24,
)
EMAILS = st.builds(
    "{}{}@{}{}".format,
    st.sampled_from(("", " ", "Taro <", "mailto:", "＜")),
    st.text(st.sampled_from("aBｃ.+_-９ "), min_size=1, max_size=8),
    st.sampled_from(
        ("example.co.jp", "Ｅxample.COM", "日本語.jp", "shop。jp", "bücher.example", "x", "straße.example")
    ),
    st.sampled_from(("", ">", " ", ";", ".")),
)
NUMBERS = st.one_of(
    st.text(st.sampled_from("0123456789,.-+eE１２，．▲¥ ()"), max_size=12),
    st.decimals(allow_nan=False, allow_infinity=False, places=5, min_value=-(10**15), max_value=10**15).map(str),
)
TIMES = st.one_of(
    st.datetimes(min_value=datetime(1900, 1, 1)).map(lambda at: at.isoformat() + "Z"),
    st.datetimes(min_value=datetime(1900, 1, 1)).map(lambda at: at.isoformat(" ")),
    st.datetimes(min_value=datetime(1900, 1, 1)).map(lambda at: at.isoformat(timespec="milliseconds") + "+09:00"),
    st.sampled_from(("2026-02-30T00:00:00Z", "2026-03-01", "２０２６-03-01T01:02:03Z", "2026-03-01T25:00:00Z", "")),
)
WORDS = st.sampled_from(("true", "FALSE", "はい", "Yes", "１", "0", "on", "maybe", "", " t ", "〇"))


def lake(semantic: str, value: str, *, country: str = "JP") -> Any:
    """What the lake has of it; None where it cannot use it."""
    try:
        found = cleanser(Rule("it", Semantic(semantic), (), country, "Asia/Tokyo"))(value)
    except RecordError:
        return None
    if isinstance(found, datetime):
        return milliseconds(found.replace(tzinfo=UTC))
    return found if found is None or isinstance(found, str | int | bool | Decimal) else found.isoformat()


@pytest.mark.parametrize("semantic", ["text", "id"])
@given(value=ODD)
@example("[]")
@example("e\u200d\u0301")
@example("NULL")
@example(" 不明\u200b")
@example("x" * 1_001)
@settings(max_examples=25, deadline=None)
def test_texts_and_ids_are_the_lakes(semantic: str, value: str) -> None:
    assert read(value, Field("it", semantic), "Asia/Tokyo") == lake(semantic, value)


@pytest.mark.parametrize(
    ("semantic", "values"),
    [("integer", NUMBERS), ("decimal", NUMBERS), ("boolean", WORDS), ("timestamp", TIMES), ("date", TIMES)],
)
@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_numbers_words_and_iso_times_are_the_lakes(
    semantic: str, values: st.SearchStrategy[str], data: st.DataObject
) -> None:
    value = data.draw(values)
    assert read(value, Field("it", semantic), "Asia/Tokyo") == lake(semantic, value)


@pytest.mark.parametrize("written", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"])
def test_a_time_that_in_utc_is_of_no_calendars_year_is_no_value_and_ends_no_batch(written: str) -> None:
    assert lake("timestamp", written) is None
    assert kept(read(written, Field("it", "timestamp"), "Asia/Tokyo"), "timestamp") is None


@given(value=st.one_of(EMAILS, ODD))
@settings(max_examples=50, deadline=None)
def test_addresses_are_the_lakes(value: str) -> None:
    assert normalised(value, Field("it", "email"), country="JP") == lake("email", value)


PHONES = st.one_of(
    st.from_regex(
        r"(\+|00|\+81 ?\(0\)|0)?[1-9][0-9]{0,3}[- (][0-9]{2,4}[-) ][0-9]{3,4}( ?(x|内線|ext\.) ?[0-9]{2})?",
        fullmatch=True,
    ),
    st.text(st.sampled_from("+0123456789０９-－ー– ()（）.・〜内線携帯:TELx*#"), max_size=20),
    ODD,
)


@pytest.mark.parametrize("country", ["JP", "GB", "FR", "DE", "IT", "US", "KR"])
@given(value=PHONES)
@settings(max_examples=25, deadline=None)
def test_telephone_numbers_are_the_lakes(country: str, value: str) -> None:
    assert normalised(value, Field("it", "phone"), country=country) == lake("phone", value, country=country)


WRITTEN = (
    *("TEL:03-1234-5678", "電話03-1234-5678", "携帯：090-1234-5678", "tel 090-1234-5678", "(03)1234-5678"),
    *("03–1234–5678", "03―1234―5678", "090‑1234‑5678", "03ー1234ー5678", "03.1234.5678", "090・1234・5678"),
    *("090 1234 5678 (携帯)", "03-1234-5678（会社）", "03-1234-5678 内線12", "0312345678 ext. 5", "03-1234-5678(代)"),
    *("9012345678", "312345678", "81-90-1234-5678", "819012345678", "010-81-90-1234-5678", "0081-90-1234-5678"),
    *("0120-444-444", "0800-123-4567", "050-1234-5678", "0570-000-111", "04992-2-1111", "０９０１２３４５６７８。"),
    *("090-1234-567", "090-1234-56789", "03-1234-567", "0312345678,0312345679", "090-1234-5678 / 03-1234-5678"),
    *("110", "なし", "-", "", "00000000000", "+8109012345678", "+1 201 555 0123", "+82-10-1234-5678", "shop"),
)


@pytest.mark.parametrize("written", WRITTEN)
def test_telephone_numbers_as_people_in_japan_write_them_are_the_lakes(written: str) -> None:
    assert normalised(written, Field("it", "phone"), country="JP") == lake("phone", written)


def test_what_can_be_asked_in_real_time_is_a_meaning_of_columns() -> None:
    assert set(Semantic) >= READABLE
