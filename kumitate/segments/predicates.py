"""Conditions as predicates over facts: each node of the tree says what to ask, and what of the answer makes it true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlglot import exp

from kumitate.errors import FatalError
from kumitate.identity.tables import golden_table
from kumitate.model.expression import (
    Anniversary,
    AttributeIs,
    Condition,
    EventIs,
    HasConsent,
    InList,
    InSegment,
    SequenceIs,
    SqlIs,
    TraitIs,
)
from kumitate.model.table import Table, Type
from kumitate.profiles.metrics import Rows
from kumitate.profiles.tables import traits_table
from kumitate.segments.facts import Facts
from kumitate.sql.conditions import comparison, located, nested
from kumitate.sql.vocabulary import call, column, literal

_NUMBERS = (Type.BIGINT, Type.DECIMAL, Type.DOUBLE)
_IN_PLACE = 200
"""Values of a list up to which `in (…)` is said in place."""


@dataclass(frozen=True, slots=True)
class Predicates:
    """Makes predicates of conditions; `members` are the columns of segments that others rest on."""

    facts: Facts
    members: dict[str, str]

    def of(self, condition: Condition) -> exp.Condition:
        return nested(condition, self._leaf)

    def _leaf(self, condition: Condition) -> exp.Condition:
        predicate = _PREDICATES.get(type(condition))
        if predicate is None:
            raise FatalError("column: asks about rows, and belongs in where; use attribute, trait, event, …")
        return predicate(self, condition)

    def _attribute(self, asked: AttributeIs) -> exp.Condition:
        return self._compared(asked, asked.attribute, golden_table(self.facts.config))

    def _trait(self, asked: TraitIs) -> exp.Condition:
        if asked.top_percent is not None:
            return self._at_the_top(asked.trait, asked.top_percent)
        return self._compared(asked, asked.trait, traits_table(self.facts.config))

    def _segment(self, asked: InSegment) -> exp.Condition:
        return column(self.members[asked.segment])

    def _consent(self, asked: HasConsent) -> exp.Condition:
        return self.facts.consent(asked.consent)

    def _sequence(self, asked: SequenceIs) -> exp.Condition:
        with located("sequence"):
            return self.facts.sequence(asked.sequence)

    def _written(self, asked: SqlIs) -> exp.Condition:
        return self.facts.written(asked.sql)

    def _compared(self, asked: AttributeIs | TraitIs, name: str, table: Table) -> exp.Condition:
        with located(name):
            return comparison(asked, self.facts.profile(name), _type(table, name), as_of=self.facts.run.as_of)

    def _at_the_top(self, name: str, percent: int) -> exp.Condition:
        """The first `percent` of those with a value, rounded up; whoever equals the last of them is in too."""
        with located(name):
            if _type(traits_table(self.facts.config), name) not in _NUMBERS:
                raise FatalError("top_percent needs a trait that is a number")
        known = self.facts.profile(name).is_(exp.null()).not_()
        place, people = (exp.cast(one, Type.BIGINT) for one in self.facts.rank(name))
        before = exp.Sub(this=place, expression=literal(1, Type.BIGINT))
        share = exp.LT(
            this=exp.Mul(this=exp.paren(before), expression=literal(100, Type.BIGINT)),
            expression=exp.Mul(this=people, expression=literal(percent, Type.BIGINT)),
        )
        return exp.and_(known, share)

    def _happened(self, asked: EventIs) -> exp.Condition:
        match = asked.event
        with located(f"event {match.source}"):
            times = self.facts.times(Rows(match.source, match.event, match.where, asked.within))
        if asked.exactly is not None:
            return times.eq(literal(asked.exactly, Type.BIGINT))
        bounds: list[exp.Condition] = []
        if asked.at_least is not None or asked.at_most is None:
            bounds.append(exp.GTE(this=times, expression=literal(asked.at_least or 1, Type.BIGINT)))
        if asked.at_most is not None:
            bounds.append(exp.LTE(this=times.copy(), expression=literal(asked.at_most, Type.BIGINT)))
        return exp.and_(*bounds)

    def _listed(self, asked: InList) -> exp.Condition:
        with located(f"list {asked.list}"):
            if asked.list not in self.facts.config.lists:
                raise FatalError(f"no such list; add lists/{asked.list}.csv")
            type_ = _type(golden_table(self.facts.config), asked.attribute)
            values = [literal(value, type_) for value in self.facts.config.lists[asked.list]]
        if not values:
            return exp.false()
        if len(values) > _IN_PLACE:
            return self.facts.listed(asked.attribute, asked.list, values)
        return self.facts.profile(asked.attribute).isin(*values)

    def _anniversary(self, asked: Anniversary) -> exp.Condition:
        name = asked.anniversary
        with located(f"anniversary {name}"):
            if _type(golden_table(self.facts.config), name) is not Type.DATE:
                raise FatalError("an anniversary needs an attribute that is a date")
        today = self.facts.run.as_of.astimezone(ZoneInfo(self.facts.config.settings.timezone)).date()
        day = self.facts.profile(name)
        month = exp.Mul(this=call("month", day), expression=literal(100, Type.BIGINT))
        in_year = exp.Add(this=month, expression=call("day_of_month", day.copy()))
        return _between_days(in_year, today, today + timedelta(days=asked.days_before))


_PREDICATES: dict[type, Callable[[Predicates, Any], exp.Condition]] = {
    AttributeIs: Predicates._attribute,
    TraitIs: Predicates._trait,
    EventIs: Predicates._happened,
    SequenceIs: Predicates._sequence,
    InSegment: Predicates._segment,
    InList: Predicates._listed,
    Anniversary: Predicates._anniversary,
    HasConsent: Predicates._consent,
    SqlIs: Predicates._written,
}


def _between_days(in_year: exp.Condition, first: date, last: date) -> exp.Condition:
    """Month and day, as in 1231, from `first` to `last`, which may lie in the next year."""
    low = exp.GTE(this=in_year, expression=literal(_month_and_day(first), Type.BIGINT))
    high = exp.LTE(this=in_year.copy(), expression=literal(_last_kept(last), Type.BIGINT))
    return exp.and_(low, high) if first.year == last.year else exp.or_(low, high)


def _last_kept(day: date) -> int:
    """In a year without 29 February its anniversaries are kept on the 28th."""
    is_last_of_february = (day + timedelta(days=1)).month == 3 and day.month == 2
    return 229 if is_last_of_february else _month_and_day(day)


def _month_and_day(day: date) -> int:
    return day.month * 100 + day.day


def _type(table: Table, name: str) -> Type:
    found = table.column(name)
    if found is None:
        raise FatalError(f"no such name; there are {', '.join(one.name for one in table.columns)}")
    return found.type
