"""Text as people mean it: compatibility forms unified (NFKC), invisible characters gone, blanks single."""

from __future__ import annotations

import unicodedata

_BLANKS = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85")
_INVISIBLE = (
    (0x00, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E),
    (0x2060, 0x206F), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB), (0xE0000, 0xE01EF),
)  # fmt: skip
"""Controls, zero-width and direction marks, variation selectors (an IVS tells a glyph, not a letter)."""

_REMOVED = {point: None for first, last in _INVISIBLE for point in range(first, last + 1) if chr(point) not in _BLANKS}


def text(value: str) -> str | None:
    """`"ＡＢＣ　㈱\\u200b"` is `ABC (株)`; None where nothing is left."""
    if not (value.isascii() and value.isprintable()):
        # Invisible characters go first: between a letter and its mark they would keep NFKC from joining the two.
        value = unicodedata.normalize("NFKC", value.translate(_REMOVED))
    return " ".join(value.split()) or None
