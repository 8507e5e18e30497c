"""CSV and JSON as Arrow tables of strings, whatever they are encoded in."""

from __future__ import annotations

import codecs
import csv
import io
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv as pc_csv

from kumitate.audit.encodings import (
    LAST_RESORT,
    MIXED,
    WINDOWS,
    decodes,
    first_unread,
    from_beginning,
    has_utf8_field,
    is_european,
    is_japanese_utf8,
    is_utf8,
    likeliest,
    mended,
)
from kumitate.errors import FatalError, RecordError
from kumitate.execution.table_formats import Format, delimiter_of, format_of, header_line
from kumitate.execution.table_quotes import check_quotes, long_fields
from kumitate.ingest.jsonl_reader import parsed, value_texts

_BLOCK_BYTES = 4 * 2**20
_BLOCK_SIZES = (4 * 2**20, 64 * 2**20, 1024 * 2**20)
_LINES_NAMED = 5
_MEANT = {"shift_jis": "cp932", "sjis": "cp932", "euc-jp": "euc_jp", "utf-8": "utf-8-sig"}

Take = Callable[..., pa.Table]
"""What Arrow's `read_csv` is; another may put the rows elsewhere; it is called anew where rows need larger blocks."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file is decoded: as one, or (`mixed`) line by line as UTF-8 or else as `other`."""

    name: str
    other: str = ""


def encoding_of(file: Format) -> Encoding:
    """The encoding that all bytes of the file have, or `mixed`."""
    known = from_beginning(file.head)
    if known and _is_all(file, known):
        return Encoding(known)
    if b"\0" in file.head:
        raise FatalError(f"{file.path}: holds bytes that are no text; is it CSV, JSON lines, Parquet or Excel at all?")
    if _is_all(file, "utf-8"):
        return Encoding("utf-8-sig")
    with file.opened() as stream:
        other = likeliest(stream)
    if other == LAST_RESORT and not _is_printed(file):
        other = WINDOWS
    seems_utf8 = has_utf8_field if is_european(other) else is_japanese_utf8
    with file.opened() as stream:
        has_utf8 = any(seems_utf8(line) for line in stream)
    return Encoding(MIXED, other) if has_utf8 or not _is_all(file, other) else Encoding(other)


def _is_printed(file: Format) -> bool:
    """Whether Latin-1 would have no control characters where Windows has quotes and dashes."""
    with file.opened() as stream:
        return not any(
            any(0x80 <= byte < 0xA0 for byte in line) for line in stream if not line.isascii() and not is_utf8(line)
        )


def read_csv(file: Format, encoding: str | None, delimiter: str | None, *, take: Take = pc_csv.read_csv) -> pa.Table:
    """All rows as strings; FatalError names the first lines that do not have the header's fields.

    Where some of the file is in another encoding than UTF-8, the table's metadata name that (see `mixed_with`).
    """
    found = _given(file, encoding) if encoding else encoding_of(file)
    head = header_line(file.head.decode(_head_encoding(found), errors="replace"))
    mark = delimiter or delimiter_of(file.path, head)
    if not head:
        raise FatalError(f"{file.path}: holds nothing, not even a header; get the file anew")
    if encoding is None:
        _check_read(file, found, mark, names=_bare(head.split(mark)))
    if found.name != MIXED:
        return _parsed(file, found.name, mark, take=take)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / file.path.name.removesuffix(".gz")
        try:
            table = _parsed(_mended(file, found.other, mark, copy=copy), "utf-8", mark, take=take)
        except FatalError as error:
            raise FatalError(str(error).replace(str(copy), str(file.path))) from None
    return table.replace_schema_metadata({MIXED: found.other})


def _bare(names: list[str]) -> list[str]:
    return [name.strip('"\ufeff ') for name in names]


def _check_read(file: Format, found: Encoding, mark: str, *, names: Sequence[str] = ()) -> None:
    """Refuse what would only be read as letters that nobody wrote."""
    other = found.other or found.name
    if found.name != MIXED and not is_european(other):
        return
    with file.opened() as stream:
        place = first_unread(stream, other, mark.encode())
    if place is None:
        return
    line, field = place
    column = f", column {names[field - 1]!r}" if field <= len(names) and line > 1 else ""
    raise FatalError(
        f"{file.path}:{line}{column}: the text is in another encoding than the lines and columns beside it, and which "
        "one cannot be told; save the file in one encoding, UTF-8 best"
    )


def mixed_with(table: pa.Table) -> str:
    """The encoding that some of the file's lines or fields had among others in UTF-8; empty where all had one."""
    told: bytes = (table.schema.metadata or {}).get(MIXED.encode(), b"")
    return told.decode()


def _mended(file: Format, other: str, mark: str, *, copy: Path) -> Format:
    """The same file, all of it in UTF-8."""
    with file.opened() as stream, copy.open("wb") as out:
        out.writelines(mended(line, other, mark.encode()).encode() for line in stream)
    return format_of(copy)


