"""CSV to raw rows: quoted line breaks, odd lines and wrong encodings, each row with the line it begins on."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import IO

import pyarrow as pa

from kumitate.ingest.encoding import UNDECODABLE, Text, texts
from kumitate.ingest.lines import Break, LongLine
from kumitate.ingest.portion import Portion, Rejection, broken_off, bytes_payload, line_payload, too_long
from kumitate.ingest.shape import Intake, Refusal, missing_columns, raw_batch, told_apart

_BLANK = "\x1a \t\r\n"
"""Nothing but these is no row; DOS ends a file with \\x1a."""


def read_csv(stream: IO[bytes], intake: Intake) -> Iterator[Portion]:
    """The first record names the columns; every further one is a row or a rejection."""
    csv.field_size_limit(intake.line_limit)  # the module's own limit of 128 KiB would reject honest texts
    parser = _Parser(intake)
    for piece in texts(stream, intake.source.encoding, intake.line_limit):
        match piece:
            case Text():
                yield parser.read(piece)
            case LongLine():
                yield parser.finish(piece.first)
                yield Portion(rejections=(too_long(piece),), problem=parser.miss_header("row.too_long"))
            case Break():
                yield parser.finish(piece.first)
                yield broken_off(piece)
    yield parser.finish(0)


class _Parser:
    """Keeps, from block to block, the header and the lines of a record that is not complete yet."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._delimiter = intake.source.delimiter
        self._names: list[str] | None = None
        self._refusal: Refusal | None = None
        self._held = Text(1, [], {})

    def finish(self, first: int) -> Portion:
        """What can be made of the lines still held; the next block begins at line `first`."""
        return self.read(Text(first, [], {}), is_last=True)

    def miss_header(self, reason: str) -> str:
        """Refuse all rows if the line that is lost was the header; the problem of the file, if so."""
        if self._names is not None:
            return ""
        self._names, self._refusal = [], (reason, "")
        return f"header.unreadable: {reason}"

    def read(self, text: Text, *, is_last: bool = False) -> Portion:
        text = _joined(self._held, text)
        self._held = Text(text.first, [], {})
        problem = ""
        if self._names is None:
            text, problem = self._read_header(text)
        rows = None if self._refusal or text.undecodable else self._plain_rows(text.lines)
        if rows is not None:
            return Portion(self._batch(rows, range(text.first, text.first + len(rows))), (), problem)
        rows, lines, rejections = self._read_carefully(text, is_last)
        return Portion(self._batch(rows, lines), rejections, problem)

    def _read_header(self, text: Text) -> tuple[Text, str]:
        for start, length, row in _records(text.lines, self._delimiter):
            if row is not None and _is_blank(text.lines[start : start + length]):
                continue
            numbers = range(text.first + start, text.first + start + length)
            problem = self._use_header(row, any(number in text.undecodable for number in numbers))
            rest = {number: line for number, line in text.undecodable.items() if number >= numbers.stop}
            return Text(numbers.stop, text.lines[start + length :], rest), problem
        return Text(text.first + len(text.lines), [], {}), ""

    def _use_header(self, row: list[str] | None, is_undecodable: bool) -> str:
        if row is None or is_undecodable:
            return self.miss_header(UNDECODABLE if is_undecodable else "row.malformed")
        self._names = told_apart(row)
        self._refusal, problem = missing_columns(self._intake, self._names)
        return problem

    def _plain_rows(self, lines: list[str]) -> list[list[str]] | None:
        """All rows, if each line is a whole record of the right width; one column alone may be a blank line."""
        width = len(self._names or ())
        try:
            rows = list(csv.reader(lines, delimiter=self._delimiter, strict=True))
        except csv.Error:
            return None
        is_plain = width > 1 and len(rows) == len(lines) and set(map(len, rows)) <= {width}
        return rows if is_plain else None

    def _read_carefully(self, text: Text, is_last: bool) -> tuple[list[list[str]], list[int], list[Rejection]]:
        rows: list[list[str]] = []
        lines: list[int] = []
        rejections: list[Rejection] = []
        for start, length, row in _records(text.lines, self._delimiter):
            if row is None and not is_last and start + length == len(text.lines):
                self._held = _since(text, start)
                break
            length = 1 if row is None else length
            if row is not None and _is_blank(text.lines[start : start + length]):
                continue
            rejection = self._rejection(text, range(start, start + length), row)
            if rejection is not None:
                rejections.append(rejection)
            elif row is not None:
                rows.append(row)
                lines.append(text.first + start)
        return rows, lines, rejections

    def _rejection(self, text: Text, span: range, row: list[str] | None) -> Rejection | None:
        line = text.first + span.start
        undecodable = any(text.first + place in text.undecodable for place in span) if text.undecodable else False
        if undecodable:
            whole = b"".join(text.undecodable.get(text.first + place, text.lines[place].encode()) for place in span)
            return Rejection(line, UNDECODABLE, payload=bytes_payload(whole))
        payload = "".join(text.lines[span.start : span.stop])
        if row is None:
            return Rejection(line, "row.malformed", payload=line_payload(payload))
        if self._refusal is not None:
            return Rejection(line, *self._refusal, payload=line_payload(payload))
        if len(row) != len(self._names or ()):
            return Rejection(line, "row.columns", payload=line_payload(payload))
        return None

    def _batch(self, rows: list[list[str]], lines: Sequence[int]) -> pa.RecordBatch | None:
        if not rows or self._names is None:
            return None
        values = (pa.array(column, pa.string()) for column in zip(*rows, strict=True))
        return raw_batch(self._intake, pa.array(lines, pa.int64()), dict(zip(self._names, values, strict=True)))


def _records(lines: list[str], delimiter: str) -> Iterator[tuple[int, int, list[str] | None]]:
    """Place, length in lines and fields of each record.

    None where line `place` begins no record, having looked at `length` lines: a quote is never closed, or
    closed in the middle of a field. Then the next line is tried, so that one stray quote costs one line.
    """
    start = 0
    while start < len(lines):
        reader = csv.reader(map(lines.__getitem__, range(start, len(lines))), delimiter=delimiter, strict=True)
        try:
            row = next(reader)
        except csv.Error:
            yield start, reader.line_num, None
            start += 1
        else:
            yield start, reader.line_num, row
            start += reader.line_num


def _joined(held: Text, text: Text) -> Text:
    if not held.lines:
        return text
    return Text(held.first, held.lines + text.lines, {**held.undecodable, **text.undecodable})


def _since(text: Text, start: int) -> Text:
    first = text.first + start
    undecodable = {number: line for number, line in text.undecodable.items() if number >= first}
    return Text(first, text.lines[start:], undecodable)


def _is_blank(lines: list[str]) -> bool:
    return not "".join(lines).strip(_BLANK)
