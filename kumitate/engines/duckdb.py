"""The default engine: DuckDB over the lake's Parquet files, in one process and bounded memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import duckdb
import pyarrow as pa
from sqlglot import exp

from kumitate.engines.batches import BATCH_ROWS, applied, fit, in_common_types, rebatched
from kumitate.engines.dialect import parse, tables_of, translate
from kumitate.engines.scans import on_files
from kumitate.errors import FatalError
from kumitate.model.step import BatchFunction, Query
from kumitate.ports import LakeReader, Scan

_TYPES = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.timestamp("us"): "TIMESTAMP",
    pa.decimal128(18, 4): "DECIMAL(18, 4)",
    pa.list_(pa.field("element", pa.string())): "VARCHAR[]",
}
LOSES_ROWS = "outer_join_simplification"
"""DuckDB 2.0 makes a left join whose right side must be null an anti join, and loses the join's `is null` conditions on
columns that the right side computes: rows are missing. Of the same rewrite: github.com/duckdb/duckdb/issues/24623."""
_ABOUT_THE_QUERY = ("Binder Error", "Catalog Error", "Parser Error", "Out of Memory Error")
"""Messages about the query's own text; any other may quote a value from the data."""


class DuckDBEngine:
    """One database in memory for all queries, so that together they keep to `memory_limit`; more is spilled to disk."""

    def __init__(
        self, reader: LakeReader, *, temp_directory: Path, memory_limit: str = "1GB", threads: int | None = None
    ) -> None:
        self._reader = reader
        self._temp_directory = temp_directory
        self._threads = threads or os.cpu_count() or 1
        self._settings = {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "disabled_optimizers": LOSES_ROWS,
            "memory_limit": memory_limit,
            "preserve_insertion_order": "false",
            "temp_directory": str(temp_directory / f"duckdb-{uuid4().hex}"),
            "threads": str(self._threads),
        }
        self._database: duckdb.DuckDBPyConnection | None = None

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def rows(self, query: Query) -> Iterator[pa.RecordBatch]:
        """The query's rows in types that engines share; one empty batch where there are none."""
        with self._folder() as folder, _errors_of(query):
            parsed = parse(query.sql, query.name)
            tables = tables_of(parsed, query.name)
            scans = {table: on_files(self._reader.scan(table), folder) for table in tables}
            schemas = {table: scan.schema for table, scan in scans.items()}
            names = {table: f"lake_{number}" for number, table in enumerate(tables)}
            sql = translate(query.sql, "duckdb", schemas, where=query.name, names=names, parsed=parsed)
            connection = self._cursor()
            try:
                for table, scan in scans.items():
                    connection.execute(f"create temp view {names[table]} as {_select(scan)}")
                reader = connection.sql(sql).to_arrow_reader(BATCH_ROWS)
                yield from rebatched((in_common_types(batch) for batch in reader), reader.schema)
            finally:
                connection.close()

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        self._temp_directory.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self._temp_directory) as folder:
            yield Path(folder)

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection with views of its own: queries read side by side do not see each other's."""
        if self._database is None:
            self._database = duckdb.connect(config=self._settings)
            self._database.execute("set global TimeZone = 'UTC'")
        return self._database.cursor()

    def apply(self, query: Query, function: BatchFunction, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        def run(batch: pa.RecordBatch) -> pa.RecordBatch:
            return fit(applied(function, batch, query.name), schema, query.name)

        yield from _in_order(run, self.rows(query), self._threads)


def _in_order(function: BatchFunction, batches: Iterable[pa.RecordBatch], threads: int) -> Iterator[pa.RecordBatch]:
    """`function` of every batch, on all cores, in the order given; few batches wait at a time."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[pa.RecordBatch]] = deque()
        for batch in batches:
            waiting.append(pool.submit(function, batch))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _select(scan: Scan) -> str:
    """Reads by Iceberg field id, so that files from before a rename or an addition give the right columns."""
    if not scan.files:
        nothing = ", ".join(f"cast(null as {_TYPES[field.type]}) as {_quoted(field.name)}" for field in scan.schema)
        return f"select {nothing} where false"
    files = ", ".join(_text(file.replace("[", "[[]")) for file in scan.files)
    if not scan.field_ids:
        return f"select * from read_parquet([{files}])"
    ids = ", ".join(
        f"{number}: {{name: {_text(name)}, type: {_text(_TYPES[scan.schema.field(name).type])}, default_value: NULL}}"
        for number, name in scan.field_ids.items()
    )
    return f"select * from read_parquet([{files}], schema = MAP {{{ids}}})"


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql("duckdb")


def _text(value: str) -> str:
    return exp.Literal.string(value).sql("duckdb")


@contextmanager
def _errors_of(query: Query) -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, OSError) as error:  # the Arrow reader turns DuckDB's errors into OSError
        raise FatalError(f"{query.name}: {_explained(str(error))}") from None


def _explained(message: str) -> str:
    kind = message.split(":", 1)[0]
    if kind in _ABOUT_THE_QUERY:
        return " ".join(message.split("\n\n")[0].split())
    return f"{kind} (its text is not shown, it may quote personal data); where a cast may fail, use try_cast"
