"""Does a condition name things that exist, in a place where they mean something?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kumitate.config.checks.comparisons import comparison
from kumitate.config.checks.sql import members_statement
from kumitate.config.draft import Draft
from kumitate.config.findings import Finding, Spot, unknown
from kumitate.config.source import Source
from kumitate.config.trait import Aggregate, PointRule
from kumitate.config.types import NUMBERS, attribute_type, column_type, in_words, trait_type
from kumitate.model.expression import (
    All,
    Anniversary,
    AnyOf,
    AttributeIs,
    ColumnIs,
    EventIs,
    EventMatch,
    HasConsent,
    InList,
    InSegment,
    Not,
    Section,
    SequenceIs,
    SqlIs,
    TraitIs,
)
from kumitate.model.table import Type


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows a `where:` looks at."""

    name: str
    source: Source


def condition_findings(draft: Draft, condition: Section, spot: Spot) -> Iterator[Finding]:
    """Findings on a condition about a profile (a segment's `when:`)."""
    match condition:
        case All() | AnyOf() | Not():
            for part, at in _below(condition, spot):
                yield from condition_findings(draft, part, at)
        case ColumnIs():
            yield spot.below("column").wrong(
                "'column' is for 'where:'; a segment asks for an attribute, trait or event"
            )
        case AttributeIs():
            yield from _attribute(draft, condition.attribute, spot.below("attribute"))
            yield from comparison(condition, attribute_type(draft.config, condition.attribute), spot)
        case TraitIs():
            yield from _trait(draft, condition, spot)
        case EventIs():
            yield from event_findings(draft, condition.event, spot.below("event"))
        case SequenceIs():
            yield from _sequence(draft, condition, spot.below("sequence"))
        case _:
            yield from _named(draft, condition, spot)


def _named(draft: Draft, condition: Section, spot: Spot) -> Iterator[Finding]:
    match condition:
        case InSegment():
            yield from draft.unknown("segments", condition.segment, spot.below("segment"))
        case InList():
            if condition.list not in draft.config.lists:
                yield spot.below("list").wrong(unknown("list", condition.list, draft.config.lists))
            yield from _typed(draft, condition.attribute, Type.STRING, spot=spot.below("attribute"))
        case Anniversary():
            yield from _typed(draft, condition.anniversary, Type.DATE, spot=spot.below("anniversary"))
        case HasConsent():
            yield from consent_findings(draft, spot.below("consent"))
        case SqlIs():
            yield from members_statement(condition.sql, spot.below("sql"))


def _below(condition: Section, spot: Spot) -> Iterator[tuple[Section, Spot]]:
    match condition:
        case Not():
            yield condition.not_, spot.below("not")
        case All():
            yield from ((part, spot.below("all", place)) for place, part in enumerate(condition.all_))
        case AnyOf():
            yield from ((part, spot.below("any", place)) for place, part in enumerate(condition.any_))


def parts(condition: Section, spot: Spot) -> Iterator[tuple[Section, Spot]]:
    """The condition and everything nested in it, each with its place."""
    yield condition, spot
    for part, at in _below(condition, spot):
        yield from parts(part, at)


def row_findings(condition: Section | None, rows: Rows, spot: Spot) -> Iterator[Finding]:
    """Findings on a `where:`, which looks at one row of a source."""
    match condition:
        case All() | AnyOf() | Not():
            for part, at in _below(condition, spot):
                yield from row_findings(part, rows, at)
        case ColumnIs():
            yield from column_findings(rows, condition.column, spot.below("column"))
            yield from comparison(condition, column_type(rows.source, condition.column), spot)
        case Section():
            yield spot.wrong("'where:' looks at one row: it takes 'column', 'all', 'any' and 'not' only")


def column_findings(rows: Rows, column: str, spot: Spot) -> Iterator[Finding]:
    if column not in rows.source.columns:
        yield spot.wrong(unknown("column", column, rows.source.columns, place=f"source {rows.name!r}"))


def matched_rows(draft: Draft, rows: Aggregate | PointRule | EventMatch, spot: Spot) -> Iterator[Finding]:
    """Findings on what a trait or an event looks at: the source, and its event column where one is named."""
    yield from draft.unknown("sources", rows.source, spot.below("source"))
    source = draft.config.sources.get(rows.source)
    if rows.event is not None and source is not None and source.event is None:
        what = f"source {rows.source!r} names no 'event' column; leave 'event' out or name it there"
        yield spot.below("event").wrong(what)


def event_findings(draft: Draft, event: EventMatch, spot: Spot) -> Iterator[Finding]:
    yield from matched_rows(draft, event, spot)
    source = draft.config.sources.get(event.source)
    if source is None:
        return
    if source.kind != "events":
        yield spot.below("source").wrong(f"source {event.source!r} holds records, not events; ask for a trait instead")
    yield from row_findings(event.where, Rows(event.source, source), spot.below("where"))


def consent_findings(draft: Draft, spot: Spot) -> Iterator[Finding]:
    if draft.config.settings.consent is None and "settings" not in draft.unread:
        yield spot.wrong("the project records no consent; name its source under 'consent' in kumitate.yaml")


def _sequence(draft: Draft, condition: SequenceIs, spot: Spot) -> Iterator[Finding]:
    sequence = condition.sequence
    for place, step in enumerate(sequence.steps):
        yield from event_findings(draft, step, spot.below("steps", place))
    if sequence.then_not is not None:
        yield from event_findings(draft, sequence.then_not.event, spot.below("then_not", "event"))


def _trait(draft: Draft, condition: TraitIs, spot: Spot) -> Iterator[Finding]:
    yield from draft.unknown("traits", condition.trait, spot.below("trait"))
    type_ = trait_type(draft.config, condition.trait)
    if condition.top_percent is not None and type_ is not None and type_ not in NUMBERS:
        yield spot.below("top_percent").wrong(f"'top_percent' needs a number; the trait is {in_words(type_)}")
    yield from comparison(condition, type_, spot)


def _attribute(draft: Draft, attribute: str, spot: Spot) -> Iterator[Finding]:
    if draft.person is not None and attribute not in draft.person.attributes:
        yield spot.wrong(unknown("attribute", attribute, draft.person.attributes, place="identity person"))


def _typed(draft: Draft, attribute: str, wanted: Type, *, spot: Spot) -> Iterator[Finding]:
    yield from _attribute(draft, attribute, spot)
    type_ = attribute_type(draft.config, attribute)
    if type_ not in (None, wanted):
        yield spot.wrong(f"attribute {attribute!r} is {in_words(type_)}; this needs {in_words(wanted)}")
