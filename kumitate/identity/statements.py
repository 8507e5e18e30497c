"""The stage's SQL is written as templates: names quoted, values bound, the whole parsed before anyone runs it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from sqlglot import exp

from kumitate.model.step import Query
from kumitate.model.table import Column, Type, validate_identifier
from kumitate.sql.vocabulary import DIALECT, Value, laid_out, literal


@lru_cache(maxsize=256)  # a run plans each stage several times, and parsing takes longer than many a query
def statement(name: str, sql: str) -> Query:
    """A template, filled in, as a query that is laid out to be read."""
    return Query(name, laid_out(sql))


@lru_cache(maxsize=4_096)  # a plan names the same few columns thousands of times
def quoted(name: str) -> str:
    """A column's validated name in quotes: a project may well call a column `order`."""
    validate_identifier(name.lstrip("_") or name)
    return exp.to_identifier(name, quoted=True).sql(DIALECT)


@lru_cache(maxsize=4_096, typed=True)  # 1 and true are one key otherwise
def bound(value: Value, type_: Type = Type.STRING) -> str:
    """A value as a literal."""
    return literal(value, type_).sql(DIALECT)


def union_all(selects: Iterable[str], columns: tuple[Column, ...]) -> str:
    """All rows of `selects`; no row of `columns` where there are none."""
    return "\nunion all\n".join(selects) or _nothing(columns)


def _nothing(columns: tuple[Column, ...]) -> str:
    nulls = ", ".join(f"{bound(None, column.type)} as {quoted(column.name)}" for column in columns)
    return f"select {nulls} where 1 = 0"


def any_of(conditions: Iterable[str]) -> str:
    """One condition out of several; false where there are none."""
    return " or ".join(f"({condition})" for condition in conditions) or "1 = 0"