def read_json(file: Format, encoding: str | None) -> pa.Table:
    """A row per line, or per object of one list; FatalError names the first lines that are no object."""
    found = _given(file, encoding) if encoding else encoding_of(file)
    if encoding is None:
        _check_read(file, found, '"')
    objects = list(_objects(file, found))
    names = dict.fromkeys(chain.from_iterable(objects))
    return pa.table({name: value_texts([found.get(name) for found in objects]) for name in names})


def _given(file: Format, encoding: str) -> Encoding:
    name = _MEANT.get(encoding.lower().replace("-", "_").replace("utf_8", "utf-8"), encoding)
    try:
        codecs.lookup(name)
    except LookupError:
        raise FatalError(f"{file.path}: unknown encoding {encoding!r}; such as utf-8, cp932, latin-1") from None
    if not _is_all(file, name):
        raise FatalError(
            f"{file.path}: is not in {encoding} throughout; leave the encoding to be told, or mend the file"
        )
    return Encoding(name)


def _is_all(file: Format, encoding: str) -> bool:
    with file.opened() as stream:
        return decodes(iter(lambda: stream.read(_BLOCK_BYTES), b""), encoding)


def _head_encoding(found: Encoding) -> str:
    return found.other if found.name == MIXED else found.name


def _parsed(file: Format, encoding: str, mark: str, *, take: Take) -> pa.Table:
    """By Arrow's reader, with larger blocks where one row is larger than a block."""
    check_quotes(file, encoding, mark)
    for size in _BLOCK_SIZES:
        with file.opened() as stream:
            table = _by_arrow(file, partial(take, stream), encoding, mark=mark, block_size=size)
        if table is not None:
            return table
    raise FatalError(
        f"{file.path}: a row is larger than {_BLOCK_SIZES[-1] // 2**20} MB: a quote is never closed, perhaps"
    )


def _by_arrow(file: Format, take: Take, encoding: str, *, mark: str, block_size: int) -> pa.Table | None:
    wrong: list[int] = []

    def note(row: pc_csv.InvalidRow) -> str:
        wrong.append(row.actual_columns)
        return "skip"

    parse = pc_csv.ParseOptions(delimiter=mark, newlines_in_values=True, invalid_row_handler=note)
    types = dict.fromkeys(_header(file, encoding, mark), pa.string())
    convert = pc_csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""])
    read = pc_csv.ReadOptions(encoding="utf8" if encoding == "utf-8-sig" else encoding, block_size=block_size)
    try:
        table = take(read_options=read, parse_options=parse, convert_options=convert)
    except pa.ArrowInvalid as error:
        if "straddl" in str(error):
            return None
        raise FatalError(f"{file.path}: is no table of delimited text; check its format and delimiter") from None
    if wrong:
        raise FatalError(_misfits(file, encoding, mark))
    return table


def _misfits(file: Format, encoding: str, mark: str) -> str:
    """The first rows that do not have the header's fields, by line."""
    with file.opened() as stream, io.TextIOWrapper(stream, encoding, newline="") as text, long_fields():
        reader = csv.reader(text, delimiter=mark)
        width = len(next(row for row in reader if row))
        lines = list(islice((str(reader.line_num) for row in reader if row and len(row) != width), _LINES_NAMED))
    return (
        f"{file.path}: the rows that end on lines {', '.join(lines)} (and perhaps more) do not have the header's "
        f"{width} fields; mend them, or read the file as a source, whose quarantine keeps such rows"
    )


def _header(file: Format, encoding: str, mark: str) -> list[str]:
    text = codecs.getincrementaldecoder(encoding)("replace").decode(file.head)
    return next((row for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark) if row), [])


def _objects(file: Format, found: Encoding) -> Iterator[dict[str, Any]]:
    with file.opened() as stream:
        lines = (_decoded(line, found) for line in stream) if found.name == MIXED else _text_lines(stream, found.name)
        first = next(lines, "")
        if first.lstrip("\ufeff \t\r\n").startswith("["):
            yield from _listed(file, first + "".join(lines))
            return
        for number, line in enumerate(chain((first,), lines), 1):
            if line.strip():
                try:
                    yield parsed(line)
                except RecordError as error:
                    raise FatalError(f"{file.path}:{number}: no JSON object ({error.reason}); mend the line") from None


def _text_lines(stream: IO[bytes], encoding: str) -> Iterator[str]:
    with io.TextIOWrapper(stream, encoding, newline="\n") as text:
        yield from text


def _decoded(line: bytes, found: Encoding) -> str:
    """Every string by itself."""
    return mended(line, found.other, b'"')


def _listed(file: Format, text: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise FatalError(f"{file.path}: neither JSON lines nor one list of objects; write one object a line")
    return found
