"""Can triggers be decided in real time: do their events come in at once, and can their columns and bounds be told?"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from kumitate.config.checks.conditions import Rows, column_findings, event_findings, parts
from kumitate.config.checks.syncs import TOLD_BY_ALL
from kumitate.config.draft import Draft
from kumitate.config.findings import Finding, Spot, unknown
from kumitate.config.source import Source
from kumitate.config.trigger import AllOf, Changed, Fact, FirstTime, ScoreReaches, Trigger
from kumitate.config.types import NUMBERS, column_type
from kumitate.model.expression import ColumnIs, EventIs, EventMatch, Section, SequenceIs
from kumitate.model.realtime import MOST, MOST_EVER, READABLE

_FACT, _PERSON = "fact.", "person_id"


def check(draft: Draft) -> Iterator[Finding]:
    for name, trigger in draft.config.triggers.items():
        spot = Spot("triggers", (name,))
        yield from _condition(draft, trigger.when, spot.below("when"))
        for fact, told in trigger.facts.items():
            if fact in TOLD_BY_ALL:
                yield spot.below("facts", fact).wrong("every trigger tells this; choose another name")
            yield from _fact(draft, trigger, told, spot=spot.below("facts", fact))
        yield from _key(trigger, spot.below("key"))


def _condition(draft: Draft, asked: Section, spot: Spot) -> Iterator[Finding]:
    yield from _CONDITIONS[type(asked)](draft, asked, spot)


def _first(draft: Draft, asked: FirstTime, spot: Spot) -> Iterator[Finding]:
    yield from _events(draft, asked.first, spot.below("first"))
    yield from _longer_than_nothing(asked.remember, spot.below("remember"))


def _changed(draft: Draft, asked: Changed, spot: Spot) -> Iterator[Finding]:
    yield from _events(draft, asked.of, spot.below("of"))
    yield from _readable(draft, asked.of.source, asked.changed, spot=spot.below("changed"))
    if asked.to is not None and asked.to == asked.from_:
        yield spot.below("to").wrong("the same value as 'from': that is no change, and it never fires")


def _all(draft: Draft, asked: AllOf, spot: Spot) -> Iterator[Finding]:
    for place, part in enumerate(asked.all_):
        at = spot.below("all", place)
        yield from _condition(draft, part, at)
        if isinstance(part, EventIs) and part.within is None and (part.at_least or 1) == 1:
            yield at.wrong("missing key 'within' (beside other parts: say how long ago it may have happened)")


def _count(draft: Draft, asked: EventIs, spot: Spot) -> Iterator[Finding]:
    yield from _events(draft, asked.event, spot.below("event"))
    yield from _longer_than_nothing(asked.within, spot.below("within"))
    for bound in ("at_most", "exactly"):
        if getattr(asked, bound) is not None:
            what = (
                "a later event can undo it, so it is never decided; use at_least, and once_per for how often it fires"
            )
            yield spot.below(bound).wrong(f"{bound!r} cannot be told in real time: {what}")
    if asked.at_least is not None and asked.at_least > MOST_EVER:
        yield spot.below("at_least").wrong(f"at most {MOST_EVER} events of one kind are remembered; ask for fewer")
    if asked.within is None and (asked.at_least or 1) > 1:
        yield spot.wrong(
            "missing key 'within' (in real time events are remembered for a while: say how far back it counts)"
        )


def _sequence(draft: Draft, asked: SequenceIs, spot: Spot) -> Iterator[Finding]:
    sequence, spot = asked.sequence, spot.below("sequence")
    for place, step in enumerate(sequence.steps):
        yield from _events(draft, step, spot.below("steps", place))
    if sequence.then_not is not None:
        yield from _events(draft, sequence.then_not.event, spot.below("then_not", "event"))
        yield from _longer_than_nothing(sequence.then_not.span, spot.below("then_not", "span"))
        if sequence.then_not.span and sequence.then_not.span >= sequence.within:
            what = "when it is over, the steps lie further back than that, and it never fires; make 'within' longer"
            yield spot.below("within").wrong(f"'within' is not longer than then_not's span: {what}")


def _score(draft: Draft, asked: ScoreReaches, spot: Spot) -> Iterator[Finding]:
    yield from _longer_than_nothing(asked.within, spot.below("within"))
    reached = sum(rule.points * (rule.most or MOST) for rule in asked.score)
    if 0 <= reached < asked.at_least:
        what = f"a rule without 'most' counts {MOST} events; ask for less, or give more points"
        yield spot.below("at_least").wrong(f"these rules reach {reached} points at most ({what})")
    for place, rule in enumerate(asked.score):
        at = spot.below("score", place)
        yield from _events(draft, EventMatch(source=rule.source, event=rule.event, where=rule.where), at)
        if rule.points < 0:
            yield at.below("points").wrong("an event that takes points away may arrive late; give points only")
        if rule.most is not None and rule.most > MOST_EVER:
            yield at.below("most").wrong(f"at most {MOST_EVER} events of one kind are remembered; ask for fewer")


def _longer_than_nothing(span: timedelta | None, spot: Spot) -> Iterator[Finding]:
    if span is not None and not span:
        yield spot.wrong("it must be longer than nothing")


_CONDITIONS: dict[type[Section], Callable[[Draft, Any, Spot], Iterator[Finding]]] = {
    AllOf: _all,
    EventIs: _count,
    SequenceIs: _sequence,
    FirstTime: _first,
    Changed: _changed,
    ScoreReaches: _score,
}


def _events(draft: Draft, match: EventMatch, spot: Spot) -> Iterator[Finding]:
    """Findings on the events that are looked at: that they come in, and that their columns can be read at once."""
    found = tuple(event_findings(draft, match, spot))
    yield from found
    source = draft.config.sources.get(match.source)
    if source is None or found:
        return
    if source.collect is None and source.webhook is None:
        what = "does not come in as events happen over HTTP; add 'collect' or 'webhook' to it, or use a segment"
        yield spot.below("source").wrong(f"source {match.source!r} {what}")
    for part, at in parts(match.where, spot.below("where")) if match.where is not None else ():
        if isinstance(part, ColumnIs):
            yield from _readable(draft, match.source, part.column, spot=at.below("column"))


def _readable(draft: Draft, name: str, column: str, *, spot: Spot) -> Iterator[Finding]:
    source = draft.config.sources.get(name)
    if source is None:
        return
    if column not in source.columns:
        yield from column_findings(Rows(name, source), column, spot)
    elif not source.columns[column].is_delivered:
        yield spot.wrong(f"column {column!r} is made by the lake, and no event has it; ask for what it is made of")
    elif source.columns[column].type.value not in READABLE:
        kind = source.columns[column].type.value
        what = "declare a second column of type text or id for the same value"
        yield spot.wrong(f"column {column!r} is read as {kind}, which only the lake can; {what}")


def _fact(draft: Draft, trigger: Trigger, fact: Fact, *, spot: Spot) -> Iterator[Finding]:
    sources = [fact.of.source] if fact.of is not None else sorted(_sources(trigger.when))
    if fact.of is not None:
        yield from _events(draft, fact.of, spot.below("of"))
    if fact.without is not None:
        yield from _events(draft, fact.without, spot.below("without"))
        yield from _readable(draft, fact.without.source, fact.by or "", spot=spot.below("by"))
    if fact.same is not None:
        yield from _readable(draft, sources[0], fact.same, spot=spot.below("same"))
    for column in (*((fact.column,) if fact.column else ()), *fact.columns):
        key = "column" if column == fact.column else "columns"
        held = [
            name for name in sources if name in draft.config.sources and column in draft.config.sources[name].columns
        ]
        for name in held or sources[:1]:
            yield from _readable(draft, name, column, spot=spot.below(key))
            yield from _told(draft.config.sources.get(name), column, spot.below(key))
    if fact.take == "sum" and fact.column is not None:
        yield from _summed(draft.config.sources.get(sources[0]) if sources else None, fact.column, spot.below("take"))


def _told(source: Source | None, column: str, spot: Spot) -> Iterator[Finding]:
    """What is personal does not travel on the bus: whom a sync sends to is on their card."""
    if source is not None and column in source.columns and source.columns[column].is_personal:
        what = "and facts are told on the event bus; leave it out: a sync's fields have the person's attributes"
        yield spot.wrong(f"column {column!r} is personal, {what}")


def _summed(source: Source | None, column: str, spot: Spot) -> Iterator[Finding]:
    type_ = None if source is None else column_type(source, column)
    if type_ is not None and type_ not in NUMBERS:
        yield spot.wrong(f"sum needs a number; column {column!r} is none")


def _sources(asked: object) -> frozenset[str]:
    """The sources that a condition looks at."""
    match asked:
        case AllOf(all_=some):
            return frozenset(name for part in some for name in _sources(part))
        case EventIs(event=match) | FirstTime(first=match) | Changed(of=match):
            return frozenset({match.source})
        case SequenceIs(sequence=sequence):
            return frozenset(step.source for step in sequence.steps)
        case ScoreReaches(score=rules):
            return frozenset(rule.source for rule in rules)
    return frozenset()


def _key(trigger: Trigger, spot: Spot) -> Iterator[Finding]:
    known = {_PERSON, *trigger.facts}
    for name in _placeholders(trigger.key):
        if name is None:
            yield spot.wrong("a brace is not closed; a placeholder is {person_id}, a brace itself is {{ or }}")
        elif name.removeprefix(_FACT) not in known:
            yield spot.wrong(f"{unknown('fact', name, known)}; a key is made of person_id and the trigger's facts")


def _placeholders(template: str) -> Iterator[str | None]:
    """The names in braces; None where the braces do not fit."""
    try:
        yield from (name for _, name, _, _ in string.Formatter().parse(template) if name is not None)
    except ValueError:
        yield None
