"""From Athena's SQL to what another engine runs, refused where no faithful way is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pyarrow as pa
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from kumitate.engines.dialect import duckdb, spark
from kumitate.engines.dialect.kinds import Kinds
from kumitate.engines.dialect.refusals import Refusal, refusals_of
from kumitate.engines.dialect.rewriting import Rewrite, noted, rewritten
from kumitate.errors import FatalError

SOURCE = "athena"
Target = Literal["duckdb", "spark"]
Schemas = Mapping[str, pa.Schema]
_REWRITES: dict[Target, dict[type[exp.Expr], Rewrite]] = {"duckdb": duckdb.REWRITES, "spark": spark.REWRITES}


def parse(sql: str, where: str = "query") -> exp.Query:
    """The one statement that `sql` is; FatalError where it is none, or changes anything."""
    try:
        statements = sqlglot.parse(sql, read=SOURCE)
    except SqlglotError as error:
        raise FatalError(f"{where}: {str(error).splitlines()[0]}; the SQL must be one Athena query") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise FatalError(f"{where}: the SQL must be one Athena query (select, or with … select)")
    return statements[0]


def tables_of(query: exp.Query, where: str = "query") -> tuple[str, ...]:
    """The lake tables a query reads, e.g. `("clean.orders",)`."""
    named = {cte.alias.lower() for cte in query.find_all(exp.CTE)}
    found = set()
    for table in query.find_all(exp.Table):
        if table.db:
            found.add(f"{table.db}.{table.name}".lower())
        elif table.name.lower() not in named:
            raise FatalError(f"{where}: {table.name} names no database; write database.table, e.g. clean.{table.name}")
    return tuple(sorted(found))


def refused(sql: str, schemas: Schemas | None = None) -> tuple[Refusal, ...]:
    """What the laptop cannot answer as Athena does; pass the schemas of the tables read, types matter."""
    query = parse(sql)
    return tuple(dict.fromkeys(refusals_of(query, Kinds(query, schemas))))


def translate(
    sql: str,
    target: Target,
    schemas: Schemas | None = None,
    *,
    where: str = "query",
    names: Mapping[str, str] | None = None,
) -> str:
    """What `target` must run for the rows that Athena would give; FatalError where `refused` names something.

    `names` says under which name the target has a table, where it cannot be `database.table`.
    """
    query = parse(sql, where)
    kinds = Kinds(query, schemas)
    problems = tuple(dict.fromkeys(refusals_of(query, kinds)))
    if problems:
        raise FatalError(f"{where}: the laptop cannot answer this as Athena does. " + "; ".join(map(str, problems)))
    renamed = _renamed(noted(query, kinds), names or {})
    return rewritten(_with_athena_names(renamed), _REWRITES[target], target)


def _renamed(query: exp.Query, names: Mapping[str, str]) -> exp.Query:
    for table in query.find_all(exp.Table):
        name = names.get(f"{table.db}.{table.name}".lower()) if table.db else None
        if name is not None:
            if not table.alias:
                table.set("alias", exp.TableAlias(this=table.this))
            table.set("this", exp.to_identifier(name))
            table.set("db", None)
    for column in query.find_all(exp.Column):
        if names and column.args.get("db"):
            column.set("db", None)
    return query


def _with_athena_names(query: exp.Query) -> exp.Query:
    """Names are lower case, and a column without one is called by its place: `_col0`."""
    for identifier in query.find_all(exp.Identifier):
        identifier.set("this", identifier.this.lower())
    first = query
    while isinstance(first, exp.SetOperation):
        first = first.left
    if isinstance(first, exp.Select):
        first.set("expressions", [_named(item, number) for number, item in enumerate(first.expressions)])
    return query


def _named(projection: exp.Expr, number: int) -> exp.Expr:
    if isinstance(projection, exp.Alias | exp.Column | exp.Star):
        return projection
    return exp.alias_(projection, f"_col{number}")
