"""A source's columns as SQL: named, compared, derived."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from sqlglot import exp, parse_one

from kumitate.cleanse.rows import record_id_columns
from kumitate.cleanse.tables import RECORD_ID, TOUCHED, clean_table
from kumitate.config.source import Source
from kumitate.ingest.tables import ORIGIN
from kumitate.model.table import Type
from kumitate.sql.vocabulary import DIALECT, column, literal


@lru_cache(maxsize=4_096)  # a plan names the same few columns thousands of times
def named(name: str) -> str:
    """A validated column name, quoted where Athena needs it."""
    return column(name).sql(DIALECT)


def listed(names: Iterable[str]) -> str:
    return ", ".join(named(name) for name in names)


@lru_cache(maxsize=4_096)
def bound(value: str | None) -> str:
    """A text as a literal."""
    return literal(value, Type.STRING).sql(DIALECT)


def delivered(source: Source) -> tuple[str, ...]:
    """The columns that come from the file."""
    return tuple(name for name, spec in source.columns.items() if spec.is_delivered)


def key_of(source: Source) -> tuple[str, ...]:
    """The columns that make a row one of a kind."""
    return delivered(source) if source.key == "row" else source.key


def same_key(source: Source, left: str, right: str) -> str:
    """Rows `left` and `right` have one key; where all columns are the key, two missing values are the same."""
    return same(key_of(source), left, right) if source.key == "row" else equal(source.key, left, right)


def equal(names: Iterable[str], left: str, right: str) -> str:
    return " and ".join(f"{left}.{named(name)} = {right}.{named(name)}" for name in names)


def same(names: Iterable[str], left: str, right: str) -> str:
    return " and ".join(f"{left}.{named(name)} is not distinct from {right}.{named(name)}" for name in names)


def carried(source: Source) -> str:
    """What rows bring along until they are described."""
    cleansed = (name for name, spec in source.columns.items() if spec.sql is None)
    return listed((*(part.name for part in ORIGIN), RECORD_ID.name, *cleansed, *(each.name for each in TOUCHED)))


def described(name: str, source: Source) -> str:
    """The columns of the clean table, in its order, with the derived ones computed."""
    items = []
    for target in clean_table(name, source).schema.names:
        value = _record_id(source) if target == RECORD_ID.name else value_of(source, target)
        items.append(value if value == named(target) else f"{value} as {named(target)}")
    return ", ".join(items)


def value_of(source: Source, name: str) -> str:
    """A column by name, or the expression that derives it."""
    spec = source.columns.get(name)
    if spec is None or spec.sql is None:
        return named(name)
    expression = parse_one(spec.sql, read=DIALECT)
    type_ = exp.DataType.build(spec.type.type, dialect=DIALECT)
    is_cast = isinstance(expression, exp.Cast) and expression.to == type_
    return (expression if is_cast else exp.TryCast(this=expression, to=type_)).sql(DIALECT)


def _record_id(source: Source) -> str:
    """As the batch function made it; joined here where a derived column belongs to it."""
    names = record_id_columns(source)
    if all(source.columns[name].sql is None for name in names):
        return named(RECORD_ID.name)
    texts = [f"cast({value_of(source, name)} as varchar)" for name in names]
    joined = " || '|' || ".join(f"coalesce({text}, '')" for text in texts)
    return f"case when coalesce({', '.join(texts)}, '') <> '' then {joined} end"
