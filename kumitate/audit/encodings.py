"""Which encoding a text file is in, told from all of its bytes; and, where lines differ, from each line's."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

LAST_RESORT = "latin-1"
"""Any bytes are text in it, though not always the one that was meant."""
WINDOWS = "cp1252"
"""The same with quotes, dashes and € where Latin-1 has control characters."""
MIXED = "mixed"

_SAMPLE_BYTES = 64 * 1024
_JAPANESE = ("cp932", "euc_jp")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ESCAPES_OF_JIS = (b"\x1b$B", b"\x1b$@", b"\x1b(J")
_LETTERS_A_ZERO = 100
"""In UTF-16 at least every fiftieth character is ASCII (a delimiter, a line's end), whose other byte is zero."""
_BEYOND_TWO_BYTES = "\u0800"
_MARKS = re.compile(rb"[,;\t]")
"""What parts fields, and is never the second byte of a Japanese letter."""
_RUN = re.compile(rb"[\x80-\xff]{3,}")
_FOREIGN = re.compile(rb"[\x80-\xff]+")
_EUC_KANJI = re.compile(rb'"?(?:[\xb0-\xcf][\xa1-\xdf]){2,}"?')
"""Common kanji (JIS level 1) in EUC whose bytes are half-width kana in cp932."""
_HALF_WIDTH = re.compile(rb"[\x00-\x7f\xa1-\xdf]*")
_MOST_IN_RUNS = 0.5


def from_beginning(head: bytes) -> str:
    """What a file's first bytes prove (a mark, or the zeros of wide characters); an empty string where nothing."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    for name, place in (("utf-16-le", 1), ("utf-16-be", 0)):
        zeros = head[place::2].count(0)
        if (
            zeros > len(head) // _LETTERS_A_ZERO
            and zeros == head.count(0)
            and decodes((head[: len(head) // 2 * 2],), name)
        ):
            return name
    return "iso2022_jp" if any(escape in head for escape in _ESCAPES_OF_JIS) else ""


def decodes(blocks: Iterable[bytes], encoding: str) -> bool:
    """Whether all blocks, in order, are one text in the encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for block in blocks:
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def likeliest(lines: Iterable[bytes]) -> str:
    """What lines that are no UTF-8 are in: the first 64 KiB of them are read as each candidate and compared.

    Japanese text stands in runs; read as Japanese, the accents of European text stand alone between Latin letters.
    """
    sample = list(_first(line for line in lines if not is_utf8(line)))
    best = _best(sample)
    if best != LAST_RESORT:
        return best
    fields = [field for line in sample for field in _MARKS.split(line)]
    # Fields in UTF-8 make their lines unreadable in any other encoding.
    is_mixed = any(is_japanese_utf8(field) for field in fields)
    return _best([field for field in fields if not is_utf8(field)]) if is_mixed else best


def _best(sample: list[bytes]) -> str:
    readable = [
        (_oddness(sample, name), place, name) for place, name in enumerate(_JAPANESE) if _all_decode(sample, name)
    ]
    best = min(readable, default=None)
    return LAST_RESORT if best is None or best[0] > _oddness(sample, LAST_RESORT) else best[2]


def line_encoding(line: bytes, other: str) -> str:
    """The encoding of one line of a mixed file: `ascii`, `utf-8`, or `other` where it is no UTF-8.

    Any bytes are European letters: what is taken for those may be all that several Japanese encodings have in common.
    """
    if line.isascii() or is_utf8(line):
        return "ascii" if line.isascii() else "utf-8"
    own = likeliest((line,)) if is_european(other) else other
    return own if own in _JAPANESE else other


def mended(line: bytes, other: str, delimiter: bytes) -> str:
    """A line's text, where the file or even the line mixes UTF-8 with `other`: told field by field.

    UnicodeDecodeError where a field is neither; see `first_unread`.
    """
    if is_utf8(line):
        return line.decode()
    return delimiter.decode().join(_field(field, other) for field in line.split(delimiter))


def is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_japanese_utf8(text: bytes) -> bool:
    """Two bytes of half-width kana may be UTF-8 by chance; Japanese in UTF-8 takes three a letter."""
    return not text.isascii() and is_utf8(text) and max(text.decode()) >= _BEYOND_TWO_BYTES


def is_european(encoding: str) -> bool:
    """Whether it reads any bytes, or nearly any, as Western European text."""
    return encoding in (LAST_RESORT, WINDOWS)


def has_utf8_field(line: bytes) -> bool:
    """Whether letters beyond ASCII stand there in UTF-8, be it between others."""
    return not line.isascii() and any(not field.isascii() and is_utf8(field) for field in _MARKS.split(line))


Place = tuple[int, int]
"""Line and field, from 1."""


def first_unread(lines: Iterable[bytes], other: str, delimiter: bytes) -> Place | None:
    """Where the first field of a mixed file is that is text neither in UTF-8 nor in `other`; None where all are."""
    judge = _first_no_european if is_european(other) else _first_no_japanese
    return judge(_fields(lines, delimiter), other)


def _fields(lines: Iterable[bytes], delimiter: bytes) -> Iterator[tuple[Place, bytes]]:
    """Those with letters beyond ASCII."""
    for number, line in enumerate(lines, 1):
        if not line.isascii():
            fields = enumerate(line.rstrip(b"\r\n").split(delimiter), 1)
            yield from (((number, place), field) for place, field in fields if not field.isascii())


def _first_no_european(fields: Iterator[tuple[Place, bytes]], other: str) -> Place | None:
    """As any bytes are European letters, they are believed unless most stand three in a row, which is no such text."""
    first: Place | None = None
    foreign = in_runs = 0
    for place, field in fields:
        if is_utf8(field):
            continue
        if not decodes((field,), other):
            return place
        runs = sum(map(len, _RUN.findall(field)))
        foreign += sum(map(len, _FOREIGN.findall(field)))
        in_runs += runs
        first = first or (place if runs else None)
    return first if in_runs > _MOST_IN_RUNS * foreign else None


def _first_no_japanese(fields: Iterator[tuple[Place, bytes]], other: str) -> Place | None:
    """Kanji in EUC are half-width kana in cp932: they are not believed where the column has other letters, too."""
    kana: dict[int, Place] = {}
    lettered: set[int] = set()
    for place, field in fields:
        if is_japanese_utf8(field):
            lettered.add(place[1])
        elif not decodes((field,), other):
            return place
        elif other == "cp932" and _EUC_KANJI.fullmatch(field):
            kana.setdefault(place[1], place)
        elif not _HALF_WIDTH.fullmatch(field):
            lettered.add(place[1])
    return min((place for column, place in kana.items() if column in lettered), default=None)


def _field(field: bytes, other: str) -> str:
    if field.isascii() or is_japanese_utf8(field) or (is_european(other) and is_utf8(field)):
        return field.decode()
    return field.decode(other)


def _first(lines: Iterable[bytes]) -> Iterator[bytes]:
    size = 0
    for line in lines:
        yield line[:_SAMPLE_BYTES]
        size += len(line)
        if size >= _SAMPLE_BYTES:
            return


def _all_decode(lines: Iterable[bytes], encoding: str) -> bool:
    return all(decodes((line,), encoding) for line in lines)


def _oddness(lines: Iterable[bytes], encoding: str) -> float:
    """The share of letters beyond ASCII that do not stand where such letters stand."""
    odd = foreign = 0
    for line in lines:
        text = f" {line.decode(encoding)} "
        for before, letter, after in zip(text, text[1:], text[2:], strict=False):
            if letter.isascii():
                continue
            foreign += 1
            by_latin = _is_latin(before) or _is_latin(after)
            odd += not (by_latin and letter.isalpha()) if encoding == LAST_RESORT else by_latin or "｡" <= letter <= "ﾟ"
    return odd / max(foreign, 1)


def _is_latin(letter: str) -> bool:
    return letter.isascii() and letter.isalpha()
