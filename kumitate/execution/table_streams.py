"""A file's table of any size as texts: read once to disk, then column by column or part by part, never held whole."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from kumitate.execution.table_files import named, read_table, reading
from kumitate.execution.table_formats import Format, format_of
from kumitate.execution.table_texts import mixed_with, read_csv
from kumitate.ingest.parquet_reader import texts_of


@dataclass(frozen=True, slots=True)
class Texts:
    """The table of a file, as `read_table` would read it; there while the file is open."""

    names: tuple[str, ...]
    rows: int
    mixed_with: str
    """The encoding that some of the file was in, among UTF-8."""
    _copy: Path

    def column(self, name: str) -> pa.ChunkedArray:
        """All of one column."""
        place = str(self.names.index(name))
        return pq.read_table(self._copy, columns=[place])[place]

    def parts(self) -> Iterator[pa.Table]:
        """The rows in order, so many at a time as were asked for; one part at least."""
        with pq.ParquetFile(self._copy) as file:
            if not file.num_row_groups:
                yield file.schema_arrow.empty_table().rename_columns(self.names)
            for number in range(file.num_row_groups):
                yield file.read_row_group(number).rename_columns(self.names).combine_chunks()


@contextmanager
def opened_texts(path: Path, *, rows_at_once: int) -> Iterator[Texts]:
    """The texts of a file; FatalError where it cannot be read as a table."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "texts.parquet"
        with reading(path):
            head = named(_copied(format_of(path), copy, rows_at_once))
        yield Texts(tuple(head.column_names), pq.read_metadata(copy).num_rows, mixed_with(head), copy)


def _copied(file: Format, copy: Path, rows_at_once: int) -> pa.Table:
    """The file's columns, without rows: those are in the copy. JSON and workbooks are read as a whole first."""
    write = partial(_write, copy=copy, rows_at_once=rows_at_once)
    if file.kind == "csv":
        return read_csv(file, None, None, take=partial(_stream_csv, write))
    if file.kind == "parquet" and not file.is_gzip:
        with pq.ParquetFile(file.path) as whole:
            names = whole.schema_arrow.names
            write(names, (_as_texts(batch) for batch in whole.iter_batches(rows_at_once)))
    else:
        table = read_table(file.path)
        names = table.column_names
        write(names, table.to_batches())
        return table.slice(0, 0)
    return pa.Table.from_arrays([pa.array([], pa.string())] * len(names), names=names)


def _stream_csv(write: Any, stream: IO[bytes], **options: Any) -> pa.Table:
    with pc_csv.open_csv(stream, **options) as reader:
        write(reader.schema.names, reader)
        return reader.schema.empty_table()


def _as_texts(batch: pa.RecordBatch) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([texts_of(column) for column in batch.columns], names=batch.schema.names)


def _write(names: list[str], batches: Iterable[pa.RecordBatch], *, copy: Path, rows_at_once: int) -> None:
    """In row groups of one size; columns are called by their places, for a file may have a name twice."""
    schema = pa.schema([(str(place), pa.string()) for place in range(len(names))])
    with pq.ParquetWriter(copy, schema, compression="lz4") as writer:
        held, count = [], 0
        for batch in batches:
            held.append(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
            count += batch.num_rows
            if count >= rows_at_once:
                table = pa.Table.from_batches(held)
                full = count - count % rows_at_once
                writer.write_table(table.slice(0, full), row_group_size=rows_at_once)
                held, count = table.slice(full).to_batches(), count - full
        if count:
            writer.write_table(pa.Table.from_batches(held), row_group_size=rows_at_once)
