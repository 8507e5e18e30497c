"""Dates and times: declared formats first, then ISO 8601, 2011/1/5, 2011年1月5日 8時26分, 令和3年4月1日, R3.4.1."""

from __future__ import annotations

import re
from calendar import isleap
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from kumitate.cleanse.day_numerals import in_arabic_digits
from kumitate.cleanse.eras import ERA_PATTERN, era_date
from kumitate.errors import RecordError
from kumitate.readings.reading import NOTHING, Reading, stepped
from kumitate.readings.text import TEXT_STEPS

_DAY = re.compile(
    rf"""
    (?: (?P<year>\d{{4}}) | (?P<era>{ERA_PATTERN}) \.?\s? (?P<era_year>元|\d{{1,2}}) )
    \s? (?P<mark>[-/.年]) \s? (?P<month>\d{{1,2}}) \s? (?:(?P=mark)|月) \s? (?P<day>\d{{1,2}}) \s? 日?
    | (?P<digits>\d{{8}})
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CLOCK = re.compile(
    r"""
    (?: (?P<half>午前|午後) \s? )?
    (?: (?P<hour>\d{1,2}) [:時] \s? (?P<minute>\d{1,2})
        (?: [:分] \s? (?P<second>\d{1,2}) (?:[.,](?P<fraction>\d+))? )? [分秒]?
      | (?P<digits>\d{6}) )
    \s? (?P<meridiem> [AP]M )?
    \s? (?P<zone> Z | [-+]\d{2}(?::?\d{2})? | UTC | GMT )?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[-+]\d{2}(?::?\d{2})?)?)?")
_ERA = re.compile(rf"(?:{ERA_PATTERN})", re.IGNORECASE)
OLDEST_YEARS = 130
_NOON = 12
_WEEKDAY = re.compile(r"\s?\([^)]{1,3}\)")


def read_date(value: str, formats: tuple[str, ...], zone: str) -> Reading:
    """A day; of a time with an offset, the day it was in `zone`."""
    reading, found = _read_time(value, formats, "date.invalid")
    if found is None:
        return NOTHING
    try:
        return Reading(found.astimezone(_zone(zone)).date() if found.tzinfo else found.date(), reading.codes)
    except OverflowError:  # the last moment of 9999 in UTC, which is year 10000 in Japan
        raise RecordError("date.invalid") from None


def read_birthdate(value: str, formats: tuple[str, ...], zone: str, *, as_of: date | None) -> Reading:
    """A day that is not after `as_of` nor more than 130 years before it (no one has lived longer: 122 years)."""
    try:
        reading = read_date(value, formats, zone)
    except RecordError:
        raise RecordError("birthdate.invalid") from None
    born = reading.value
    if born is not None and as_of is not None:
        if born > as_of:
            raise RecordError("birthdate.future")
        if born < oldest_birthdate(as_of):
            raise RecordError("birthdate.too_old")
    return reading


def oldest_birthdate(as_of: date) -> date:
    """The same day 130 years earlier; 1 March for a 29 February that year did not have."""
    earlier = as_of.year - OLDEST_YEARS
    is_leap_day = (as_of.month, as_of.day) == (2, 29)
    return date(earlier, 3, 1) if is_leap_day and not isleap(earlier) else as_of.replace(year=earlier)


def read_timestamp(value: str, formats: tuple[str, ...], zone: str) -> Reading:
    """A moment in UTC without zone, to the millisecond; a time without an offset is read in `zone`."""
    reading, found = _read_time(value, formats, "timestamp.invalid")
    if found is None:
        return NOTHING
    try:
        found = (found if found.tzinfo else found.replace(tzinfo=_zone(zone))).astimezone(UTC)
    except OverflowError:
        raise RecordError("timestamp.invalid") from None
    return Reading(found.replace(tzinfo=None, microsecond=found.microsecond // 1000 * 1000), reading.codes)


def _read_time(value: str, formats: tuple[str, ...], reason: str) -> tuple[Reading, datetime | None]:
    """The text as unified, and its time; a declared format and ISO 8601 are no other notation."""
    reading = stepped(value, TEXT_STEPS)
    if not reading.value:
        return reading, None
    declared = _declared(reading.value, formats)
    if declared is not None:
        return reading, declared
    found = _read(in_arabic_digits(reading.value), reason)
    if _ISO.fullmatch(reading.value):
        return reading, found
    code = "era" if _ERA.match(reading.value) else "notation"
    return Reading(reading.value, (*reading.codes, code)), found


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _declared(plain: str, formats: tuple[str, ...]) -> datetime | None:
    for format_ in formats:
        try:
            return datetime.strptime(plain, format_)
        except ValueError:
            continue
    return None


def _read(plain: str, reason: str) -> datetime:
    if plain[10:11] == "T" and plain.endswith("Z"):  # what machines write, read four times as fast
        with suppress(ValueError):
            return datetime.fromisoformat(plain)
    day = _DAY.match(plain)
    if day is None:
        raise RecordError(reason)
    rest = _WEEKDAY.sub("", plain[day.end() :], count=1)
    try:
        clock, zone = _clock_of(rest)
        return datetime.combine(_day_of(day), clock, zone)
    except (ValueError, RecordError):
        raise RecordError(reason) from None


def _day_of(day: re.Match[str]) -> date:
    if day["digits"]:
        return date(int(day["digits"][:4]), int(day["digits"][4:6]), int(day["digits"][6:]))
    month_and_day = int(day["month"]), int(day["day"])
    if day["era"]:
        return era_date(day["era"], 1 if day["era_year"] == "元" else int(day["era_year"]), month_and_day)
    return date(int(day["year"]), *month_and_day)


def _clock_of(rest: str) -> tuple[time, tzinfo | None]:
    """`T08:26:00.5+09:00`, ` 8時26分`, or nothing; ValueError for anything else."""
    rest = rest.removeprefix("T").removeprefix("t").strip()
    if not rest:
        return time(), None
    clock = _CLOCK.fullmatch(rest)
    if clock is None:
        raise ValueError("no time of day")
    zone = _offset(clock["zone"])
    if clock["digits"]:
        return time(int(clock["digits"][:2]), int(clock["digits"][2:4]), int(clock["digits"][4:])), zone
    micros = int((clock["fraction"] or "").ljust(6, "0")[:6])
    return time(_hour(clock), int(clock["minute"]), int(clock["second"] or 0), micros), zone


def _hour(clock: re.Match[str]) -> int:
    """Of 24; 午後12時 and 12 PM are noon, 午前12時 and 12 AM midnight. ValueError for 13 PM."""
    hour, half = int(clock["hour"]), (clock["half"] or clock["meridiem"] or "").upper()
    if not half:
        return hour
    if hour > _NOON or (clock["half"] and clock["meridiem"]):
        raise ValueError("no hour of half a day")
    return hour % _NOON + (_NOON if half in {"午後", "PM"} else 0)


def _offset(zone: str | None) -> tzinfo | None:
    if zone is None:
        return None
    if zone[0] not in "+-":
        return UTC
    minutes = int(zone[1:3]) * 60 + int(zone[3:].removeprefix(":") or 0)
    return timezone(timedelta(minutes=minutes if zone[0] == "+" else -minutes))
