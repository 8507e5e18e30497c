"""Text as people mean it: compatibility forms unified (NFKC), invisible characters gone, blanks single."""

from __future__ import annotations

import re
import unicodedata

from kumitate.errors import RecordError
from kumitate.readings.reading import NOTHING, Reading, Step, stepped

_BLANKS = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85")
_CONTROLS = ((0x00, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x200B, 0x200B), (0x200E, 0x200F), (0x202A, 0x202E),
    (0x2060, 0x206F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB), (0xE0000, 0xE00FF),
    (0x115F, 0x1160), (0x3164, 0x3164), (0xFFA0, 0xFFA0))  # fillers of Hangul  # fmt: skip
_JOINERS = ((0x200C, 0x200D), (0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
"""Zero-width (non-)joiners and variation selectors: an IVS tells a glyph, not a letter; emoji are made with them."""


def _removing(ranges: tuple[tuple[int, int], ...]) -> dict[int, None]:
    return {point: None for first, last in ranges for point in range(first, last + 1) if chr(point) not in _BLANKS}


_CONTROLS_REMOVED = _removing(_CONTROLS)
_REMOVED = _removing(_CONTROLS + _JOINERS)


def without_invisible(value: str) -> str:
    return value if value.isascii() and value.isprintable() else value.translate(_REMOVED)


def without_controls(value: str) -> str:
    """Joiners and selectors stay: prose may hold emoji and scripts that need them."""
    return value if value.isascii() and value.isprintable() else value.translate(_CONTROLS_REMOVED)


def nfkc(value: str) -> str:
    return unicodedata.normalize("NFKC", value)


_VOICED = re.compile("[うかきくけこさしすせそたちつてとはひふへほウカキクケコサシスセソタチツテトハヒフヘホ][゛゜]")
_MARK = {"゛": "\u3099", "゜": "\u309a"}


def unified(value: str) -> str:
    """NFKC, where a voice mark typed by itself joins its kana: `ハ゛ラ` is `バラ`; NFKC would put a blank before it."""
    return nfkc(_VOICED.sub(_joined, value))


def _joined(found: re.Match[str]) -> str:
    pair = found[0]
    joined = unicodedata.normalize("NFC", pair[0] + _MARK[pair[1]])
    return joined if len(joined) == 1 else pair


def with_single_blanks(value: str) -> str:
    return " ".join(value.split())


TEXT_STEPS: tuple[Step, ...] = (
    # Invisible characters go first: between a letter and its mark they would keep NFKC from joining the two.
    ("invisible", without_invisible),
    ("width", unified),
    ("blanks", with_single_blanks),
)


def text(value: str) -> str | None:
    """`"ＡＢＣ　㈱\\u200b"` is `ABC (株)`; None where nothing is left."""
    plain: str | None = read_text(value).value
    return plain


def read_text(value: str) -> Reading:
    """The same with the codes of what was done."""
    reading = stepped(value, TEXT_STEPS)
    return reading if reading.value else NOTHING


def read_id(value: str) -> Reading:
    """An identifier as text; a list or an object of JSON is none."""
    reading = read_text(value)
    if reading.value and (reading.value[0] + reading.value[-1]) in {"[]", "{}"}:
        raise RecordError("id.several")
    return reading


def read_free_text(value: str) -> Reading:
    """Prose: as text, line by line; emoji keep their joiners, empty lines within stay."""
    steps = (("line_ends", _with_line_feeds), ("invisible", without_controls), ("width", unified), ("blanks", _trimmed))
    reading = stepped(value, steps)
    return reading if reading.value else NOTHING


def _with_line_feeds(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")


def _trimmed(value: str) -> str:
    return "\n".join(with_single_blanks(line) for line in value.split("\n")).strip()
