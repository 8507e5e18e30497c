"""Do traits look at columns that exist and can be summed, and at traits that do not look back?"""

from __future__ import annotations

from collections.abc import Iterator

from kumitate.config.checks.conditions import Rows, column_findings, matched_rows, row_findings
from kumitate.config.checks.cycles import circles
from kumitate.config.checks.identity import PROFILE_OWN
from kumitate.config.checks.sql import value_statement
from kumitate.config.draft import Draft
from kumitate.config.findings import Finding, Spot
from kumitate.config.trait import Aggregate, PointRule, Points, Ratio, SqlTrait
from kumitate.config.types import NUMBERS, TIMES, column_type, in_words, trait_type
from kumitate.model.table import Type

_WITHOUT_COLUMN = {"count", "days_since"}
_BY_TIME = {"first", "last", "list", "most_frequent", "days_since"}


def check(draft: Draft) -> Iterator[Finding]:
    taken = {*PROFILE_OWN, *(draft.person.attributes if draft.person else ())}
    for name, trait in draft.config.traits.items():
        spot = Spot("traits", (name,))
        if name in taken:
            yield spot.wrong(f"the profile already has an attribute {name!r}; choose another name")
        match trait:
            case Aggregate():
                yield from _aggregate(draft, trait, spot)
            case Ratio():
                yield from _ratio(draft, trait, spot)
            case Points():
                for place, rule in enumerate(trait.rules):
                    yield from _point_rule(draft, rule, spot.below("rules", place))
                yield from _decay(draft, trait, spot)
            case SqlTrait():
                yield from value_statement(trait.sql, spot.below("sql"))
    yield from _circles(draft)


def _aggregate(draft: Draft, trait: Aggregate, spot: Spot) -> Iterator[Finding]:
    yield from matched_rows(draft, trait, spot)
    if trait.column is None and trait.kind not in _WITHOUT_COLUMN:
        yield spot.wrong(f"missing key 'column' (kind {trait.kind} looks at one)")
    source = draft.config.sources.get(trait.source)
    if source is None:
        return
    rows = Rows(trait.source, source)
    if trait.column is not None:
        yield from column_findings(rows, trait.column, spot.below("column"))
        yield from _fitting_column(trait, column_type(source, trait.column), spot.below("column"))
    yield from row_findings(trait.where, rows, spot.below("where"))
    if trait.within is not None:
        yield from _timed("within", rows, spot.below("within"))
    elif trait.kind in _BY_TIME:
        yield from _timed(f"kind {trait.kind}", rows, spot.below("kind"))


def _fitting_column(trait: Aggregate, type_: Type | None, spot: Spot) -> Iterator[Finding]:
    if type_ is None:
        return
    if trait.kind in ("sum", "avg") and type_ not in NUMBERS:
        yield spot.wrong(f"{trait.kind} needs a number; column {trait.column!r} is {in_words(type_)}")
    if trait.kind == "days_since" and type_ not in TIMES:
        yield spot.wrong(f"days_since needs a time; column {trait.column!r} is {in_words(type_)}")


def _timed(what: str, rows: Rows, spot: Spot) -> Iterator[Finding]:
    if rows.source.kind == "records" and rows.source.updated_at is None:  # events without a time are wrong themselves
        yield spot.wrong(f"{what} needs a time; source {rows.name!r} names no 'updated_at' column")


def _ratio(draft: Draft, trait: Ratio, spot: Spot) -> Iterator[Finding]:
    for key in ("numerator", "denominator"):
        other = getattr(trait, key)
        yield from draft.unknown("traits", other, spot.below(key))
        type_ = trait_type(draft.config, other)
        if type_ is not None and type_ not in NUMBERS:
            yield spot.below(key).wrong(f"a ratio needs numbers; trait {other!r} is {in_words(type_)}")


def _point_rule(draft: Draft, rule: PointRule, spot: Spot) -> Iterator[Finding]:
    yield from matched_rows(draft, rule, spot)
    source = draft.config.sources.get(rule.source)
    if source is not None:
        yield from row_findings(rule.where, Rows(rule.source, source), spot.below("where"))


def _decay(draft: Draft, trait: Points, spot: Spot) -> Iterator[Finding]:
    by_time = "half_life" if trait.half_life is not None else "within" if trait.within is not None else None
    for place, rule in enumerate(trait.rules if by_time else ()):
        source = draft.config.sources.get(rule.source)
        if source is not None:
            yield from _timed(str(by_time), Rows(rule.source, source), spot.below("rules", place, "source"))


def _circles(draft: Draft) -> Iterator[Finding]:
    graph = {
        name: frozenset({trait.numerator, trait.denominator})
        for name, trait in draft.config.traits.items()
        if isinstance(trait, Ratio)
    }
    for circle in circles(graph):
        yield Spot("traits", (circle[0],)).wrong(f"rests on itself: {' → '.join(circle)}")
