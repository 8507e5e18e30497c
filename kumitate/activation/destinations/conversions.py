"""What a conversion says of itself: when it happened, and what it was worth."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kumitate.errors import RecordError

TIME_INVALID = "event.time_invalid"
VALUE_INVALID = "event.value_invalid"
CURRENCY_INVALID = "event.currency_invalid"
_CURRENCY = re.compile("[A-Z]{3}")


def moment(fields: Mapping[str, Any]) -> datetime:
    """`event_time` in UTC; RecordError where there is none, or none with its zone."""
    given = fields.get("event_time")
    try:
        at = given if isinstance(given, datetime) else datetime.fromisoformat(str(given))
    except ValueError:
        raise RecordError(TIME_INVALID) from None
    if at.tzinfo is None:
        raise RecordError(TIME_INVALID)
    return at.astimezone(UTC)


def moment_of(fields: Mapping[str, Any]) -> datetime | None:
    """The same, None where it cannot be used."""
    try:
        return moment(fields)
    except RecordError:
        return None


def worth(fields: Mapping[str, Any]) -> float | None:
    """`value` as a number, None where the conversion has none; RecordError where it is something else."""
    given = fields.get("value")
    if given is None or given == "":
        return None
    try:
        value = float(given)
    except (TypeError, ValueError):
        raise RecordError(VALUE_INVALID) from None
    if not math.isfinite(value):
        raise RecordError(VALUE_INVALID)
    return value


def currency(fields: Mapping[str, Any], otherwise: str) -> str:
    """ISO 4217 in capitals: the row's, else `otherwise`; RecordError where it is none, for it would spoil a request."""
    given = str(fields.get("currency") or otherwise).strip().upper()
    if not _CURRENCY.fullmatch(given):
        raise RecordError(CURRENCY_INVALID, "currency")
    return given
