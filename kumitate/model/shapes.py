"""Shows the shape of a value without the value: enough to see what is wrong, not enough to know who."""

from __future__ import annotations

import re
import unicodedata

_KEPT_WORDS = re.compile("令和|平成|昭和|大正|明治|[年月日時分秒]")
_NOTHING = re.compile("(?!)")
_LENGTH = 60
_WIDE_BLANK = "\u3000"
"""Between the parts of a Japanese name; no printable character to Python, and nothing that was lost."""


def shape(value: str, *, keep: re.Pattern[str] = _KEPT_WORDS) -> str:
    """`山田 090-1234` becomes `漢漢 999-9999`; the words of Japanese dates stay."""
    kept: list[str] = []
    at = 0
    for word in keep.finditer(value[:_LENGTH]):
        kept.append("".join(map(_class, value[at : word.start()])))
        kept.append(word[0])
        at = word.end()
    kept.append("".join(map(_class, value[at:_LENGTH])))
    return "".join(kept) + ("…" if len(value) > _LENGTH else "")


def full_shape(value: str) -> str:
    """The same with no word kept, for what is no date: `日向` is `漢漢`."""
    return shape(value, keep=_NOTHING)


_SCRIPTS = (
    ("HALFWIDTH KATAKANA", "ｱ"), ("KATAKANA", "ア"), ("HIRAGANA", "あ"), ("CJK", "漢"),
    ("FULLWIDTH LATIN CAPITAL", "Ａ"), ("FULLWIDTH LATIN SMALL", "ａ"),
)  # fmt: skip


def _class(character: str) -> str:
    if character.isdigit():
        return "９" if character > "\x7f" else "9"
    if not character.isalpha():
        is_shown = character.isprintable() or character == _WIDE_BLANK
        return character if is_shown else "↵" if character in "\r\n" else "�"
    name = unicodedata.name(character, "")
    script = next((sign for prefix, sign in _SCRIPTS if name.startswith(prefix)), None)
    if script is not None:
        return script
    if character.isupper():
        return "A"
    return "a" if character.islower() else "漢"
