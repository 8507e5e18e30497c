"""Quarantined rows as a sheet that people edit, and back: one line a row, one cell a delivered column."""

from __future__ import annotations

import base64
import codecs
import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kumitate.config.source import Source
from kumitate.errors import RecordError
from kumitate.ingest.delivery import FILE_TRUNCATED, FILE_UNREADABLE
from kumitate.ingest.encoding import likely_encoding
from kumitate.ingest.lines import LINE_LIMIT

DELIVERY, LINE = "_delivery", "_line"
_HEAD = (DELIVERY, "_file", LINE, "_reason", "_column")
_WHOLE = "_row"
"""What was delivered, where it could not be taken apart into columns."""
_DELIMITERS = (",", ";", "\t")
_ENCODINGS = ("utf-8", "cp932", "cp1252")

Row = Mapping[str, Any]
Cells = dict[str, str]
Place = tuple[str, str]
"""Delivery and line, which name a row."""


def header(source: Source) -> tuple[str, ...]:
    """The sheet's columns."""
    return (*_HEAD, *_delivered(source), _WHOLE)


def _delivered(source: Source) -> tuple[str, ...]:
    return tuple(name for name, spec in source.columns.items() if spec.is_delivered)


def columns(cells: Cells) -> tuple[str, ...]:
    """Those that were delivered, without what names the row and says why it is there."""
    return tuple(name for name in cells if not name.startswith("_"))


def is_a_row(row: Row) -> bool:
    """Whether the entry is one row, not the rest of a file that broke off."""
    return row["reason"] not in (FILE_TRUNCATED, FILE_UNREADABLE)


def cells(row: Row, source: Source) -> Cells:
    """A quarantined row as it stands in the sheet."""
    told = {
        DELIVERY: row["delivery_id"],
        "_file": row["file"],
        LINE: str(row["line"]),
        "_reason": row["reason"],
        "_column": row["field"],
    }
    return dict.fromkeys(header(source), "") | {name: text or "" for name, text in told.items()} | _said(row, source)


def _said(row: Row, source: Source) -> Cells:
    """What was delivered, by column; in one cell where it is no row of the source's columns."""
    payload, paths = row["payload"] or "", {spec.from_: name for name, spec in source.columns.items() if spec.from_}
    found = _object(payload)
    if found is None or (set(found) == {"line"} and row["field"] != "line"):
        return {_WHOLE: found["line"] if found else _text(payload)}
    named = {paths.get(name, name): value for name, value in found.items()}
    known = {name: value for name, value in named.items() if name in _delivered(source)}
    if not known:
        return {_WHOLE: payload}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in known.items() if value}


def undeclared(row: Row) -> str | None:
    """What the row brought beside the declared columns, as JSON; it stays with the row."""
    extra = (_object(row["payload"] or "") or {}).get("_extra")
    return json.dumps(extra, ensure_ascii=False) if extra else None


def _object(payload: str) -> dict[str, Any] | None:
    try:
        found = json.loads(payload)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _text(payload: str) -> str:
    """A line that did not decode, as it may have been meant."""
    data = base64.b64decode(payload.removeprefix("base64:")) if payload.startswith("base64:") else payload.encode()
    return data.decode(likely_encoding(data) or "ascii", errors="replace")


def written(rows: Iterable[Cells], source: Source) -> Iterator[str]:
    """The sheet's lines; whoever writes them puts a byte order mark in front, by which Excel knows UTF-8."""
    held = io.StringIO()
    sheet = csv.DictWriter(held, header(source))
    sheet.writeheader()
    for row in rows:
        yield held.getvalue()
        held.seek(0)
        held.truncate()
        sheet.writerow(row)
    yield held.getvalue()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as somebody saved it: its columns, and per row the line it begins on and its cells."""

    encoding: str
    names: tuple[str, ...]
    rows: tuple[tuple[int, Cells], ...]
    odd: tuple[int, ...] = ()
    """Lines with more or fewer cells than columns."""

    def placed(self) -> Iterator[tuple[Place, Cells]]:
        """Each row beside what names it."""
        return (((row.get(DELIVERY, "").strip(), row.get(LINE, "").strip()), row) for _, row in self.rows)

    def likeness(self, known: Mapping[Place, Cells]) -> int:
        """How many cells that are not ASCII say what the row is known to say: by this an encoding is told."""
        pairs = ((row, known.get(place, {})) for place, row in self.placed())
        return sum(
            1 for row, own in pairs for name, value in row.items() if not value.isascii() and own.get(name) == value
        )


def sheets(data: bytes) -> tuple[Sheet, ...]:
    """The file in every encoding it may be saved in, the likeliest first; RecordError where it is no sheet."""
    found = [sheet for encoding in _candidates(data) if (sheet := _read(data, encoding)) is not None]
    if not found:
        raise RecordError("sheet.unreadable")
    return tuple(found)


def _candidates(data: bytes) -> Sequence[str]:
    """UTF-8 as it was exported, UTF-16 as Excel saves Unicode text, or what else Excel saves in its country."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    if data.startswith(codecs.BOM_UTF8):
        return ("utf-8-sig",)
    likely = likely_encoding(data)
    return sorted(_ENCODINGS, key=lambda encoding: encoding != likely)


def _read(data: bytes, encoding: str) -> Sheet | None:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    csv.field_size_limit(LINE_LIMIT)  # as where the rows were read
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        names = tuple(next(lines, ()))
        rows, odd, first = [], [], lines.line_num + 1
        for values in lines:
            if len(values) == len(names):
                rows.append((first, dict(zip(names, values, strict=True))))
            elif any(values):
                odd.append(first)
            first = lines.line_num + 1
    except csv.Error:
        return None
    return Sheet(encoding, names, tuple(rows), tuple(odd))


def _delimiter(text: str) -> str:
    """What stands most often in the first line."""
    first = text.partition("\n")[0]
    return max(_DELIMITERS, key=first.count)
