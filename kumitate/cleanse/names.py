"""Names of people: one spelling for what is one name; particles, diacritics and capitals stay as they are."""

from __future__ import annotations

import re
from functools import cache, partial

import pyarrow as pa

from kumitate.cleanse.columns import Kernel, Shortcut, Way
from kumitate.cleanse.name_parts import family_and_given
from kumitate.cleanse.text import STABLE, TEXT_STEPS, text, with_plain_blanks, with_single_blanks, words
from kumitate.cleanse.translation import Lookup, lookup, translated
from kumitate.cleanse.values import NOTHING, Reading, Step, settled, stepped
from kumitate.cleanse.variants import variants
from kumitate.errors import RecordError

_VARIANTS = str.maketrans(variants())

# ´ and ` are typed for an apostrophe; NFKC would make a blank of ´. The Hawaiian ʻokina is a letter and stays.
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])[’‘ʼ`´′＇](?=[^\W\d_])")
_DASH = re.compile(r"[‐‑‒–—―−]")
# In a name a dash between katakana is a long vowel mistyped; a double surname is written with ＝ or ・.
_KANA_DASH = re.compile(r"(?<=[ァ-ヺー])[-‐‑‒–—―−─━~〜](?=[ァ-ヺー・ ]|$)")
_EMOJI = re.compile(
    "[\u2600-\u27bf\u2b05-\u2b07\u2b1b-\u2b1c\u2b50\u2b55\U0001f000-\U0001f0ff\U0001f170-\U0001f1ff\U0001f300-\U0001faff]"
)

# 殿 also ends surnames (鵜殿, 真殿), 君 given names, さま readings: they are titles only where nothing else can be.
_TITLE_BEHIND = re.compile(
    r"(?:(?<=.)様|(?<=..)さん|(?<=[\u3400-\u9fffァ-ヺー ])さま|(?<=[^ ]{2})殿|(?<= )殿|(?<=.)先生)$"
)
_TITLE_BEFORE = re.compile(r"^(?:(?:mr|mrs|ms|mx|dr|prof)(?:\.\s*|\s+)|miss\s+)(?=\S)", re.IGNORECASE)


def with_plain_apostrophes(value: str) -> str:
    """`O’Brien` is `O'Brien`."""
    return _APOSTROPHE.sub("'", value)


def with_plain_dashes(value: str) -> str:
    """`Jean‐Luc` is `Jean-Luc`."""
    return _DASH.sub("-", value)


def with_long_vowels(value: str) -> str:
    return _KANA_DASH.sub("ー", value)


def without_emoji(value: str) -> str:
    return with_single_blanks(_EMOJI.sub("", value))


def with_common_kanji(value: str) -> str:
    """`髙﨑` is `高崎`."""
    return value.translate(_VARIANTS)


def without_titles(value: str) -> str:
    """`山田 太郎 様` and `Mr. Yamada` lose theirs; a name that is nothing but a title keeps it."""
    return settled(lambda name: _TITLE_BEFORE.sub("", _TITLE_BEHIND.sub("", name)).strip() or name, value)


WRITTEN_STEPS: tuple[Step, ...] = (
    ("apostrophe", with_plain_apostrophes),
    *TEXT_STEPS,
    ("emoji", without_emoji),
    ("long_vowel", with_long_vowels),
    ("dash", with_plain_dashes),
    ("variant_kanji", with_common_kanji),
)
"""What holds for names of people and of companies."""
LAST_STEP: Step = ("long_vowel", with_long_vowels)
"""Once more: what was taken off may have hidden that a dash stands at the end."""
NAME_STEPS: tuple[Step, ...] = (*WRITTEN_STEPS, ("honorific", without_titles), LAST_STEP)


def read_name(value: str) -> Reading:
    """`"髙橋　一郎 様"` is `高橋 一郎`."""
    reading = stepped(value, NAME_STEPS)
    if any(char.isalpha() for char in reading.value):
        return reading
    if text(value) is None:
        return NOTHING
    raise RecordError("name.no_letter")


def _without_variants(characters: str) -> str:
    """Of a class for RE2, what is no variant: the common kanji with holes in between."""
    old = sorted(char for char in variants() if "一" <= char <= "\u9fff")
    bounds = ["一", *(bound for char in old for bound in (chr(ord(char) - 1), chr(ord(char) + 1))), "\u9fff"]
    common = (f"{first}-{last}" for first, last in zip(bounds[::2], bounds[1::2], strict=True) if first <= last)
    return characters.replace(r"一-\x{9FFF}", "".join(common))


@cache
def _common_kanji() -> Lookup:
    return lookup(variants())


def in_common_kanji(values: pa.Array) -> pa.Array:
    return translated(with_plain_blanks(values), _common_kanji())


_LETTERS = "-',." + STABLE.replace("!-~", "A-Za-z")
_COMMON = _without_variants(_LETTERS)
KANA_DASHED = "[ァ-ヺー]-"
LETTERLESS = r"^[-',. \x{3000}-\x{300F}\x{30FB}]*$"
_TITLED = r"(?:様|さん|さま|殿|先生)$|^(?i:mrs?|m[sx]|dr|prof|miss)[. \x{3000}]"


def name_shortcuts(unless: str) -> tuple[Shortcut, ...]:
    """Names of usual characters, of which nothing but kanji and blanks can change unless they match `unless`."""
    shapes: tuple[tuple[str, str, Kernel, str | None], ...] = (
        (_COMMON, " ", lambda values: values, None),
        (_COMMON, "[ \u3000]", with_plain_blanks, "width"),
        (_LETTERS, " ", in_common_kanji, "variant_kanji"),
        (_LETTERS, "[ \u3000]", in_common_kanji, "width variant_kanji"),
    )
    return tuple(Shortcut(words(letters, blank), convert, codes, unless) for letters, blank, convert, codes in shapes)


name_way = partial(Way, read_name, name_shortcuts(f"{_TITLED}|{KANA_DASHED}|{LETTERLESS}"), family_and_given)
