"""The lake's databases by other names: `curated.profiles` is `shop_dev_curated.profiles` in an account."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from kumitate.engines.dialect.translation import parse, tables_of
from kumitate.errors import FatalError


def with_databases(sql: str, databases: Mapping[str, str], where: str = "query") -> str:
    """The query as it is written, but for its databases; FatalError where it reads what is no part of the lake."""
    query = parse(sql, where)
    for table in tables_of(query, where):
        if table.partition(".")[0] not in databases:
            known = ", ".join(sorted(databases))
            raise FatalError(f"{where}: {table} is no table of the lake; its databases are {known}")
    named = [node.args["db"] for node in query.find_all(exp.Table, exp.Column) if node.args.get("db")]
    for name in sorted(named, key=_start, reverse=True):
        sql = f"{sql[: _start(name)]}{databases[name.name.lower()]}{sql[name.meta['end'] + 1 :]}"
    return sql


def _start(name: exp.Identifier) -> int:
    return int(name.meta["start"])
