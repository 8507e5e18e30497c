"""Numbers as people write them: 1,234 · １２３４ · ¥1,234 · ▲50 · (50)."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.columns import Shortcut
from kumitate.errors import RecordError
from kumitate.readings.reading import NOTHING, Reading, stepped
from kumitate.readings.text import TEXT_STEPS

DECIMAL_COMMA = "1.234,56"
"""Declared as a column's format: the comma stands before the decimals, points stand between thousands."""

_CURRENCIES = "¥￥$€£円"
_NEGATIVES = str.maketrans({"▲": "-", "△": "-", "−": "-", "‐": "-", "–": "-"})
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:[eE][-+]?\d{1,3})?")
_PLAIN = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?")
_IN_BRACKETS = re.compile(r"\((.*)\)")
_COMMA_FOR_POINT = str.maketrans(".,", ",.")
_FOURTH_PLACE = Decimal("0.0001")
_TOO_LARGE = 10**14
_BIGINT = range(-(2**63), 2**63)


def read_decimal(value: str, formats: tuple[str, ...] = ()) -> Reading:
    """A number of at most 14 digits before the point, rounded half up to four after it."""
    reading = stepped(value, TEXT_STEPS)
    return as_decimal(reading, formats, "decimal.invalid") if reading.value else NOTHING


def as_decimal(text: Reading, formats: tuple[str, ...], reason: str) -> Reading:
    """What `read_decimal` gives, of a unified text that holds something."""
    number, codes = _number(text, formats, reason)
    if abs(number) >= _TOO_LARGE:
        raise RecordError(reason)
    rounded = number.quantize(_FOURTH_PLACE, ROUND_HALF_UP)
    if abs(rounded) >= _TOO_LARGE:
        raise RecordError(reason)
    return Reading(rounded, codes if rounded == number else (*codes, "precision"))


def read_integer(value: str) -> Reading:
    """A whole number of 64 bits; `5.0` is one, `5.5` is not."""
    reading = stepped(value, TEXT_STEPS)
    if not reading.value:
        return NOTHING
    number, codes = _number(reading, (), "integer.invalid")
    if number != number.to_integral_value() or int(number) not in _BIGINT:
        raise RecordError("integer.invalid")
    return Reading(int(number), codes)


def _number(text: Reading, formats: tuple[str, ...], reason: str) -> tuple[Decimal, tuple[str, ...]]:
    has_comma = DECIMAL_COMMA in formats
    plain = text.value.translate(_COMMA_FOR_POINT) if has_comma else text.value
    codes = text.codes if _PLAIN.fullmatch(plain) else (*text.codes, "notation")
    plain = plain.translate(_NEGATIVES)
    bracketed = _IN_BRACKETS.fullmatch(plain)
    plain = "-" + bracketed[1] if bracketed else plain
    plain = "".join(char for char in plain if char not in _CURRENCIES and char != " ")
    if not _NUMBER.fullmatch(plain):
        raise RecordError(reason)
    try:
        return Decimal(plain.replace(",", "")), codes
    except InvalidOperation:
        raise RecordError(reason) from None


PLAIN_DECIMAL = r"^-?[0-9]{1,14}(?:\.[0-9]{1,4})?$"
_GROUPED = r"^-?[1-9]\d{0,2}(?:,\d{3}){1,3}"


def without_commas(values: pa.Array) -> pa.Array:
    return pc.replace_substring(values, ",", "")


def _integers(values: pa.Array) -> pa.Array:
    return without_commas(values).cast(pa.int64())


def to_decimal(values: pa.Array) -> pa.Array:
    return values.cast(pa.decimal128(18, 4))


def _decimals(values: pa.Array) -> pa.Array:
    return to_decimal(without_commas(values))


INTEGER_SHORTCUTS = (
    Shortcut(r"^-?[0-9]{1,18}$", lambda values: values.cast(pa.int64())),
    Shortcut(rf"{_GROUPED}$", _integers, "notation"),
)
DECIMAL_SHORTCUTS = (
    Shortcut(PLAIN_DECIMAL, to_decimal),
    Shortcut(rf"{_GROUPED}(?:\.[0-9]{{1,4}})?$", _decimals, "notation"),
)
"""For columns with a decimal point."""
