"""A lake and an engine in memory: Arrow tables, DuckDB in between. Runs a stage's plan as the real runner would."""

import atexit
import re
import warnings
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Any

import duckdb
import pyarrow as pa

from kumitate.config.project import Config
from kumitate.engines.dialect import translate
from kumitate.engines.duckdb import LOSES_ROWS
from kumitate.model.step import BatchStep, GraphStep, Mode, Query, QueryStep, Run, Stage
from kumitate.model.table import Table


@cache
def _duckdb(sql: str) -> str:
    return translate(sql, "duckdb")


@cache
def _named(sql: str) -> frozenset[str]:
    """What may be names of tables, `curated.profiles`."""
    return frozenset(re.findall(r"\b\w+\.\w+\b", sql))


@dataclass(eq=False)
class _Database:
    """A database of its own, with the tables that lakes have left there: whether they have rows, and their columns."""

    connection: duckdb.DuckDBPyConnection
    left: dict[str, tuple[bool, pa.Schema]] = field(default_factory=dict)

    def keep(self, table: Table, rows: pa.Table) -> None:
        state = (rows.num_rows > 0, rows.schema)
        if not state[0] and self.left.get(str(table)) == state:
            return
        if not any(name.startswith(f"{table.database}.") for name in self.left):
            self.connection.execute(f"create schema {table.database}")
        self.connection.register("brought", rows)
        # A copy, for whoever binds a query asks Python for each table that is not DuckDB's own.
        self.connection.execute(f"create or replace table {table} as select * from brought")
        self.left[str(table)] = state


class _Databases:
    """One DuckDB for all lakes of a process: starting another takes as long as ten queries."""

    def __init__(self) -> None:
        self._started = duckdb.connect(config={"disabled_optimizers": LOSES_ROWS, "threads": 1})
        self._numbers = count(1)
        self._free: list[_Database] = []

    def given_to(self, lake: "MemoryLake") -> _Database:
        """One that no other lake has, taken over with its empty tables, for a stage asks for dozens of them."""
        database = self._free.pop() if self._free else self._another()
        weakref.finalize(lake, self._free.append, database)
        return database

    def _another(self) -> _Database:
        name = f"lake_{next(self._numbers)}"
        connection = self._started.cursor()
        connection.execute(f"attach ':memory:' as {name}")
        connection.execute(f"use {name}")
        return _Database(connection)


@cache
def _databases() -> _Databases:
    """Let go before the process ends: DuckDB complains at length of what is left then."""
    atexit.register(_databases.cache_clear)
    return _Databases()


class MemoryLake:
    """Tables by name; a table that no step has written is empty."""

    def __init__(self) -> None:
        self._tables: dict[str, pa.Table] = {}
        self._database = _databases().given_to(self)

    def put(self, table: Table, rows: Iterable[dict[str, Any]]) -> None:
        self._store(table, pa.Table.from_pylist(list(rows), schema=table.schema))

    def run(self, stage: Stage, config: Config, run: Run) -> None:
        for table in (*stage.reads(config), *stage.writes(config)):
            if str(table) not in self._tables:
                self.put(table, ())
        for step in stage.plan(config, run):
            match step:
                case QueryStep():
                    rows = self.query(step.query.sql)
                case GraphStep():
                    rows = step.function({query.name: self.query(query.sql) for query in step.queries})
                case BatchStep():
                    rows = pa.Table.from_batches(
                        [step.function(batch) for batch in self.query(step.query.sql).to_batches()], step.table.schema
                    )
                case _:
                    raise AssertionError(f"no files and no destinations here: {step.table}")
            kept = [self._tables[str(step.table)]] if step.mode is Mode.APPEND else []
            self._store(step.table, pa.concat_tables([*kept, rows.cast(step.table.schema)]))

    def query(self, sql: str | Query) -> pa.Table:
        """The answer to SQL in Athena's dialect."""
        text = sql.sql if isinstance(sql, Query) else sql
        unknown = _named(text) & (self._database.left.keys() - self._tables.keys())
        assert not unknown, f"no such table in this lake: {', '.join(sorted(unknown))}"
        answer = self._database.connection.execute(_duckdb(text))
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # to copy the few rows costs less than the relation that it would have us make
            return answer.to_arrow_table()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.query(sql).to_pylist()]

    def table(self, table: Table | str) -> pa.Table:
        return self._tables[str(table)]

    def _store(self, table: Table, rows: pa.Table) -> None:
        self._database.keep(table, rows)
        self._tables[str(table)] = rows
