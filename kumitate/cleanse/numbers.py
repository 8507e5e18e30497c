"""Numbers as people write them: 1,234 · １２３４ · ¥1,234 · ▲50 · (50)."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from kumitate.cleanse.text import text
from kumitate.errors import RecordError

_CURRENCIES = "¥￥$€£円"
_NEGATIVES = str.maketrans({"▲": "-", "△": "-", "−": "-", "‐": "-", "–": "-"})
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:[eE][-+]?\d{1,3})?")
_IN_BRACKETS = re.compile(r"\((.*)\)")
_FOURTH_PLACE = Decimal("0.0001")
_BIGINT = range(-(2**63), 2**63)


def decimal(value: str) -> Decimal | None:
    """A number of at most 14 digits before the point, rounded half up to four after it."""
    number = _number(value, "decimal.invalid")
    if number is None:
        return None
    if abs(number) >= 10**14:
        raise RecordError("decimal.invalid")
    rounded = number.quantize(_FOURTH_PLACE, ROUND_HALF_UP)
    if abs(rounded) >= 10**14:
        raise RecordError("decimal.invalid")
    return rounded


def integer(value: str) -> int | None:
    """A whole number of 64 bits; `5.0` is one, `5.5` is not."""
    number = _number(value, "integer.invalid")
    if number is None:
        return None
    if number != number.to_integral_value() or int(number) not in _BIGINT:
        raise RecordError("integer.invalid")
    return int(number)


def _number(value: str, reason: str) -> Decimal | None:
    plain = text(value)
    if plain is None:
        return None
    plain = plain.translate(_NEGATIVES)
    bracketed = _IN_BRACKETS.fullmatch(plain)
    plain = "-" + bracketed[1] if bracketed else plain
    plain = "".join(char for char in plain if char not in _CURRENCIES and char != " ")
    if not _NUMBER.fullmatch(plain):
        raise RecordError(reason)
    try:
        return Decimal(plain.replace(",", ""))
    except InvalidOperation:
        raise RecordError(reason) from None
