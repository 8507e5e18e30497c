"""Columns of text: patterns of what stands as it is, and kernels for what is frequent (see `readings.text`)."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.columns import Shortcut

STABLE = (
    r"!-~À-ÖØ-ıĴ-ľŁ-ňŊ-žА-Яа-яёЁ"
    r"\x{3001}\x{3002}\x{3005}-\x{3007}\x{300C}-\x{300F}ぁ-ゖァ-ー一-\x{9FFF}가-힣"
)
"""For RE2, characters that NFKC leaves alone in any order: ASCII, Latin, Cyrillic, kana, the common kanji, Hangul."""


def words(characters: str, blank: str = " ") -> str:
    """A pattern of words of these characters with single blanks between them."""
    return f"^[{characters}]+(?:{blank}[{characters}]+)*$"


def with_plain_blanks(values: pa.Array) -> pa.Array:
    """Japanese blanks (U+3000) as plain ones."""
    return pc.replace_substring(values, "\u3000", " ")


def half_width(values: pa.Array) -> pa.Array:
    return pc.utf8_normalize(values, form="NFKC")


CLEAN = Shortcut(words(STABLE))
TEXT_SHORTCUTS = (
    CLEAN,
    Shortcut(words(STABLE, "[ \u3000]"), with_plain_blanks, "width"),
    # Letters and digits of full width stand for one of ASCII each, so that nothing can come to join.
    Shortcut(words(STABLE + "\uff01-\uff5e", "[ \u3000]"), half_width, "width"),
)
ID_SHORTCUTS = tuple(Shortcut(each.pattern, each.convert, each.codes, unless=r"^[\[{［｛]") for each in TEXT_SHORTCUTS)
