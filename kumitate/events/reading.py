"""A value of an event as the lake would read it, without the weight of the lake's cleansing.

The lake's readers know more notations (eras, kanji dates) and names more reasons; of what both read, they make the
same. What only the lake can read is no value here: a comparison with it is false.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from kumitate.errors import RecordError
from kumitate.events.plan import Field
from kumitate.readings.emails import read_email
from kumitate.readings.limits import limit_of
from kumitate.readings.reading import Reading
from kumitate.readings.says_none import SAYS_NONE
from kumitate.readings.text import TEXT_STEPS, read_id

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_EXACT_FLOATS = 2**53
LONGEST = 200
"""Characters of a text that a state keeps, and a fact tells."""

_WORDS = {
    True: "true t 1 yes y on はい 有 有り あり 可 同意 同意する ○ 〇 oui si ja",
    False: "false f 0 no n off いいえ 無 無し なし 不可 同意しない × x non nein",
}
_TRUTHS = {word: truth for truth, words in _WORDS.items() for word in words.split()}
_CURRENCIES = re.compile("[¥￥$€£円 ]")
_NEGATIVES = str.maketrans({"▲": "-", "△": "-", "−": "-", "‐": "-", "–": "-"})
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:[eE][-+]?\d{1,3})?")
_IN_BRACKETS = re.compile(r"\((.*)\)")
_DECIMAL_COMMA, _COMMA_FOR_POINT = "1.234,56", str.maketrans(".,", ",.")
_FOURTH_PLACE, _TOO_LARGE = Decimal("0.0001"), 10**14
_BIGINT = range(-(2**63), 2**63)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[-+]\d{2}(?::?\d{2})?)?)?", re.ASCII)


def at_path(event: Mapping[str, Any], path: str) -> Any:
    """What stands at `context.page.path`; a key may be spelt with its dots, too."""
    if path in event:
        return event[path]
    holder: Any = event
    for key in path.split("."):
        if not isinstance(holder, Mapping) or key not in holder:
            return None
        holder = holder[key]
    return holder


def read(value: Any, field: Field, zone: str) -> Any:
    """Text, int, Decimal, bool, ISO date or milliseconds since 1970, by the field's semantic; None for no value."""
    text = as_text(value)
    if text is None or len(text) > limit_of(field.semantic):
        return None
    plain = unified(text)
    if not plain:
        return None
    return _READERS.get(field.semantic, _text)(plain, field.formats, zone)


def text_of(reader: Callable[[str], Reading], text: str, semantic: str) -> str | None:
    """What the lake's own reader makes of it; None where that is nothing, or cannot be used."""
    if len(text) > limit_of(semantic):
        return None
    try:
        found: str | None = reader(text).value
    except RecordError:
        return None
    return None if not found or found in SAYS_NONE.get(semantic, ()) else found


def as_text(value: Any) -> str | None:
    """A JSON value as the lake takes it in: every value is text first."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_FLOATS:
        return str(int(value))
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def unified(text: str) -> str:
    """Compatibility forms unified, invisible characters gone, blanks single."""
    for _, step in TEXT_STEPS:
        text = step(text)
    return text


def milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // _MILLISECOND


def moment_at(ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=ms)


def kept(value: Any, semantic: str) -> Any:
    """A value that was read, as a state and a fact hold it: a decimal as a number, a time as ISO 8601, short text."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if semantic == "timestamp" and value is not None:
        return moment_at(value).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value[:LONGEST] if isinstance(value, str) else value


def _text(plain: str, _: tuple[str, ...], __: str) -> str:
    return plain


def _id(plain: str, _: tuple[str, ...], __: str) -> str | None:
    return text_of(read_id, plain, "id")


def _email(plain: str, _: tuple[str, ...], __: str) -> str | None:
    return text_of(read_email, plain, "email")


def _integer(plain: str, _: tuple[str, ...], __: str) -> int | None:
    number = _number(plain)
    if number is None or number != number.to_integral_value() or int(number) not in _BIGINT:
        return None
    return int(number)


def _decimal(plain: str, formats: tuple[str, ...], _: str) -> Decimal | None:
    number = _number(plain.translate(_COMMA_FOR_POINT) if _DECIMAL_COMMA in formats else plain)
    if number is None or abs(number) >= _TOO_LARGE:
        return None
    rounded = number.quantize(_FOURTH_PLACE, ROUND_HALF_UP)
    return rounded if abs(rounded) < _TOO_LARGE else None


def _number(plain: str) -> Decimal | None:
    plain = plain.translate(_NEGATIVES)
    bracketed = _IN_BRACKETS.fullmatch(plain)
    plain = _CURRENCIES.sub("", "-" + bracketed[1] if bracketed else plain)
    if not _NUMBER.fullmatch(plain):
        return None
    try:
        return Decimal(plain.replace(",", ""))
    except InvalidOperation:
        return None


def _boolean(plain: str, _: tuple[str, ...], __: str) -> bool | None:
    return _TRUTHS.get(plain.lower())


def _timestamp(plain: str, formats: tuple[str, ...], zone: str) -> int | None:
    found = _time(plain, formats)
    if found is None:
        return None
    try:
        ms = milliseconds(found if found.tzinfo else found.replace(tzinfo=_zone(zone)))
        moment_at(ms)  # in UTC it may be of a year that no calendar has
    except OverflowError:
        return None
    return ms


def _date(plain: str, formats: tuple[str, ...], zone: str) -> str | None:
    found = _time(plain, formats)
    if found is None:
        return None
    try:
        day: date = found.astimezone(_zone(zone)).date() if found.tzinfo else found.date()
    except OverflowError:
        return None
    return day.isoformat()


def _time(plain: str, formats: tuple[str, ...]) -> datetime | None:
    for format_ in formats:
        try:
            return datetime.strptime(plain, format_)
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(plain) if _ISO.fullmatch(plain) else None
    except ValueError:
        return None


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


_READERS: Mapping[str, Callable[[str, tuple[str, ...], str], Any]] = {
    "id": _id,
    "email": _email,
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "timestamp": _timestamp,
    "date": _date,
}
