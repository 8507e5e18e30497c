"""Names of people: one spelling for what is one name; particles, diacritics and capitals stay as they are."""

from __future__ import annotations

import re
from functools import cache, partial

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.columns import Chain, Shortcut, Way
from kumitate.cleanse.name_parts import family_and_given
from kumitate.cleanse.text import STABLE, with_plain_blanks, words
from kumitate.cleanse.translation import Lookup, is_exchangeable, lookup, translated
from kumitate.cleanse.values import settled
from kumitate.cleanse.variants import variants
from kumitate.errors import RecordError
from kumitate.readings.reading import NOTHING, Reading, Step, stepped
from kumitate.readings.text import TEXT_STEPS, text, with_single_blanks

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
    r"(?:(?<=.)様|(?<=..)さん|(?<=[\u3400-\u9fffァ-ヺー ])さま|(?<=[^ ]{2})殿|(?<= )殿|(?<=.)先生|"
    r"(?<=.)女士|(?<= )씨|(?<=..)님)$"
)
_TITLE_BEFORE = re.compile(
    r"^(?:(?:mr|mrs|ms|mx|dr|prof|mme|mlle)(?:\.\s*|\s+)|sra?\.\s*|(?:miss|herr|frau|monsieur|madame|señora?)\s+)(?=\S)",
    re.IGNORECASE,
)


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


def but(characters: str, others: str) -> str:
    """A class for RE2 without some of its characters; ranges of it are split around them."""
    found = set(others)
    parts = re.findall(r"(\\x\{[0-9A-F]+\}|.)(?:-(\\x\{[0-9A-F]+\}|.))?", characters)
    kept = []
    for first, last in ((_point(first), _point(last or first)) for first, last in parts):
        holes = sorted(ord(char) for char in found if first <= ord(char) <= last)
        bounds = [first, *(bound for hole in holes for bound in (hole - 1, hole + 1)), last]
        kept += [pair for pair in zip(bounds[::2], bounds[1::2], strict=True) if pair[0] <= pair[1]]
    return "".join(rf"\x{{{first:X}}}-\x{{{last:X}}}" for first, last in kept)


def _point(written: str) -> int:
    return int(written[3:-1], 16) if len(written) > 1 else ord(written)


@cache
def _common_kanji() -> Lookup:
    return lookup(variants())


def in_common_kanji(values: pa.Array) -> pa.Array:
    """𠮷 is too long in UTF-8 to be looked up."""
    return pc.replace_substring(translated(values, _common_kanji()), "𠮷", "吉")


def _without_sama(values: pa.Array) -> pa.Array:
    is_titled = pc.ends_with(values, "様")
    if not is_titled.true_count:
        return values
    bare = pc.replace_substring_regex(values.filter(is_titled), "^(.*[^ ]) ?様$", r"\1")
    return pc.replace_with_mask(values, is_titled, bare)


_WRITTEN = STABLE.replace("!-~", "A-Za-z,.").replace("Ø-ı", "Ø-öø-ı")  # ÷ is no letter
LETTERS = "-'" + _WRITTEN
COMMON = but(LETTERS, "".join(variants()))
_RARE = "".join(
    old for old in variants() if not "一" <= old <= "\u9fff" and (is_exchangeable(old, "一") or old == "𠮷")
)
SHAPE = words(f"{_WRITTEN}{_RARE}", "[ \u3000]")
"""No dash and no apostrophe, which have steps of their own."""
KANA_DASHED = "[ァ-ヺー]-"
LETTERLESS = r"^[-&',. \x{3000}-\x{300F}\x{30FB}]*$"
_TITLED = (
    r"(?:様|さん|さま|殿|先生|女士| 씨|님)$|"
    r"^(?i:mrs?|m[sx]|mme|mlle|sra?|dr|prof|miss|herr|frau|monsieur|madame|señora?)[. \x{3000}]"
)
_UNLESS = f"{_TITLED}|{KANA_DASHED}|{LETTERLESS}"

_JAPANESE = but(r"ぁ-ゖァ-ヺー々一-\x{9FFF}", "".join(variants()))
_STEPS = (("width", with_plain_blanks), ("variant_kanji", in_common_kanji), ("honorific", _without_sama))
# Most Japanese names end in nothing that looks like a title, and so need one look instead of two.
_UNTITLED = f"^(?:[{_JAPANESE}]+ )*[{_JAPANESE}]*[{but(_JAPANESE, '様殿生士んま')}]$"

SHORTCUTS = (
    Shortcut(_UNTITLED),
    Chain(words(r"ぁ-ゖァ-ヺー々一-\x{9FFF}" + _RARE, "[ \u3000]"), _STEPS, _UNTITLED),
    Shortcut(words(COMMON), unless=_UNLESS),
    Chain(SHAPE, _STEPS, words(COMMON), _UNLESS),
)

name_way = partial(Way, read_name, SHORTCUTS, family_and_given)
