"""When an event happened: the four timestamps of Segment, with the sender's clock set right.

timestamp = receivedAt - (sentAt - originalTimestamp), see Segment's common fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

FUTURE, PAST, SKEWED, UNREADABLE = "time.future", "time.past", "time.skewed", "time.unreadable"
_PLAUSIBLE_FROM = datetime(2000, 1, 1, tzinfo=UTC)
"""Clocks that were never set say 1970 or 1980."""
_TOLERANCE = timedelta(hours=1)
_SECONDS_UNTIL = 100_000_000_000
"""A larger number counts milliseconds: as seconds it would be the year 5138."""
_LONGEST = 64
"""Of a time as text: longer ones only waste space, in each event of a batch that tells one for all."""
_NUMBER = re.compile(r"\d{9,13}(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Moments:
    """An event's times as they are written, and what is odd about them."""

    original: str
    sent: str
    happened: datetime
    flags: tuple[str, ...] = ()


def instant(value: Any) -> datetime | None:
    """ISO 8601 (UTC where it tells no offset), or seconds or milliseconds since 1970; None for anything else."""
    try:
        if isinstance(value, str):
            if len(value) > _LONGEST or not value.isascii():
                return None
            return _number(float(value)) if _NUMBER.fullmatch(value) else _aware(datetime.fromisoformat(value))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _number(value)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _aware(time: datetime) -> datetime:
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _number(value: float) -> datetime:
    return datetime.fromtimestamp(value if abs(value) < _SECONDS_UNTIL else value / 1000, UTC)


def written(time: datetime) -> str:
    """`2026-11-22T01:54:57.222Z`"""
    return time.isoformat(timespec="milliseconds")[:-6] + "Z"


def moments(original: Any, sent: Any, at: datetime) -> Moments:
    """The times of an event that arrived `at`; what is missing or unreadable counts as the next later one."""
    sent_at, happened = instant(sent), instant(original)
    sent_or_now = sent_at or at
    flags = [UNREADABLE] if (sent and sent_at is None) or (original and happened is None) else []
    corrected = _corrected(happened or sent_or_now, sent_or_now, at)
    if abs(at - sent_or_now) > _TOLERANCE:
        flags.append(SKEWED)
    if corrected > at + _TOLERANCE:
        flags.append(FUTURE)
    elif corrected < _PLAUSIBLE_FROM:
        flags.append(PAST)
    return Moments(
        _as_given(original, happened or sent_or_now), _as_given(sent, sent_or_now), corrected, flags=tuple(flags)
    )


def _as_given(value: Any, time: datetime) -> str:
    return value if isinstance(value, str) and instant(value) is not None else written(time)


def _corrected(happened: datetime, sent: datetime, at: datetime) -> datetime:
    """By the sender's clock against ours; as the sender says where only that is plausible."""
    try:
        corrected = at - (sent - happened)
    except OverflowError:
        return happened
    is_plausible = _PLAUSIBLE_FROM <= corrected <= at + _TOLERANCE
    return happened if not is_plausible and _PLAUSIBLE_FROM <= happened <= at + _TOLERANCE else corrected
