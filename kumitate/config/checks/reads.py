"""Does a project's own SQL read tables it may read, and columns they have, as far as can be told without running it?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, ScopeType, traverse_scope

from kumitate.config.checks.sql import DIALECT
from kumitate.config.findings import Finding, Spot, unknown
from kumitate.model.table import Table


def read_findings(sql: str, tables: Mapping[str, Table | None], spot: Spot) -> Iterator[Finding]:
    """Findings on tables and columns; none where the SQL does not parse (said elsewhere).

    A table that is None may be read, but what its columns are cannot be told.
    """
    try:
        scopes = _scopes(sql)
    except SqlglotError:
        return
    for scope in scopes:
        read = {alias: _named(source) for alias, source in scope.sources.items() if isinstance(source, exp.Table)}
        for name in sorted(set(read.values()) - tables.keys()):
            yield spot.wrong(_unreadable(name, [each for each, table in tables.items() if table is not None]))
        known = {alias: table for alias, name in read.items() if (table := tables.get(name)) is not None}
        yield from _columns(scope, known, spot)


@lru_cache(maxsize=256)
def _scopes(sql: str) -> list[Scope]:
    """Read alone, never changed: the same statement is checked once for each way to read a project."""
    query = sqlglot.parse_one(sql, read=DIALECT)
    return traverse_scope(query) if isinstance(query, exp.Query) else []


def _named(table: exp.Table) -> str:
    return ".".join(part.name for part in table.parts)


def _unreadable(name: str, tables: Iterable[str]) -> str:
    if "." not in name:
        full = [table for table in tables if table.endswith(f".{name}")]
        return f"table {name!r} names no database; write {full[0] if full else 'database.table'}"
    return unknown("table", name, tables)


def _columns(scope: Scope, known: Mapping[str, Table], spot: Spot) -> Iterator[Finding]:
    """Columns with a table's name before them, and bare ones where only one table can be meant."""
    own = scope.scope_type is not ScopeType.SUBQUERY and not scope.subquery_scopes
    alone = next(iter(known)) if own and len(known) == len(scope.sources) == 1 else ""
    others = _other_names(scope.expression)
    for column in scope.columns:
        table = known.get(column.table or alone)
        if table is not None and table.column(column.name) is None and (column.table or column.name not in others):
            names = [each.name for each in table.columns]
            yield spot.wrong(unknown("column", column.name, names, place=str(table)), column.this.meta.get("line"))


def _other_names(expression: exp.Expr) -> set[str]:
    """What a bare column may mean instead: an output's alias (in order by), a lambda's parameter."""
    aliases = {alias.alias for alias in expression.find_all(exp.Alias)}
    return aliases | {name.name for each in expression.find_all(exp.Lambda) for name in each.expressions}
