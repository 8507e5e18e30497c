"""Bytes to text, line by line where a block does not decode; and which encoding a stream seems to be in."""

from __future__ import annotations

import codecs
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO

from kumitate.ingest.lines import Break, Lines, LongLine, Read, pieces

UNDECODABLE = "encoding.undecodable"

_SAMPLE_BYTES = 64 * 1024
_MIN_FOREIGN_LINES = 20
_CANDIDATES = ("utf-8", "cp932", "euc_jp", "cp1252")
_WIDE = ("utf-16", "utf-32", "iso2022")
_MEANT = {"shift_jis": "cp932", "utf-8-sig": "utf-8"}
"""What people call Shift_JIS has 髙 and ①, which only cp932 knows."""
_JAPANESE = ("cp932", "euc_jp")
_JAPANESE_UTF8 = re.compile(rb"(?<![\x80-\xff])(?:[\xe3-\xe9][\x80-\xbf]{2}){2,}(?![\x80-\xff])")
"""Two kana or kanji and more in UTF-8, alone: in cp932 rare kanji amid half-width kana, which nobody writes."""


@dataclass(frozen=True, slots=True)
class Text:
    """A block's lines as text, ends included; `undecodable` holds by line number the bytes that are none."""

    first: int
    lines: list[str]
    undecodable: Mapping[int, bytes]


def opened(stream: IO[bytes], encoding: str) -> tuple[Read, str]:
    """How to read text whose lines end in one LF byte, and its encoding: UTF-16 and the like become UTF-8."""
    name = codecs.lookup(encoding).name
    if name.startswith(_WIDE):
        return codecs.EncodedFile(stream, "utf-8", name).read, "utf-8"
    return getattr(stream, "read1", stream.read), _MEANT.get(name, name)


def texts(stream: IO[bytes], encoding: str, limit: int) -> Iterator[Text | LongLine | Break]:
    """A stream's lines as text, in blocks."""
    read, encoding = opened(stream, encoding)
    for piece in pieces(read, limit):
        if not isinstance(piece, Lines):
            yield piece
            continue
        if piece.first == 1 and is_rather_utf8(piece.data, encoding):
            encoding = "ascii"  # what is plain ASCII stays; the rest is quarantined rather than garbled
        yield decoded(piece, encoding)


def decoded(block: Lines, encoding: str) -> Text:
    data = block.data
    if block.first == 1:
        data = data.removeprefix(codecs.BOM_UTF8)
    if not _is_misread(data, encoding):
        try:
            return Text(block.first, io.StringIO(data.decode(encoding), newline="\n").readlines(), {})
        except UnicodeDecodeError:
            pass
    return _line_by_line(block.first, data, encoding)


def _is_misread(data: bytes, encoding: str) -> bool:
    """Whether the encoding would make other letters of what is Japanese in UTF-8, be it one field of a line."""
    return encoding in _JAPANESE and _JAPANESE_UTF8.search(data) is not None


def _line_by_line(first: int, data: bytes, encoding: str) -> Text:
    lines: list[str] = []
    undecodable: dict[int, bytes] = {}
    for number, line in enumerate(io.BytesIO(data), first):
        if not _is_misread(line, encoding):
            try:
                lines.append(line.decode(encoding))
                continue
            except UnicodeDecodeError:
                pass
        undecodable[number] = line
        lines.append(line.decode(encoding, errors="replace"))
    return Text(first, lines, undecodable)


def is_rather_utf8(data: bytes, encoding: str) -> bool:
    """True where text declared in an older encoding is UTF-8 throughout: it may decode, but to nonsense."""
    if encoding == "utf-8":
        return False
    foreign = sum(not line.isascii() for line in io.BytesIO(data))
    return foreign >= _MIN_FOREIGN_LINES and _decodes(data, "utf-8")


def likely_encoding(sample: bytes) -> str:
    """The encoding `sample` reads best in, or an empty string; a hint for people, never used to decode."""
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or sample.count(0) > len(sample) // 4:
        return "utf-16"
    sample = sample[:_SAMPLE_BYTES]
    readable = [(_oddness(sample, name), place) for place, name in enumerate(_CANDIDATES) if _decodes(sample, name)]
    return _CANDIDATES[min(readable)[1]] if readable else ""


def _decodes(sample: bytes, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        decoder.decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _oddness(sample: bytes, encoding: str) -> float:
    """How little a decoding looks like written text: half-width kana, symbols and controls amid letters."""
    if encoding == "utf-8":
        return -1.0
    text = codecs.getincrementaldecoder(encoding)().decode(sample)
    foreign = [char for char in text if not char.isascii()]
    odd = sum("｡" <= char <= "ﾟ" or not unicodedata.category(char).startswith("L") for char in foreign)
    return odd / max(len(foreign), 1)
