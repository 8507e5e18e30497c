"""Quotes of a delimited text that are left open: a lenient reader would make one row of all that follows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager

from kumitate.errors import FatalError
from kumitate.execution.table_formats import Format

_LONGEST_FIELD = 2**31 - 1


def check_quotes(file: Format, encoding: str, mark: str) -> None:
    """FatalError names the line of the first record whose quote is never closed, or closed within a field.

    A look at the number of quotes per line tells most files to be well; only others are read strictly.
    """
    if not _has_odd_line(file):
        return
    line = _first_malformed(file, encoding, mark)
    if line is not None:
        raise FatalError(
            f"{file.path}:{line}: a quote is never closed, or closed within a field; mend the line, or read the file "
            "as a source, whose quarantine keeps such rows"
        )


def _has_odd_line(file: Format) -> bool:
    with file.opened() as stream:
        return any(line.count(b'"') % 2 for line in stream)


def _first_malformed(file: Format, encoding: str, mark: str) -> int | None:
    with file.opened() as stream, io.TextIOWrapper(stream, encoding, newline="") as text, long_fields():
        reader = csv.reader(text, delimiter=mark, strict=True)
        ended = 0
        try:
            for _ in reader:
                ended = reader.line_num
        except csv.Error:
            return ended + 1
    return None


@contextmanager
def long_fields() -> Iterator[None]:
    """The module's own limit of 128 KiB would refuse honest texts; it is one for the whole process."""
    before = csv.field_size_limit(_LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)
