"""Readings in kana: one script, one width, whole voiced letters, long vowels with their own mark."""

from __future__ import annotations

import re
from functools import cache, partial

import pyarrow as pa

from kumitate.cleanse.columns import Chain, Shortcut, Way
from kumitate.cleanse.name_parts import family_and_given
from kumitate.cleanse.text import half_width, words
from kumitate.cleanse.translation import Lookup, lookup, translated
from kumitate.cleanse.values import settled
from kumitate.errors import RecordError
from kumitate.readings.reading import NOTHING, Reading, Step, stepped
from kumitate.readings.text import TEXT_STEPS, nfkc, text

KATAKANA_OF = {chr(point): chr(point + 0x60) for point in (*range(0x3041, 0x3097), 0x309D, 0x309E)}
"""Hiragana -> katakana, also of the repeat marks ゝ and ゞ."""
_KATAKANA_OF = str.maketrans(KATAKANA_OF)

_VOICE_MARKS = str.maketrans({"゛": "\u3099", "゜": "\u309a"})
_LONE_MARKS = re.compile("[\u3099\u309a]")
# Between kana also 一 (one) is a dash that was mistaken; at the end it may be what it is.
_KANA_DASH = re.compile(r"(?<=[ァ-ヺー])(?:[-‐‑‒–—―−─━~〜]|一(?=[ァ-ヺ]))")

_SMALL_KANA = "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ"
_LARGE_KANA = "あいうえおつやゆよわかけアイウエオツヤユヨワカケ"
_LARGE_OF = str.maketrans(_SMALL_KANA, _LARGE_KANA)


def to_katakana(value: str) -> str:
    return value.translate(_KATAKANA_OF)


def with_long_vowels(value: str) -> str:
    """`ヨ-コ` is `ヨーコ`: whatever dash stands behind katakana."""
    return settled(lambda reading: _KANA_DASH.sub("ー", reading), value)


def with_large_kana(value: str) -> str:
    """`シヤトー` of `シャトー`: banks and old registers know no small kana. A form to match by, not a clean value."""
    return value.translate(_LARGE_OF)


def _joined_marks(value: str) -> str:
    """A voice mark joins its kana (`カ゛` is `ガ`); one that no kana takes goes."""
    return _LONE_MARKS.sub("", nfkc(value.translate(_VOICE_MARKS))) if _has_marks(value) else value


def _has_marks(value: str) -> bool:
    return any(mark in value for mark in "゛゜\u3099\u309a")


KANA_STEPS: tuple[Step, ...] = (
    # Before NFKC, which would turn ゛ into a blank with a mark.
    ("voice_mark", _joined_marks),
    *TEXT_STEPS,
    ("voice_mark", _joined_marks),
    ("blanks", TEXT_STEPS[-1][1]),
    ("kana_script", to_katakana),
    ("long_vowel", with_long_vowels),
)


def read_kana(value: str) -> Reading:
    """`"ﾔﾏﾀﾞ"` and `"やまだ"` are `ヤマダ`; kanji and Latin letters stay, small kana too."""
    reading = stepped(value, KANA_STEPS)
    if any(char.isalpha() and char != "ー" for char in reading.value):
        return reading
    if text(value) is None:
        return NOTHING
    raise RecordError("kana.no_letter")


@cache
def _katakana() -> Lookup:
    return lookup(KATAKANA_OF)


def _in_katakana(values: pa.Array) -> pa.Array:
    return translated(values, _katakana())


_KATAKANA = "ァ-ヺー"
_ONLY_MARKS = "^ー"

SHORTCUTS = (
    Shortcut(words(_KATAKANA), unless=_ONLY_MARKS),
    Chain(
        words(f"{_KATAKANA}ぁ-ゖｦ-ﾟ", "[ \u3000]"),
        (("width", half_width), ("kana_script", _in_katakana)),
        words(_KATAKANA),
        _ONLY_MARKS,
    ),
)

kana_way = partial(Way, read_kana, SHORTCUTS, family_and_given)
