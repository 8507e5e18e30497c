"""Do a source's keys name columns it has, is its encoding known, does its derived SQL parse?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from kumitate.config.checks.sql import derived_column
from kumitate.config.countries import is_country_code, no_country
from kumitate.config.draft import Draft
from kumitate.config.findings import Finding, Spot, unknown
from kumitate.config.names import name_problem
from kumitate.config.source import PARTS, ColumnSpec, Source
from kumitate.config.types import TIMES, column_type, in_words
from kumitate.model.table import Type

LAKE_OWN = frozenset({"changes", "deliveries", "source_counts", "segment_masks"})
"""Tables that already lie beside those of the sources in the lake's raw, clean and staging zones."""


def check(draft: Draft) -> Iterator[Finding]:
    if not draft.names["sources"] and "sources" not in draft.unread:
        yield Spot("sources").wrong("the project has no source; describe one in sources/NAME.yaml")
    for name, source in draft.config.sources.items():
        spot = Spot("sources", (name,))
        if name in LAKE_OWN:
            yield spot.wrong(f"the lake keeps a table {name!r} of its own; choose another name")
        yield from path_problem(source.path, spot.below("path"))
        yield from _reading(source, spot)
        yield from _columns(source, spot)
        yield from _roles(source, spot)
        yield from _key(source, spot.below("key"))
        yield from _identifiers(draft, source, spot)


def path_problem(path: str, spot: Spot) -> Iterator[Finding]:
    """A finding where a path leaves the project's folder."""
    parsed = PurePosixPath(path)
    if not path or parsed.is_absolute() or "\\" in path or ".." in parsed.parts:
        yield spot.wrong(f"{path!r} is not inside the project; write it relative to kumitate.yaml, with / between")


def _reading(source: Source, spot: Spot) -> Iterator[Finding]:
    try:
        "".encode(source.encoding)
    except LookupError:
        yield spot.below("encoding").wrong(f"unknown encoding {source.encoding!r}; such as utf-8, cp932, latin-1")
    if len(source.delimiter) != 1:
        yield spot.below("delimiter").wrong(f"a delimiter is one character, found {source.delimiter!r}")
    if source.sheet is not None and source.format != "excel":
        yield spot.below("sheet").wrong(f"only format excel has sheets; the format is {source.format}")


def _columns(source: Source, spot: Spot) -> Iterator[Finding]:
    delivered = {name for name, column in source.columns.items() if column.is_delivered}
    for name, column in source.columns.items():
        at = spot.below("columns", name)
        wrong = name_problem(name)
        if wrong:
            yield at.wrong(wrong)
        if column.sql is not None:
            yield from derived_column(column.sql, delivered, at.below("sql"))
            if column.from_ is not None:
                yield at.below("from").wrong("a column comes from the file or from sql, not from both")
        if column.part is not None:
            yield from _part(source, column, at)
        if column.country is not None:
            yield from _country(source, column.country, at.below("country"))


def _country(source: Source, country: str, at: Spot) -> Iterator[Finding]:
    """A code as the settings have one, or a column that files have."""
    named = source.columns.get(country)
    if named is not None and not named.is_delivered:
        yield at.wrong(f"column {country!r} is derived; name a delivered one")
    elif named is None and not is_country_code(country):
        yield at.wrong(no_country(country, source.columns))


def _part(source: Source, column: ColumnSpec, at: Spot) -> Iterator[Finding]:
    """A part is taken out of a delivered column whose type has it, and comes from nowhere else."""
    whole, _, part = (column.part or "").partition(".")
    owner = source.columns.get(whole)
    if column.sql is not None or column.from_ is not None:
        yield at.wrong("a part comes out of another column; leave out 'from' and 'sql'")
    if owner is None:
        yield at.below("part").wrong(unknown("column", whole, source.columns))
    elif not owner.is_delivered:
        yield at.below("part").wrong(f"column {whole!r} is derived itself; name a delivered one")
    elif part not in PARTS.get(owner.type, ()):
        yield at.below("part").wrong(unknown("part", part, PARTS.get(owner.type, ()), place=f"type {owner.type}"))
    if column.type.type is not Type.STRING:
        yield at.below("type").wrong(f"a part is text, and {column.type} is {in_words(column.type.type)}; leave it out")


def _roles(source: Source, spot: Spot) -> Iterator[Finding]:
    if source.kind == "events" and source.time is None:
        yield spot.wrong("missing key 'time' (events need the column of the time they happened)")
    for key in ("time", "event") if source.kind == "records" else ("updated_at",):
        if getattr(source, key) is not None:
            yield spot.below(key).wrong(f"{key!r} is not for {source.kind}")
    for key in ("time", "updated_at", "event"):
        yield from _column(source, getattr(source, key), spot.below(key))
    for key in ("time", "updated_at"):
        type_ = column_type(source, getattr(source, key) or "")
        if type_ is not None and type_ not in TIMES:
            yield spot.below(key).wrong(f"column {getattr(source, key)!r} is {in_words(type_)}; it should be a time")


def _key(source: Source, spot: Spot) -> Iterator[Finding]:
    for place, column in enumerate(source.key if source.key != "row" else ()):
        yield from _column(source, column, spot.below(place))
        if column in source.columns and not source.columns[column].is_delivered:
            yield spot.below(place).wrong(f"column {column!r} is derived; a key is delivered")


def _column(source: Source, column: str | None, spot: Spot) -> Iterator[Finding]:
    if column is not None and column not in source.columns:
        yield spot.wrong(unknown("column", column, source.columns))


def _identifiers(draft: Draft, source: Source, spot: Spot) -> Iterator[Finding]:
    for kind, column in source.identifiers.items():
        at = spot.below("identifiers", kind)
        if draft.person is not None and kind not in draft.person.identifiers:
            yield at.wrong(unknown("identifier", kind, draft.person.identifiers, place="identity person"))
        yield from _column(source, column, at)
