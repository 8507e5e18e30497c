"""Which encoding a text file is in, told from all of its bytes; and, where lines differ, from each line's."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

LAST_RESORT = "latin-1"
"""Any bytes are text in it, though not always the one that was meant."""
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
    readable = [
        (_oddness(sample, name), place, name) for place, name in enumerate(_JAPANESE) if _all_decode(sample, name)
    ]
    best = min(readable, default=None)
    return LAST_RESORT if best is None or best[0] > _oddness(sample, LAST_RESORT) else best[2]


def line_encoding(line: bytes, other: str) -> str:
    """The encoding of one line of a mixed file: `ascii`, `utf-8`, or `other` where it is no UTF-8."""
    if line.isascii():
        return "ascii"
    return "utf-8" if is_utf8(line) else other


def mended(line: bytes, other: str, delimiter: bytes) -> str:
    """A line's text, where the file or even the line mixes UTF-8 with `other`: told field by field."""
    if is_utf8(line):
        return line.decode()
    return delimiter.decode().join(_field(field, other) for field in line.split(delimiter))


def is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _field(field: bytes, other: str) -> str:
    # Two bytes of half-width kana may be UTF-8 by chance; Japanese in UTF-8 takes three a letter.
    if is_utf8(field) and (field.isascii() or max(field.decode()) >= _BEYOND_TWO_BYTES):
        return field.decode()
    try:
        return field.decode(other)
    except UnicodeDecodeError:
        return field.decode(LAST_RESORT)


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
