"""Rows as files: CSV for systems that want it just so, JSON Lines, and Parquet where pyarrow is at hand."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kumitate.errors import FatalError, RecordError

Row = Mapping[str, Any]
Kind = Literal["csv", "jsonl", "parquet"]
Encoding = Literal["utf-8", "utf-8-sig", "cp932"]

CONTENT_TYPES: Mapping[str, str] = {
    "csv": "text/csv",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
_TYPES: Mapping[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string", list: "list"}
_REPLACED = "〓"
"""The printer's mark for a glyph that is not at hand; Japanese readers know it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvStyle:
    """How a CSV file is to be written."""

    encoding: Encoding = "utf-8"
    delimiter: str = ","
    line_end: str = "\r\n"
    has_header: bool = True
    quotes_all: bool = False


def encodable(row: Row, style: CsvStyle, *, replaces: bool) -> Row:
    """The row as the encoding can write it; RecordError naming the column where it cannot and must not be changed.

    What only looks different in cp932 is folded first: `〜` (U+301C) and `−` (U+2212) have one form there.
    """
    if style.encoding != "cp932":
        return row
    folded = {name: _folded(value) for name, value in row.items()}
    bad = [name for name, value in folded.items() if not _fits(_cell(value))]
    if bad and not replaces:
        raise RecordError("encoding.unencodable", bad[0])
    return {name: _replaced(_cell(value)) if name in bad else value for name, value in folded.items()}


def column_types(rows: Iterable[Row], columns: Sequence[str]) -> dict[str, str]:
    """`boolean`, `integer`, `number`, `string` or `list` by column; what is mixed or empty is `string`."""
    seen: dict[str, set[str]] = {name: set() for name in columns}
    for row in rows:
        for name in columns:
            value = row.get(name)
            if value is not None:
                seen[name].add(_TYPES.get(type(value), "string"))
    return {name: _common(kinds) for name, kinds in seen.items()}


def csv_file(rows: Iterable[Row], columns: Sequence[str], style: CsvStyle) -> bytes:
    """A missing value is empty, a list JSON, a boolean `true` or `false`."""
    text = io.StringIO(newline="")
    writer = csv.writer(
        text,
        delimiter=style.delimiter,
        lineterminator=style.line_end,
        quoting=csv.QUOTE_ALL if style.quotes_all else csv.QUOTE_MINIMAL,
    )
    if style.has_header:
        writer.writerow(columns)
    writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)
    return text.getvalue().encode(style.encoding)


def jsonl_file(rows: Iterable[Row], columns: Sequence[str]) -> bytes:
    """One object a line, UTF-8; a field that is missing from the row is missing there, a cleared one is null."""
    lines = (json.dumps({name: row[name] for name in columns if name in row}, ensure_ascii=False) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode()


def parquet_file(rows: Sequence[Row], types: Mapping[str, str]) -> bytes:
    """Needs pyarrow, which a laptop has and the function that delivers in the cloud has not: FatalError there."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise FatalError(
            "format parquet needs pyarrow, which is not installed where this sync delivers; use csv or jsonl"
        ) from None
    known = {"boolean": pa.bool_(), "integer": pa.int64(), "number": pa.float64(), "list": pa.list_(pa.string())}
    arrays = [
        pa.array([_typed(row.get(name), kind) for row in rows], known.get(kind, pa.string()))
        for name, kind in types.items()
    ]
    sink = io.BytesIO()
    pq.write_table(pa.table(arrays, names=list(types)), sink, compression="zstd")
    return sink.getvalue()


def _common(kinds: set[str]) -> str:
    if kinds == {"integer", "number"}:
        return "number"
    return next(iter(kinds)) if len(kinds) == 1 else "string"


def _typed(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "list":
        return [str(item) for item in value]
    return float(value) if kind == "number" else _cell(value) if kind == "string" else value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def _folded(value: Any) -> Any:
    return value.replace("〜", "～").replace("−", "－") if isinstance(value, str) else value


def _fits(text: str) -> bool:
    try:
        text.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True


def _replaced(text: str) -> str:
    return "".join(sign if _fits(sign) else _REPLACED for sign in text)
