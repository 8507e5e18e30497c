"""A file's rows as intake would read them, under whatever names it has: in batches, with the rows it would refuse."""

from __future__ import annotations

import csv
import io
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow.parquet as pq
from python_calamine import CalamineWorkbook

from kumitate.audit.encodings import MIXED, from_beginning, is_utf8, line_encoding
from kumitate.audit.facts import EncodingFound
from kumitate.audit.statements import column_at
from kumitate.config.source import Source
from kumitate.errors import RecordError
from kumitate.execution.table_formats import Format, delimiter_of, header_line
from kumitate.execution.table_texts import Encoding, encoding_of
from kumitate.ingest.delivery import Delivery
from kumitate.ingest.excel_reader import numbered_rows
from kumitate.ingest.jsonl_reader import parsed
from kumitate.ingest.portion import Portion
from kumitate.ingest.reader import read
from kumitate.ingest.shape import told_apart

_MOST_PATHS = 500
_DEPTH = 5
_LINES_NAMED = 5


@dataclass(frozen=True, slots=True)
class Opened:
    """A file with what must be known to read it; `names` are its columns, JSON's by path (`traits.email`)."""

    file: Format
    names: tuple[str, ...]
    encoding: Encoding
    delimiter: str
    sheet: str | None = None
    declared: str = ""
    """The encoding that a source says."""

    @property
    def source_encoding(self) -> str:
        """What a source says or would say; of a mixed file, the encoding of most lines."""
        if self.declared or self.encoding.name != MIXED:
            return self.declared or self.encoding.name.removesuffix("-sig")
        return encodings_of(self)[0].encoding

    def portions(self, names: Sequence[str]) -> Iterator[Portion]:
        """Rows with these columns as `c1`, `c2`, … (null where the file has none), and the rows that are refused."""
        source = Source.model_validate(
            {
                "kind": "records",
                "path": self.file.path.name,
                "format": self.file.kind,
                "encoding": self.source_encoding,
                "delimiter": self.delimiter,
                "sheet": self.sheet,
                "columns": {column_at(place): {"from": name} for place, name in enumerate(names)},
                "key": "row",
            }
        )
        delivery = Delivery("audit", "audit", self.file.path.name)
        with self.file.path.open("rb") as stream:
            yield from read(stream, delivery, source, run_id="audit")


def opened(file: Format, hints: Source | None = None) -> Opened:
    """What the file's own bytes say; where `hints` declare how it is read, they hold."""
    if file.kind == "parquet":
        with file.opened() as stream:
            return Opened(file, tuple(pq.ParquetFile(stream).schema_arrow.names), Encoding("utf-8"), ",")
    if file.kind == "excel":
        sheet = hints.sheet if hints else None
        return Opened(file, tuple(_sheet_header(file, sheet)), Encoding("utf-8"), ",", sheet)
    encoding, declared = _encoding(file), hints.encoding if hints else ""
    if file.kind == "jsonl":
        return Opened(file, tuple(_paths(file, encoding)), encoding, ",", declared=declared)
    head = _head(file, encoding)
    mark = hints.delimiter if hints else delimiter_of(file.path, header_line(head))
    header = next((row for row in csv.reader(io.StringIO(head, newline=""), delimiter=mark) if any(row)), [])
    names = tuple(told_apart([each.lstrip("\ufeff") for each in header]))
    return Opened(file, names, encoding, mark, declared=declared)


def _head(file: Format, encoding: Encoding) -> str:
    if encoding.name != MIXED:
        return file.head.decode(encoding.name, errors="replace")
    lines = file.head.splitlines(keepends=True)
    return "".join(line.decode(_of_line(line, encoding), errors="replace") for line in lines)


def _encoding(file: Format) -> Encoding:
    """Of a file that is cut short, what its beginning says: where it ends is told when it is read."""
    try:
        return encoding_of(file)
    except (EOFError, OSError, zlib.error):
        return Encoding(from_beginning(file.head) or "utf-8")


def encodings_of(opened: Opened) -> tuple[EncodingFound, ...]:
    """The encodings of a mixed file's lines, the commonest first; of the others, lines and columns by name."""
    if opened.encoding.name != MIXED:
        return ()
    lines: Counter[str] = Counter()
    first: dict[str, list[int]] = {}
    columns: dict[str, dict[str, None]] = {}
    with opened.file.opened() as stream:
        for number, line in enumerate(stream, 1):
            name = line_encoding(line, opened.encoding.other)
            lines[name] += 1
            first.setdefault(name, []).append(number)
            del first[name][_LINES_NAMED:]
            if name != "ascii" and lines[name] <= _MOST_PATHS:
                columns.setdefault(name, {}).update(dict.fromkeys(_foreign(line, opened, name)))
    others = (
        EncodingFound(name, count, tuple(first[name]), tuple(columns.get(name, ())))
        for name, count in lines.most_common()
        if name != "ascii"
    )
    return tuple(each if place else replace(each, first_lines=(), columns=()) for place, each in enumerate(others))


def _foreign(line: bytes, opened: Opened, encoding: str) -> Iterator[str]:
    """The columns of a line that are in this encoding."""
    if opened.file.kind == "csv":
        fields = line.rstrip(b"\r\n").split(opened.delimiter.encode())
        told = (is_utf8(field) == (encoding == "utf-8") and not field.isascii() for field in fields)
        yield from (name for name, is_in in zip(opened.names, told, strict=False) if is_in)


def _sheet_header(file: Format, sheet: str | None) -> list[str]:
    with file.opened() as stream:
        workbook = CalamineWorkbook.from_filelike(stream)
    name = sheet or next(iter(workbook.sheet_names), "")
    if name not in workbook.sheet_names:
        return []
    _, header = next(numbered_rows(workbook.get_sheet_by_name(name).iter_rows()), (0, []))
    return [name for name in told_apart([each or "" for each in header]) if name]


def _paths(file: Format, encoding: Encoding) -> list[str]:
    """The paths of all values that are no objects, in the order they are met."""
    found: dict[str, None] = {}
    with file.opened() as stream:
        lines: Iterator[str | bytes] = iter(stream)
        if encoding.name.startswith(("utf-16", "utf-32")):
            lines = io.TextIOWrapper(stream, encoding.name)
        for line in lines:
            text = line if isinstance(line, str) else line.decode(_of_line(line, encoding), errors="replace")
            try:
                found.update(dict.fromkeys(_leaves(parsed(text.lstrip("\ufeff")), "")))
            except RecordError:
                continue
            if len(found) > _MOST_PATHS:
                break
    nested = {path[:place] for path in found for place, letter in enumerate(path) if letter == "."}
    return [path for path in found if path not in nested][:_MOST_PATHS]


def _of_line(line: bytes, encoding: Encoding) -> str:
    if encoding.name != MIXED:
        return encoding.name
    return "utf-8" if is_utf8(line) else encoding.other


def _leaves(found: dict[str, Any], above: str, depth: int = 1) -> Iterator[str]:
    for name, value in found.items():
        if isinstance(value, dict) and value and depth < _DEPTH:
            yield from _leaves(value, f"{above}{name}.", depth + 1)
        else:
            yield above + name
