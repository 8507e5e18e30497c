"""Values as text and as JSON: the same for equal values, once per distinct value of a column."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

_NUMBERS = (bool, int, float, Decimal)


def distinct(array: pa.Array, function: Callable[[Any], Any], type_: pa.DataType | None = None) -> pa.Array:
    """`function` once per distinct value, as `type_` (text, unless given); null stays null."""
    made = type_ or pa.string()
    if pa.types.is_nested(array.type):
        return pa.array([None if value is None else function(value) for value in array.to_pylist()], made)
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    values = pa.array([None if value is None else function(value) for value in encoded.dictionary.to_pylist()], made)
    return values.take(encoded.indices)


def text_of(value: Any) -> str | None:
    """A value as people write it: `12.5`, `3`, `true`, `2026-01-31`, `a, b`; null for what is no number."""
    match value:
        case bool():
            return str(value).lower()
        case Decimal():
            return plain(value)
        case float():
            return plain(Decimal(repr(value))) if math.isfinite(value) else None
        case datetime():
            return _moment(value)
        case date():
            return value.isoformat()
        case list():
            return ", ".join(str(item) for item in value)
        case _:
            return str(value)


def json_of(value: Any) -> str | None:
    """A value as one JSON token, the same for equal values."""
    if isinstance(value, _NUMBERS):
        return text_of(value)
    if isinstance(value, date):
        return json.dumps(text_of(value))
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def plain(number: Decimal) -> str:
    """Without exponent and trailing zeros: `12.5000` is `12.5`."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _moment(value: datetime) -> str:
    plain = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return plain.isoformat(timespec="milliseconds") + "Z"
