"""Who is in a segment, told the long way: one person and one condition at a time, as the documentation says it.

Shares nothing with the compiler: it walks the same conditions over plain rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import Any

from kumitate.model import expression as ex

Row = Mapping[str, Any]


@dataclass(frozen=True)
class World:
    """Profiles by person, rows by source as (person, row), what was granted, and the project's lists and segments."""

    as_of: datetime
    profiles: Mapping[str, Row]
    rows: Mapping[str, Iterable[tuple[str, Row]]]
    times: Mapping[str, str | None]
    events: Mapping[str, str | None]
    granted: frozenset[tuple[str, str, str]] = frozenset()
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    segments: Mapping[str, ex.Condition] = field(default_factory=dict)
    priorities: Iterable[tuple[str, ...]] = ()

    def members(self, segment: str) -> set[str]:
        return {person for person in self.profiles if self.is_member(person, segment)}

    def is_member(self, person: str, segment: str) -> bool:
        if not self.holds(person, self.segments[segment]):
            return False
        for chain in self.priorities:
            if segment in chain and any(self.is_member(person, one) for one in chain[: chain.index(segment)]):
                return False
        return True

    def holds(self, person: str, condition: ex.Condition) -> bool:  # noqa: C901 a plain reading, node by node
        match condition:
            case ex.All(all_=parts):
                return all(self.holds(person, part) for part in parts)
            case ex.AnyOf(any_=parts):
                return any(self.holds(person, part) for part in parts)
            case ex.Not(not_=part):
                return not self.holds(person, part)
            case ex.AttributeIs(attribute=name):
                return self.compare(condition, self.profiles[person][name])
            case ex.TraitIs(trait=name, top_percent=percent):
                if percent is not None:
                    return self.at_the_top(person, name, percent)
                return self.compare(condition, self.profiles[person][name])
            case ex.EventIs():
                return self.happened_as_often(person, condition)
            case ex.SequenceIs(sequence=sequence):
                return self.went_through(person, sequence)
            case ex.InSegment(segment=name):
                return self.is_member(person, name)
            case ex.InList(list=name, attribute=attribute):
                value = self.profiles[person][attribute]
                return value is not None and any(type(value)(one) == value for one in self.lists[name])
            case ex.Anniversary(anniversary=name, days_before=days):
                return self.has_anniversary(self.profiles[person][name], days)
            case ex.HasConsent(consent=consent):
                return (person, consent.purpose, consent.channel) in self.granted
        raise AssertionError(condition)

    def compare(self, asked: ex.Comparison, value: Any) -> bool:
        if asked.known is not None:
            return (value is not None) == asked.known
        if value is None:
            return False
        if asked.operator == "within":
            return self.as_of - asked.operand <= moment(value) < self.as_of
        if asked.operator == "before":
            return moment(value) < self.as_of - asked.operand
        if isinstance(asked.operand, tuple):
            return among(asked.operator, value, [like(value, one) for one in asked.operand])
        return against(asked.operator, value, like(value, asked.operand))

    def row_matches(self, row: Row, condition: ex.Condition | None) -> bool:
        match condition:
            case None:
                return True
            case ex.All(all_=parts):
                return all(self.row_matches(row, part) for part in parts)
            case ex.AnyOf(any_=parts):
                return any(self.row_matches(row, part) for part in parts)
            case ex.Not(not_=part):
                return not self.row_matches(row, part)
            case ex.ColumnIs(column=name):
                return self.compare(condition, row[name])
        raise AssertionError(condition)

    def moments(self, person: str, match: ex.EventMatch) -> list[datetime | None]:
        """When such events happened, as far as they are known at the clock; None where nobody knows when."""
        found = []
        for owner, row in self.rows[match.source]:
            at = row[self.times[match.source] or "_none"] if self.times[match.source] else None
            at = None if at is None else moment(at)
            name = self.events[match.source]
            called = match.event is None or row[name or "_none"] == match.event
            if owner == person and called and self.row_matches(row, match.where) and (at is None or at < self.as_of):
                found.append(at)
        return found

    def happened_as_often(self, person: str, asked: ex.EventIs) -> bool:
        moments = self.moments(person, asked.event)
        if asked.within is not None:
            moments = [at for at in moments if at is not None and at >= self.as_of - asked.within]
        if asked.exactly is not None:
            return len(moments) == asked.exactly
        if asked.at_least is None and asked.at_most is None:
            return bool(moments)
        return (asked.at_least or 0) <= len(moments) <= (len(moments) if asked.at_most is None else asked.at_most)

    def went_through(self, person: str, sequence: ex.Sequence) -> bool:
        return any(self.stayed_absent(person, sequence, end) for end in self.ends(person, sequence))

    def ends(self, person: str, sequence: ex.Sequence) -> list[datetime]:
        """Every time at which some chain of all the steps ends."""
        chains: list[tuple[datetime, ...]] = [()]
        for step in sequence.steps:
            moments = [at for at in self.moments(person, step) if at is not None]
            chains = [(*chain, at) for chain in chains for at in moments if not chain or at > chain[-1]]
        earliest = self.as_of - sequence.within
        return [chain[-1] for chain in chains if chain[0] >= earliest and chain[-1] - chain[0] <= sequence.within]

    def stayed_absent(self, person: str, sequence: ex.Sequence, end: datetime) -> bool:
        if sequence.then_not is None:
            return True
        until = end + sequence.then_not.span
        if until > self.as_of:
            return False
        spoilers = self.moments(person, sequence.then_not.event)
        return not any(at is not None and end < at < until for at in spoilers)

    def at_the_top(self, person: str, trait: str, percent: int) -> bool:
        values = [row[trait] for row in self.profiles.values() if row[trait] is not None]
        own = self.profiles[person][trait]
        return own is not None and sum(value > own for value in values) < ceil(Decimal(len(values) * percent) / 100)

    def has_anniversary(self, day: date | None, days_before: int) -> bool:
        if day is None:
            return False
        ahead = (self.as_of.date() + timedelta(days=days) for days in range(days_before + 1))
        return any(kept_in(day, coming.year) == coming for coming in ahead)


def among(operator: str, value: Any, operands: list[Any]) -> bool:
    if operator == "between":
        low, high = operands
        return bool(low <= value <= high)
    return (value in operands) == (operator == "in")


def against(operator: str, value: Any, operand: Any) -> bool:
    answers = {
        "is": lambda: value == operand,
        "is_not": lambda: value != operand,
        "more_than": lambda: value > operand,
        "at_least": lambda: value >= operand,
        "less_than": lambda: value < operand,
        "at_most": lambda: value <= operand,
        "contains": lambda: operand in value,
        "starts_with": lambda: value.startswith(operand),
    }
    return bool(answers[operator]())


def kept_in(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def like(value: Any, operand: Any) -> Any:
    """The operand as something that compares with the value."""
    if isinstance(value, datetime):
        return moment(operand).replace(tzinfo=None)
    if isinstance(value, str):
        return str(operand)
    return operand


def moment(at: date) -> datetime:
    if not isinstance(at, datetime):
        return datetime(at.year, at.month, at.day, tzinfo=UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
