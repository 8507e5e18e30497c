"""From Athena's SQL to what another engine runs, refused where no faithful way is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Literal

import pyarrow as pa
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from kumitate.engines.dialect import duckdb, spark
from kumitate.engines.dialect.grammar import faults_of
from kumitate.engines.dialect.kinds import Kinds
from kumitate.engines.dialect.refusals import Refusal, refusals_of
from kumitate.engines.dialect.rewriting import Rewrite, note, rewritten
from kumitate.engines.dialect.words import SOURCE, dialect, words_of
from kumitate.errors import FatalError

Target = Literal["duckdb", "spark"]
Schemas = Mapping[str, pa.Schema]
_REWRITES: dict[Target, dict[type[exp.Expr], Rewrite]] = {"duckdb": duckdb.REWRITES, "spark": spark.REWRITES}

_ONE_QUERY = "the SQL must be one Athena query (select, or with … select)"
_BEGINNINGS = {
    TokenType.FROM,
    TokenType.L_PAREN,
    TokenType.SELECT,
    TokenType.SEMICOLON,
    TokenType.TABLE,
    TokenType.VALUES,
    TokenType.WITH,
}
"""What a query may begin with; sqlglot logs a warning about statements that it does not know."""


def parse(sql: str, where: str = "query") -> exp.Query:
    """The one statement that `sql` is; FatalError where it is none, or changes anything."""
    try:
        words = words_of(sql)
        kinds = [word.token_type for word in words]
        begun = {second for first, second in pairwise((TokenType.SEMICOLON, *kinds)) if first is TokenType.SEMICOLON}
        statements = dialect(SOURCE).parser().parse(words, sql) if begun <= _BEGINNINGS else []
    except SqlglotError as error:
        raise FatalError(f"{where}: {str(error).splitlines()[0]}; the SQL must be one Athena query") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise FatalError(f"{where}: {_ONE_QUERY}")
    return statements[0]


def tables_of(query: exp.Query, where: str = "query") -> tuple[str, ...]:
    """The lake tables a query reads, e.g. `("clean.orders",)`."""
    named = {cte.alias.lower() for cte in query.find_all(exp.CTE)}
    found = set()
    for table in query.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            raise FatalError(
                f"{where}: {_called(table.this)}: table functions are not read here, only the lake's tables"
            )
        if table.db:
            found.add(f"{table.db}.{table.name}".lower())
        elif table.name.lower() not in named:
            raise FatalError(f"{where}: {table.name} names no database; write database.table, e.g. clean.{table.name}")
    return tuple(sorted(found))


def _called(function: exp.Expr) -> str:
    if isinstance(function, exp.Func) and not isinstance(function, exp.Anonymous):
        return function.sql_name().lower()
    return function.name


def refused(sql: str, schemas: Schemas | None = None) -> tuple[Refusal, ...]:
    """What Athena would not take, or the laptop not answer alike; pass the schemas of the tables read, types matter."""
    query = parse(sql)
    kinds = Kinds(query, schemas)
    return tuple(dict.fromkeys((*faults_of(sql, kinds), *refusals_of(kinds))))


def translate(
    sql: str,
    target: Target,
    schemas: Schemas | None = None,
    *,
    where: str = "query",
    names: Mapping[str, str] | None = None,
    parsed: exp.Query | None = None,
) -> str:
    """What `target` must run for the rows that Athena would give; FatalError where `refused` names something.

    `names` says under which name the target has a table, where it cannot be `database.table`. `parsed` is what `parse`
    made of the SQL, if somebody has asked before; it is used up.
    """
    query = parsed or parse(sql, where)
    kinds = Kinds(query, schemas)
    _stop_at(faults_of(sql, kinds), f"{where}: Athena would not take this.")
    _stop_at(refusals_of(kinds), f"{where}: the laptop cannot answer this as Athena does.")
    note(kinds, _REWRITES[target])
    if names:
        _rename(query, names)
    return rewritten(_with_athena_names(query), _REWRITES[target], target)


def _stop_at(problems: Iterable[Refusal], opening: str) -> None:
    found = "; ".join(map(str, dict.fromkeys(problems)))
    if found:
        raise FatalError(f"{opening} {found}")


def _rename(query: exp.Query, names: Mapping[str, str]) -> None:
    for table in query.find_all(exp.Table):
        name = names.get(f"{table.db}.{table.name}".lower()) if table.db else None
        if name is not None:
            if not table.alias:
                table.set("alias", exp.TableAlias(this=table.this))
            table.set("this", exp.to_identifier(name))
            table.set("db", None)
    for column in query.find_all(exp.Column):
        if column.args.get("db"):
            column.set("db", None)


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
