"""Sequences: who did this, then that, and then did not; all sequences of a project in one pass over their events.

Each person's matching events become moments (one row per time, one flag per step). Step by step the earliest
time is carried on at which a step could follow the one before: who reaches the last one went through.
Events at the very same time do not follow one another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlglot import exp

from kumitate.errors import FatalError
from kumitate.model.expression import EventMatch, Sequence
from kumitate.model.table import Type
from kumitate.profiles.metrics import OWNER, Metrics, Rows
from kumitate.sql.shapes import ascending, case, flag, later, rows_after, window
from kumitate.sql.vocabulary import call, column, literal, table_ref, timestamp_literal

SEQUENCES = "sequences"


@dataclass(slots=True)
class Sequences:
    """The sequences asked for so far, each once."""

    metrics: Metrics
    _asked: list[Sequence] = field(default_factory=list)

    def add(self, sequence: Sequence) -> exp.Column:
        """The column of `sequences` that will say 1 for who went through; null or 0 for who did not."""
        if sequence.then_not is not None and not sequence.then_not.span:
            raise FatalError("then_not.span must be longer than nothing")
        for _, match in _matches(sequence):
            self._condition(sequence, match)
        if sequence not in self._asked:
            self._asked.append(sequence)
        return column(f"sequence_{self._asked.index(sequence) + 1}", SEQUENCES)

    def parts(self) -> Iterator[tuple[str, exp.Query]]:
        """CTEs up to `sequences`: `person_id` and a column per sequence."""
        if not self._asked:
            return
        yield "moments", self._moments()
        names = ["person_id", "at", *(name for name, _ in self._flags())]
        last = "moments"
        for number in range(1, max(len(one.steps) for one in self._asked) + 1):
            reached = self._reached(number)
            found = (exp.alias_(one, name) for name, one in reached.items())
            yield f"step_{number}", exp.select(*map(column, names), *found).from_(table_ref(last))
            names += reached
            last = f"step_{number}"
        gone = [call("max", flag(self._done(n))).as_(f"sequence_{n}") for n in self._numbers()]
        yield SEQUENCES, exp.select(column("person_id"), *gone).from_(table_ref(last)).group_by(column("person_id"))

    def _numbers(self) -> range:
        return range(1, len(self._asked) + 1)

    def _flags(self) -> list[tuple[str, tuple[Sequence, EventMatch]]]:
        """Flag column -> what it marks: `s1_2` is the second step of the first sequence, `s1_not` its absence."""
        return [
            (f"s{number}_{place}", (sequence, match))
            for number, sequence in enumerate(self._asked, 1)
            for place, match in _matches(sequence)
        ]

    def _moments(self) -> exp.Select:
        """One row per person and time at which a step, or what must be absent, happened."""
        flags = self._flags()
        sources = sorted({match.source for _, (_, match) in flags})
        rows: exp.Query = self._rows_of(sources[0])
        for source in sources[1:]:
            rows = exp.union(rows, self._rows_of(source), distinct=False)
        marks = [call("max", column(name)).as_(name) for name, _ in flags]
        moments = exp.select(column("person_id"), column("at"), *marks).from_(rows.subquery("events"))
        return moments.group_by(column("person_id"), column("at"))

    def _rows_of(self, name: str) -> exp.Select:
        """The rows of one source that matter to any sequence, flagged; what is another source's is 0."""
        source = self.metrics.source(name)
        happened = {
            flagged: self._condition(sequence, match)
            for flagged, (sequence, match) in self._flags()
            if match.source == name
        }
        marks = (
            exp.alias_(flag(happened[flagged]) if flagged in happened else literal(0, Type.BIGINT), flagged)
            for flagged, _ in self._flags()
        )
        at = exp.alias_(source.needed_time("sequence"), "at")
        wanted = exp.or_(*(condition.copy() for condition in happened.values()))
        return source.select(column("person_id", OWNER), at, *marks).where(wanted)

    def _condition(self, sequence: Sequence, match: EventMatch) -> exp.Condition:
        rows = Rows(match.source, match.event, match.where, sequence.within)
        matching = self.metrics.source(match.source).matching(rows)
        return exp.true() if matching is None else matching

    def _reached(self, place: int) -> dict[str, exp.Expr]:
        """Per sequence the earliest time its step `place` follows the one before, and the absence after each moment."""
        found: dict[str, exp.Expr] = {}
        person, at = column("person_id"), column("at")
        for number, sequence in enumerate(self._asked, 1):
            last = len(sequence.steps)
            if place < last or (place == last and sequence.then_not is None):
                follows = call("min", case(_follows(number, place), at))
                found[f"s{number}_reached_{place}"] = window(follows, partition=[person])
            elif place == last:
                absent = call("min", case(column(f"s{number}_not").eq(literal(1, Type.BIGINT)), at))
                found[f"s{number}_next"] = window(absent, partition=[person], order=[ascending(at)], frame=rows_after())
        return found

    def _done(self, number: int) -> exp.Condition:
        """Whether at this moment the sequence has been gone through, and what must be absent stayed so for its span."""
        sequence = self._asked[number - 1]
        last = len(sequence.steps)
        if sequence.then_not is None:
            return column(f"s{number}_reached_{last}").is_(exp.null()).not_()
        at, following, span = column("at"), column(f"s{number}_next"), sequence.then_not.span
        passed = exp.LTE(this=at, expression=timestamp_literal(self.metrics.as_of - span))
        absent = exp.or_(following.is_(exp.null()), exp.GTE(this=following.copy(), expression=later(at.copy(), span)))
        return exp.and_(_follows(number, last), passed, absent)


def _matches(sequence: Sequence) -> Iterator[tuple[str, EventMatch]]:
    for place, match in enumerate(sequence.steps, 1):
        yield str(place), match
    if sequence.then_not is not None:
        yield "not", sequence.then_not.event


def _follows(number: int, place: int) -> exp.Condition:
    """Whether this moment is step `place` after the earliest time the step before it was reached."""
    happened = column(f"s{number}_{place}").eq(literal(1, Type.BIGINT))
    if place == 1:
        return happened
    return exp.and_(happened, exp.GT(this=column("at"), expression=column(f"s{number}_reached_{place - 1}")))
