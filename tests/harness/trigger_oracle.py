"""When a trigger fires, told the long way: all events of one person at once, moment by moment.

Shares nothing with the engine: counts and sequences are asked of the segments' own oracle at each moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from harness.segment_oracle import World
from kumitate.config.trigger import AllOf, Changed, FirstTime, ScoreReaches, Trigger
from kumitate.model.expression import EventIs, EventMatch, SequenceIs

Row = Mapping[str, Any]
TICK = timedelta(milliseconds=1)
_ME = "me"


@dataclass(frozen=True)
class Person:
    """All that somebody did: rows of one source, each with `happened_at` and `event`."""

    rows: Sequence[Row]

    def world(self, as_of: datetime) -> World:
        rows = {"web": [(_ME, row) for row in self.rows]}
        return World(as_of, {_ME: {}}, rows, {"web": "happened_at"}, {"web": "event"})

    def times(self, match: EventMatch, until: datetime | None = None) -> list[datetime]:
        world = self.world(until or datetime.max.replace(tzinfo=self.rows[0]["happened_at"].tzinfo))
        return sorted(found for found in world.moments(_ME, match) if found is not None)

    def moments(self, asked: Any) -> set[datetime]:
        """The times at which the condition comes true."""
        match asked:
            case AllOf(all_=parts):
                found = {moment for part in parts for moment in self.moments(part)}
                return {at for at in found if all(self.holds(part, at + TICK) for part in parts)}
            case SequenceIs(sequence=sequence) if sequence.then_not is not None:
                return {end + sequence.then_not.span for end in self.times(sequence.steps[-1]) if self.left(asked, end)}
            case SequenceIs(sequence=sequence):
                return {at for at in self.times(sequence.steps[-1]) if self.holds(asked, at + TICK)}
            case EventIs(event=match):
                return {at for at in self.times(match) if self.holds(asked, at + TICK)}
            case FirstTime(first=match, remember=span):
                times = self.times(match)
                return {at for at in times if not any(at - span <= before < at for before in times)}
            case Changed():
                return self.changes(asked)
            case ScoreReaches(score=rules):
                return {at for rule in rules for at in self.times(rule) if self.points(asked, at) >= asked.at_least}
        raise AssertionError(asked)

    def holds(self, asked: Any, as_of: datetime) -> bool:
        match asked:
            case FirstTime(first=match, remember=span):
                return any(at >= as_of - span for at in self.times(match, as_of))
            case EventIs(within=None):
                return any(at == as_of - TICK for at in self.times(asked.event, as_of))
        return self.world(as_of).holds(_ME, asked)

    def left(self, asked: SequenceIs, end: datetime) -> bool:
        """Whether a chain ends here, and what must not happen did not, as a segment sees it when the span is over."""
        assert asked.sequence.then_not is not None
        world = self.world(end + asked.sequence.then_not.span)
        ends = world.ends(_ME, asked.sequence)
        return end in ends and world.stayed_absent(_ME, asked.sequence, end)

    def changes(self, asked: Changed) -> set[datetime]:
        world = self.world(datetime.max.replace(tzinfo=self.rows[0]["happened_at"].tzinfo))
        told = sorted(
            (row for row in self.rows if row[asked.changed] is not None and world.row_matches(row, asked.of.where)
             and asked.of.event in (None, row["event"])),
            key=lambda row: row["happened_at"],
        )  # fmt: skip
        pairs = pairwise(told)
        return {
            new["happened_at"]
            for old, new in pairs
            if old[asked.changed] != new[asked.changed]
            and asked.from_ in (None, old[asked.changed])
            and asked.to in (None, new[asked.changed])
        }

    def points(self, asked: ScoreReaches, at: datetime) -> float:
        total = 0.0
        for rule in asked.score:
            counted = [one for one in self.times(rule, at + TICK) if one >= at + TICK - asked.within]
            for one in counted[-rule.most :] if rule.most else counted:
                halvings = (at + TICK - one) / asked.half_life if asked.half_life else 0
                total += round(rule.points * 1000 * 0.5**halvings)
        return round(total / 10) / 100


def fires(trigger: Trigger, rows: Sequence[Row]) -> list[datetime]:
    """When it fires for somebody whose events come in as they happen, with one key."""
    fired: list[datetime] = []
    for at in sorted(Person(rows).moments(trigger.when)) if rows else ():
        if not fired or (trigger.once_per != "ever" and at - fired[-1] >= trigger.once_per):
            fired.append(at)
    return fired


def covered(moment: datetime, fired: Iterable[datetime], once_per: Any) -> bool:
    return any(once_per == "ever" or abs(moment - one) < once_per for one in fired)
