"""Files as companies deliver them: CSV in old encodings, JSON Lines, and rows that are simply broken."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Entry(NamedTuple):
    """One row of a register, the key it has there, and (for scoring only) whose it is."""

    key: str
    person: str
    row: Any


class CsvFile:
    """A CSV file with a header; `broken` puts bytes in as they are."""

    def __init__(self, path: Path, columns: Sequence[str], *, encoding: str = "utf-8", line_end: str = "\n") -> None:
        self._file = path.open("w", encoding=encoding, newline="")
        self._writer = csv.writer(self._file, lineterminator=line_end)
        self._writer.writerow(columns)

    def row(self, values: Sequence[object]) -> None:
        self._writer.writerow(values)

    def broken(self, line: bytes) -> None:
        self._file.flush()
        self._file.buffer.write(line)

    def __enter__(self) -> CsvFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


class JsonLinesFile:
    """One JSON object a line, UTF-8."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def row(self, value: Mapping[str, Any]) -> None:
        self._file.write(_COMPACT.encode(value).encode())
        self._file.write(b"\n")

    def broken(self, line: bytes) -> None:
        self._file.write(line)

    def __enter__(self) -> JsonLinesFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
