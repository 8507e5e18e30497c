"""Do quality rules speak of tables and columns that there are, and of such as they can be held to?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal

from kumitate.config.checks.identity import PROFILE_OWN
from kumitate.config.draft import Draft
from kumitate.config.findings import Finding, Spot, unknown
from kumitate.config.quality import PROFILES, QualityRules, RuleColumn
from kumitate.config.source import Source
from kumitate.config.types import NUMBERS, TIMES, attribute_type, in_words, trait_type
from kumitate.model.table import Type

_FITTING: Mapping[str, tuple[frozenset[Type], str]] = {
    "freshness": (TIMES, "a time"),
    "ranges": (NUMBERS | TIMES, "a number or a time"),
    "values": (frozenset({Type.STRING}), "text"),
    "drift": (NUMBERS | {Type.STRING, Type.BOOLEAN}, "text, a number, or true or false"),
    "unique": (frozenset(Type) - {Type.STRINGS}, "one value"),
}


def check(draft: Draft) -> Iterator[Finding]:
    for name, rules in draft.config.quality.items():
        spot = Spot("quality", (name,))
        yield from _rules(rules, spot)
        table = rules.table or name
        if table == PROFILES:
            yield from _profiles(draft, rules, spot)
        elif table in draft.config.sources:
            yield from _source(draft.config.sources[table], table, rules, spot=spot)
        elif table not in draft.names["sources"] and not draft.may_hold("sources", table):
            at = spot.below("table") if rules.table else spot
            yield at.wrong(unknown("table", table, {*draft.names["sources"], PROFILES}))


def _source(source: Source, table: str, rules: QualityRules, *, spot: Spot) -> Iterator[Finding]:
    for each in rules.columns():
        at = spot.below(*each.path)
        if each.column not in source.columns:
            yield at.wrong(unknown("column", each.column, source.columns, place=f"source {table!r}"))
        else:
            type_ = source.columns[each.column].type.type
            yield from _fits(each.kind, each.column, type_, at=at)
            yield from _bounds(rules, each, type_, at=at)


def _profiles(draft: Draft, rules: QualityRules, spot: Spot) -> Iterator[Finding]:
    if rules.of == "new":
        yield spot.below("of").wrong("profiles are made anew by every run; leave out 'of'")
    if draft.person is None or "traits" in draft.unread:
        return
    known = {*draft.person.attributes, *draft.names["traits"], *PROFILE_OWN}
    for each in rules.columns():
        at = spot.below(*each.path)
        if each.column not in known:
            yield at.wrong(unknown("column", each.column, known, place="profiles"))
        type_ = attribute_type(draft.config, each.column) if each.column in draft.person.attributes else None
        type_ = type_ or trait_type(draft.config, each.column)
        if type_ is not None:
            yield from _fits(each.kind, each.column, type_, at=at)
            yield from _bounds(rules, each, type_, at=at)


def _fits(kind: str, column: str, type_: Type, *, at: Spot) -> Iterator[Finding]:
    types, words = _FITTING.get(kind, (frozenset(Type), ""))
    if type_ not in types:
        yield at.wrong(f"column {column!r} is {in_words(type_)}; {kind} is for {words}")


def _bounds(rules: QualityRules, each: RuleColumn, type_: Type, *, at: Spot) -> Iterator[Finding]:
    """Bounds are of the column's type."""
    if each.kind != "ranges" or type_ not in NUMBERS | TIMES:
        return
    bounds = rules.ranges[each.column]
    for key, value in (("min", bounds.min), ("max", bounds.max)):
        if value is not None and not _is_of(type_, value):
            yield at.below(key).wrong(f"{value} is not {in_words(type_)}")


def _is_of(type_: Type, value: object) -> bool:
    if type_ in NUMBERS:
        is_whole = isinstance(value, int) or (isinstance(value, Decimal) and value == value.to_integral_value())
        return isinstance(value, int | Decimal) and not isinstance(value, bool) and (is_whole or type_ != Type.BIGINT)
    return isinstance(value, datetime) if type_ is Type.TIMESTAMP and isinstance(value, datetime) else _is_day(value)


def _is_day(value: object) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _rules(rules: QualityRules, spot: Spot) -> Iterator[Finding]:
    if not any((rules.freshness, rules.volume, *(getattr(rules, kind) for kind in _MANY))):
        yield spot.wrong("no rule; give freshness, volume, nulls, unique, ranges, values or drift")
    for kind in ("nulls", "drift"):
        for column, share in getattr(rules, kind).items():
            if not 0 <= share <= 1:
                yield spot.below(kind, column).wrong(f"a share is from 0 to 1, found {share}")
    empty: list[tuple[str, str | int]] = [("unique", at) for at, together in enumerate(rules.unique) if not together]
    empty += [("values", column) for column, allowed in rules.values.items() if not allowed]
    for path in empty:
        yield spot.below(*path).wrong("the list is empty; name at least one")
    for column, bounds in rules.ranges.items():
        if _is_above(bounds.min, bounds.max):
            yield spot.below("ranges", column).wrong(f"min {bounds.min} is above max {bounds.max}")


def _is_above(low: object, high: object) -> bool:
    return isinstance(low, int | Decimal) and isinstance(high, int | Decimal) and low > high


_MANY = ("nulls", "unique", "ranges", "values", "drift")
