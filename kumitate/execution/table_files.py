"""Any table in a file (CSV, JSON Lines, Parquet, Excel) as Arrow, all columns as the text a person would write."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineWorkbook

from kumitate.errors import FatalError
from kumitate.execution.table_formats import Format, format_of
from kumitate.execution.table_texts import read_csv, read_json
from kumitate.ingest.excel_reader import numbered_rows
from kumitate.ingest.jsonl_reader import compact
from kumitate.ingest.parquet_reader import texts_of

UNREADABLE = (OSError, EOFError, UnicodeError, zlib.error, pa.ArrowException, CalamineError)
"""What libraries raise where a file is not what it seems to be."""


def read_table(
    path: Path, *, encoding: str | None = None, delimiter: str | None = None, sheet: str | None = None
) -> pa.Table:
    """All of a file's rows; columns are strings under the file's own names, trimmed, and empty fields are null.

    The format is told by content and ending (`.gz` is unpacked), the encoding by all of the bytes, unless given;
    lines in UTF-8 among lines in another encoding are read as such. A second column of one name is `name (2)`,
    one without a name is `column_3`. FatalError where the file cannot be read as a table.
    """
    with reading(path):
        return named(_read(format_of(path), encoding, delimiter, sheet=sheet))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Whatever goes wrong with the file within is said as a FatalError."""
    if not path.is_file():
        raise FatalError(f"{path}: there is no such file; check the path")
    try:
        yield
    except UNREADABLE as error:
        raise FatalError(f"{path}: cannot be read ({type(error).__name__}); get the file anew") from error


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table as its name ends: .csv, .parquet or .jsonl; the file is there when all of it is."""
    write_parts([table], path)


def write_parts(parts: Iterable[pa.Table], path: Path) -> None:
    """The same of a table in parts of one schema, at least one: each is written before the next is asked for."""
    check_target(path)
    rest = iter(parts)
    first = next(rest)
    try:
        with _appearing(path) as file:
            _WRITERS[path.suffix.lower()](first.schema, chain((first,), rest), file)
    except OSError as error:
        raise FatalError(f"{path}: cannot be written ({error.strerror}); check folder, rights and space") from error


def check_target(path: Path) -> None:
    """FatalError where no table can have this name; asked before the work, so that none is done for nothing."""
    if path.suffix.lower() not in _WRITERS:
        raise FatalError(f"{path}: unknown ending; name the file {', '.join('*' + ending for ending in _WRITERS)}")
    check_folder(path)


def check_folder(path: Path) -> None:
    """FatalError where the file's folder is missing."""
    if not path.parent.is_dir():
        raise FatalError(f"{path}: cannot be written, there is no folder {path.parent}; make it, or write elsewhere")


def _read(file: Format, encoding: str | None, delimiter: str | None, *, sheet: str | None) -> pa.Table:
    match file.kind:
        case "csv":
            return read_csv(file, encoding, delimiter)
        case "jsonl":
            return read_json(file, encoding)
        case "parquet":
            return _read_parquet(file)
        case "excel":
            return _read_excel(file, sheet)


def _read_parquet(file: Format) -> pa.Table:
    with file.opened() as stream:
        table = pq.read_table(stream if file.is_gzip is False else pa.py_buffer(stream.read()))
    columns = [_texts(file, name, column) for name, column in zip(table.column_names, table.columns, strict=True)]
    return pa.Table.from_arrays(columns, names=table.column_names)


def _texts(file: Format, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return pa.chunked_array([texts_of(chunk) for chunk in column.chunks], pa.string())
    except pa.ArrowInvalid as error:
        raise FatalError(f"{file.path}: column {name!r} holds bytes that are no text; leave the column out") from error


def _read_excel(file: Format, sheet: str | None) -> pa.Table:
    """One sheet, the first unless named; its first row is the header."""
    with file.opened() as stream:
        workbook = CalamineWorkbook.from_filelike(stream)
    name = sheet or next(iter(workbook.sheet_names), "")
    if name not in workbook.sheet_names:
        raise FatalError(f"{file.path}: no sheet {name!r}; there are {', '.join(workbook.sheet_names)}")
    rows = numbered_rows(workbook.get_sheet_by_name(name).iter_rows())
    _, header = next(rows, (0, []))
    columns = list(zip(*(row for _, row in rows), strict=True)) or [()] * len(header)
    return pa.Table.from_arrays([pa.array(each, pa.string()) for each in columns], [each or "" for each in header])


def named(table: pa.Table) -> pa.Table:
    """Names trimmed and told apart."""
    names: list[str] = []
    for place, given in enumerate(table.column_names, 1):
        plain = given.strip("\ufeff \t\r\n") or f"column_{place}"
        names.append(next(name for name in _numbered(plain) if name not in names))
    return table.rename_columns(names).replace_schema_metadata(table.schema.metadata)


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name} ({number})" for number in count(2))


def _write_csv(schema: pa.Schema, parts: Iterable[pa.Table], file: IO[bytes]) -> None:
    flat = [field.with_type(pa.string()) if pa.types.is_nested(field.type) else field for field in schema]
    with pc_csv.CSVWriter(file, pa.schema(flat)) as writer:
        for part in parts:
            columns = [
                pa.chunked_array([texts_of(chunk) for chunk in column.chunks], pa.string())
                if pa.types.is_nested(column.type)
                else column
                for column in part.columns
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=pa.schema(flat)))


def _write_parquet(schema: pa.Schema, parts: Iterable[pa.Table], file: IO[bytes]) -> None:
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for part in parts:
            writer.write_table(part)


def _write_jsonl(schema: pa.Schema, parts: Iterable[pa.Table], file: IO[bytes]) -> None:  # noqa: ARG001 (as the others)
    for batch in (batch for part in parts for batch in part.to_batches(max_chunksize=65_536)):
        file.writelines(compact(_plain(row)).encode() + b"\n" for row in batch.to_pylist())


def _plain(row: dict[str, object]) -> dict[str, object]:
    """Days, times and decimals as text; JSON has none."""
    return {
        name: value if value is None or isinstance(value, str | int | float | list | dict) else str(value)
        for name, value in row.items()
    }


_WRITERS: dict[str, Callable[[pa.Schema, Iterable[pa.Table], IO[bytes]], None]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".jsonl": _write_jsonl,
}


@contextmanager
def _appearing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name when all of it is on the disk; nothing is left of one that broke off."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
