"""`rate(…)` and `cron(…)` as EventBridge Scheduler reads them: what is wrong with one, and how often it fires."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

DAYS_A_MONTH = 365.25 / 12
_MINUTES = {"minute": 1, "hour": 60, "day": 1440}
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)(s?)\)")
_CRON = re.compile(r"cron\(([^()]*)\)")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_SIX = "minutes hours day-of-month month day-of-week year"
_SAMPLE = (date(2028, 1, 1), 731)
"""The days that a cron expression names are counted in two years, of which one has all of them."""

_IsDay = Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class Timing:
    """How often a schedule fires, and how long it may be silent."""

    times_a_month: float
    shortest_minutes: float
    longest_days: float


@dataclass(frozen=True, slots=True)
class _Field:
    """One of cron's six: what it is called, the values it takes, and the words for them (the first for `low`)."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()

    def values(self, text: str) -> frozenset[int]:
        """`1-5`, `0/15`, `MON,FRI`, `*` as the values meant; ValueError otherwise."""
        return frozenset(value for part in text.split(",") for value in self._part(part))

    def _part(self, part: str) -> range:
        span, slash, step = part.partition("/")
        if slash and (not step.isdigit() or int(step) == 0):
            raise ValueError(f"{self.name} {part!r}: after / comes a whole number above 0")
        if span == "*":
            first, last = self.low, self.high
        else:
            begin, dash, end = span.partition("-")
            first = self.value(begin)
            last = self.value(end) if dash else self.high if slash else first
        if first > last:
            raise ValueError(f"{self.name} {part!r}: a range goes upwards")
        return range(first, last + 1, int(step) if slash else 1)

    def value(self, text: str) -> int:
        if text.upper() in self.words:
            return self.low + self.words.index(text.upper())
        if not text.isdigit() or not self.low <= int(text) <= self.high:
            named = f" or {self.words[0]}-{self.words[-1]}" if self.words else ""
            raise ValueError(f"{self.name} {text!r} is none of {self.low}-{self.high}{named}")
        return int(text)


_MINUTE = _Field("minutes", 0, 59)
_HOUR = _Field("hours", 0, 23)
_DAY = _Field("day-of-month", 1, 31)
_MONTH = _Field("month", 1, 12, _MONTHS)
_WEEKDAY = _Field("day-of-week", 1, 7, _WEEKDAYS)
_YEAR = _Field("year", 1970, 2199)


def timing(expression: str) -> Timing:
    """`timing("rate(1 hour)").shortest_minutes` is 60; ValueError says what is wrong with the expression."""
    if expression.startswith("rate("):
        return _rate(expression)
    if expression.startswith("at("):
        raise ValueError(f"{expression!r} happens once; write rate(1 day) or cron(0 5 * * ? *)")
    found = _CRON.fullmatch(expression)
    if found is None:
        raise ValueError(f"{expression!r} is no schedule; write rate(1 day) or cron(0 5 * * ? *)")
    return _cron(expression, found[1].split())


def _rate(expression: str) -> Timing:
    found = _RATE.fullmatch(expression)
    if found is None or int(found[1]) == 0:
        raise ValueError(f"{expression!r} is no rate; write rate(15 minutes), rate(1 hour) or rate(2 days)")
    value, unit = int(found[1]), found[2]
    right = f"rate({value} {unit}{'s' if value != 1 else ''})"
    if expression != right:
        raise ValueError(f"{expression!r} is refused by AWS; write {right}")
    minutes = value * _MINUTES[unit]
    return Timing(DAYS_A_MONTH * 1440 / minutes, minutes, minutes / 1440)


def _cron(expression: str, fields: list[str]) -> Timing:
    if len(fields) != 6:
        right = f"cron({' '.join((*fields[:4], '?', '*'))})" if len(fields) == 5 and fields[4] == "*" else ""
        hint = f"; write {right}" if right else ", such as cron(0 5 * * ? *)"
        raise ValueError(f"{expression!r} has {len(fields)} fields; AWS takes six ({_SIX}){hint}")
    minutes, hours, day, month, weekday, year = fields
    if (day == "?") == (weekday == "?"):
        raise ValueError(f"{expression!r}: exactly one of day-of-month and day-of-week is ?")
    try:
        times = sorted(hour * 60 + minute for hour in _HOUR.values(hours) for minute in _MINUTE.values(minutes))
        months = _MONTH.values(month)
        is_day = _day_of_month(day) if weekday == "?" else _day_of_week(weekday)
        _YEAR.values(year)
    except ValueError as error:
        raise ValueError(f"{expression!r}: {error}") from None
    start, length = _SAMPLE
    sample = [start + timedelta(days=place) for place in range(length)]
    days = [place for place, each in enumerate(sample) if each.month in months and is_day(each)]
    if not days:
        raise ValueError(f"{expression!r} never happens; no month has such a day")
    return _rhythm(days, times)


def _rhythm(days: list[int], times: list[int]) -> Timing:
    """From the days of the sample and the minutes of a day."""
    between_days = [later - earlier for earlier, later in pairwise(days)] or [_SAMPLE[1]]
    within = [later - earlier for earlier, later in pairwise(times)]
    overnight = times[0] - times[-1]
    longest = max(max(between_days) * 1440 + overnight, *within, 0)
    shortest = min(min(between_days) * 1440 + overnight, *within, _SAMPLE[1] * 1440)
    return Timing(len(days) / _SAMPLE[1] * DAYS_A_MONTH * len(times), shortest, longest / 1440)


def _day_of_month(text: str) -> _IsDay:
    if text == "L":
        return lambda day: day.day == _last(day)
    if text == "LW":
        return lambda day: day == _nearest_weekday(day, _last(day))
    if text.endswith("W"):
        wanted = _DAY.value(text[:-1])
        return lambda day: wanted <= _last(day) and day == _nearest_weekday(day, wanted)
    values = _DAY.values(text)
    return lambda day: day.day in values


def _day_of_week(text: str) -> _IsDay:
    if text == "L":
        text = "SAT"
    if text.endswith("L"):
        wanted = _WEEKDAY.value(text[:-1])
        return lambda day: _weekday(day) == wanted and day.day > _last(day) - 7
    if "#" in text:
        name, _, place = text.partition("#")
        wanted, nth = _WEEKDAY.value(name), _Field("week", 1, 5).value(place)
        return lambda day: _weekday(day) == wanted and (day.day - 1) // 7 + 1 == nth
    values = _WEEKDAY.values(text)
    return lambda day: _weekday(day) in values


def _weekday(day: date) -> int:
    """1 is Sunday, as AWS counts."""
    return day.isoweekday() % 7 + 1


def _last(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _nearest_weekday(day: date, wanted: int) -> date:
    """The weekday nearest to the month's `wanted` day, within the month."""
    target = day.replace(day=wanted)
    if target.isoweekday() == 6:
        return target - timedelta(days=1) if wanted > 1 else target + timedelta(days=2)
    if target.isoweekday() == 7:
        return target + timedelta(days=1) if wanted < _last(day) else target - timedelta(days=2)
    return target
