"""Athena's SQL for other engines: the one place that knows where they differ."""

from __future__ import annotations

from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from kumitate.errors import FatalError

SOURCE = "athena"
Target = Literal["duckdb", "spark"]


def parse(sql: str, where: str) -> exp.Query:
    """The one statement that `sql` is; FatalError where it is none, or changes anything."""
    try:
        statements = sqlglot.parse(sql, read=SOURCE)
    except SqlglotError as error:
        raise FatalError(f"{where}: {_first_line(error)}; the SQL must be one Athena query") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise FatalError(f"{where}: the SQL must be one Athena query (select, or with … select)")
    return statements[0]


def tables_of(query: exp.Query, where: str) -> tuple[str, ...]:
    """The lake tables a query reads, e.g. `("clean.orders",)`."""
    named = {cte.alias for cte in query.find_all(exp.CTE)}
    found = set()
    for table in query.find_all(exp.Table):
        if table.db:
            found.add(f"{table.db}.{table.name}")
        elif table.name not in named:
            raise FatalError(f"{where}: {table.name} names no database; write database.table, e.g. clean.{table.name}")
    return tuple(sorted(found))


def translate(sql: str, target: Target) -> str:
    """What `target` must run for the rows that Athena would give."""
    return parse(sql, target).sql(dialect=target)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
