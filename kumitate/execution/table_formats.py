"""What kind of table a file holds, told by its first bytes and its ending, and how its bytes are read."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

from kumitate.errors import FatalError

Kind = Literal["csv", "jsonl", "parquet", "excel"]

_GZIP = b"\x1f\x8b\x08"
_PARQUET = b"PAR1"
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_ENDINGS: dict[str, Kind] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".parquet": "parquet", ".xlsx": "excel", ".xlsm": "excel", ".xlsb": "excel", ".xls": "excel", ".ods": "excel",
}  # fmt: skip
_DELIMITERS = ",\t;|"
_HEAD_BYTES = 64 * 1024
_MARKS = "\ufeff \t\r\n"


@dataclass(frozen=True, slots=True)
class Format:
    """A file on this machine, and what it is."""

    path: Path
    kind: Kind
    is_gzip: bool
    head: bytes
    """The first bytes, unpacked."""

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """The file's bytes from the beginning, unpacked."""
        with self.path.open("rb") as file:
            yield cast(IO[bytes], gzip.GzipFile(fileobj=file)) if self.is_gzip else file


def format_of(path: Path) -> Format:
    """Content goes before ending; what shows nothing is CSV. FatalError for a packed file that is no table."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    is_gzip = head.startswith(_GZIP)
    head = _unpacked(path, head) if is_gzip else head
    return Format(path, _kind(path, head), is_gzip, head)


def _unpacked(path: Path, packed: bytes) -> bytes:
    """As much as these bytes hold: the file may be cut short, and that is for its reader to say."""
    try:
        return zlib.decompressobj(wbits=31).decompress(packed, _HEAD_BYTES)
    except zlib.error as error:
        raise FatalError(f"{path}: cannot be unpacked; get the file anew") from error


def _kind(path: Path, head: bytes) -> Kind:
    ending = Path(path.name.lower().removesuffix(".gz")).suffix
    if head.startswith(_PARQUET):
        return "parquet"
    if head.startswith(_WORKBOOKS):
        if _ENDINGS.get(ending) != "excel":
            raise FatalError(f"{path}: is an archive or a workbook by its content; unpack it, or name it .xlsx")
        return "excel"
    named = _ENDINGS.get(ending)
    if named in ("parquet", "excel") and head:
        raise FatalError(f"{path}: is no {named} file by its content; give it the ending of what it is, such as .csv")
    if named is None and head.lstrip().startswith(b"{"):
        return "jsonl"
    return named or "csv"


def delimiter_of(path: Path, line: str) -> str:
    """What parts the fields of a header line: of comma, tab, semicolon and bar the one it has most."""
    if path.name.lower().removesuffix(".gz").endswith(".tsv"):
        return "\t"
    bare = "".join(line.split('"')[::2])
    return max(_DELIMITERS, key=lambda mark: (bare.count(mark), -_DELIMITERS.index(mark)))


def header_line(text: str) -> str:
    """The first line that says anything."""
    return next((line for line in text.splitlines() if line.strip(_MARKS)), "").strip("\ufeff\r\n")
