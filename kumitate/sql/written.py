"""SQL that a project's owner wrote: one SELECT over tables that may be read, yielding the columns asked for."""

from __future__ import annotations

from collections.abc import Container

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from kumitate.errors import FatalError
from kumitate.sql.vocabulary import DIALECT


def written_query(sql: str, *, yields: tuple[str, ...], readable: Container[str]) -> exp.Query:
    """The statement as a tree; FatalError where it is not one SELECT, reads elsewhere, or lacks a column."""
    query = _one_select(sql)
    for table in sorted(tables_named(query)):
        if table not in readable:
            raise FatalError(f"sql: {table} cannot be read here; name a table of the lake as database.table")
    missing = [name for name in yields if name not in query.named_selects]
    if missing and not query.is_star:
        raise FatalError(f"sql: the statement must yield {' and '.join(yields)}; {' and '.join(missing)} is missing")
    return query


def tables_named(query: exp.Query) -> frozenset[str]:
    """Tables that the statement reads, as `database.table`; names of its own CTEs are none."""
    own = {cte.alias for cte in query.find_all(exp.CTE)}
    named = (table for table in query.find_all(exp.Table) if table.db or table.name not in own)
    return frozenset(".".join(part.name for part in table.parts) for table in named)


def _one_select(sql: str) -> exp.Query:
    try:
        statements = [statement for statement in sqlglot.parse(sql, dialect=DIALECT) if statement is not None]
    except SqlglotError as error:
        raise FatalError(f"sql: not understood as Athena's dialect: {_first_line(error)}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise FatalError("sql: write one SELECT, and nothing else")
    return statements[0]


def _first_line(error: SqlglotError) -> str:
    return str(error).splitlines()[0] if str(error) else "syntax error"
