"""A lake and an engine in memory: Arrow tables, DuckDB in between. Runs a stage's plan as the real runner would."""

import atexit
import warnings
import weakref
from collections.abc import Iterable
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


class _Databases:
    """One DuckDB for all lakes of a process, a database each: starting another takes as long as ten queries."""

    def __init__(self) -> None:
        self._started = duckdb.connect(config={"disabled_optimizers": LOSES_ROWS, "threads": 1})
        self._numbers = count(1)
        self._left: list[str] = []

    def given_to(self, lake: "MemoryLake") -> duckdb.DuckDBPyConnection:
        """A connection to a database of the lake's own, which goes with the lake."""
        while self._left:
            self._started.execute(f"detach {self._left.pop()}")
        name = f"lake_{next(self._numbers)}"
        connection = self._started.cursor()
        connection.execute(f"attach ':memory:' as {name}")
        connection.execute(f"use {name}")
        weakref.finalize(lake, self._left.append, name)  # detached when there is time: this may run in any thread
        return connection


@cache
def _databases() -> _Databases:
    """Let go before the process ends: DuckDB complains at length of what is left then."""
    atexit.register(_databases.cache_clear)
    return _Databases()


class MemoryLake:
    """Tables by name; a table that no step has written is empty."""

    def __init__(self) -> None:
        self._tables: dict[str, pa.Table] = {}
        self._connection = _databases().given_to(self)

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
        answer = self._connection.execute(_duckdb(sql.sql if isinstance(sql, Query) else sql))
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
        flat = f"{table.database}__{table.name}"
        self._connection.register(flat, rows)
        if str(table) not in self._tables or self._tables[str(table)].schema != rows.schema:
            self._connection.execute(f"create schema if not exists {table.database}")
            self._connection.execute(f"create or replace view {table} as select * from {flat}")
        self._tables[str(table)] = rows
