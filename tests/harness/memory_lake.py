"""A lake and an engine in memory: Arrow tables, DuckDB in between. Runs a stage's plan as the real runner would."""

import atexit
import re
import warnings
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import blake2b
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
    """What may be names of tables, `curated.profiles` or `clean."group"`, as lakes write them."""
    return frozenset(re.findall(r"\b\w+\.\w+\b", sql.replace('"', "")))


@dataclass(frozen=True, eq=False)
class _Kept:
    """A table's rows, and a mark that tables of the same columns and rows share."""

    rows: pa.Table

    @cached_property
    def mark(self) -> bytes:
        written = pa.BufferOutputStream()
        with pa.ipc.new_stream(written, self.rows.schema) as stream:
            stream.write_table(self.rows.combine_chunks())
        return blake2b(written.getvalue(), digest_size=16).digest()


@cache
def _empty(table: Table) -> _Kept:
    """A stage asks for dozens of these."""
    return _Kept(table.schema.empty_table())


@dataclass(eq=False)
class _Database:
    """A database of its own, with the tables that lakes have left there."""

    connection: duckdb.DuckDBPyConnection
    left: dict[str, _Kept] = field(default_factory=dict)

    def bring(self, table: str, kept: _Kept) -> None:
        there = self.left.get(table)
        if there is not None and there.mark == kept.mark:
            return
        if there is not None and there.rows.schema == kept.rows.schema and not kept.rows.num_rows:
            self.connection.execute(f"truncate {table}")
        else:
            self._create(table, kept)
        self.left[table] = kept

    def _create(self, table: str, kept: _Kept) -> None:
        database = table.split(".")[0]
        if not any(name.startswith(f"{database}.") for name in self.left):
            self.connection.execute(f"create schema {database}")
        brought = kept.rows  # noqa: F841 -- DuckDB finds it by its name, in half the time that registering it takes
        # A copy, for whoever binds a query asks Python for each table that is not DuckDB's own.
        self.connection.execute(f"create or replace table {table} as select * from brought")

    def answer(self, sql: str) -> pa.Table:
        answer = self.connection.execute(sql)
        with warnings.catch_warnings():
            # To copy the few rows costs less than the relation that it would have us make.
            warnings.simplefilter("ignore")
            return answer.to_arrow_table()


_answers: dict[tuple[str | tuple[str, bytes], ...], pa.Table] = {}
"""What DuckDB answered, by the query and the rows of each table in it: many tests begin with the same stages of the
same few people."""
_REMEMBERED = 10_000


class _Databases:
    """One DuckDB for all lakes of a process: starting another takes as long as ten queries."""

    def __init__(self) -> None:
        self._started = duckdb.connect(config={"disabled_optimizers": LOSES_ROWS, "threads": 1})
        self._numbers = count(1)
        self._free: list[_Database] = []

    def given_to(self, lake: "MemoryLake") -> _Database:
        """One that no other lake has, taken over with its tables, some of which will be the same."""
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
        self._tables: dict[str, _Kept] = {}
        self._database = _databases().given_to(self)

    def put(self, table: Table, rows: Iterable[dict[str, Any]]) -> None:
        self._store(table, pa.Table.from_pylist(list(rows), schema=table.schema))

    def run(self, stage: Stage, config: Config, run: Run) -> None:
        for table in (*stage.reads(config), *stage.writes(config)):
            if str(table) not in self._tables:
                self._tables[str(table)] = _empty(table)
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
            kept = [self.table(step.table)] if step.mode is Mode.APPEND else []
            self._store(step.table, pa.concat_tables([*kept, rows.cast(step.table.schema)]))

    def query(self, sql: str | Query) -> pa.Table:
        """The answer to SQL in Athena's dialect; asked again of the same rows, the answer of then."""
        text = sql.sql if isinstance(sql, Query) else sql
        named = _named(text)
        unknown = named & (self._database.left.keys() - self._tables.keys())
        assert not unknown, f"no such table in this lake: {', '.join(sorted(unknown))}"
        read = {name: self._tables[name] for name in sorted(named & self._tables.keys())}
        question = (text, *((name, kept.mark) for name, kept in read.items()))
        if question not in _answers:
            for name, kept in read.items():
                self._database.bring(name, kept)
            if len(_answers) == _REMEMBERED:
                _answers.clear()
            _answers[question] = self._database.answer(_duckdb(text))
        return _answers[question]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.query(sql).to_pylist()]

    def table(self, table: Table | str) -> pa.Table:
        return self._tables[str(table)].rows

    def _store(self, table: Table, rows: pa.Table) -> None:
        self._tables[str(table)] = _Kept(rows)
