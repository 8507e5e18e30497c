"""Shows the shape of a value without the value: enough to see what is wrong, not enough to know who."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable

_KEPT_WORDS = re.compile("令和|平成|昭和|大正|明治|[年月日時分秒]")
_LENGTH = 60
_PERSONAL_PATTERNS = (
    re.compile(r"[^\s\"'<>@,;:()]+@[^\s\"'<>@,;:()]+"),
    re.compile(r"\b[0-9a-fA-F]{16,}\b"),
    re.compile(r"\"[^\"]+\"|'[^']+'|“[^”]+”|「[^」]+」"),
    re.compile(r"\+?\d[\d\-() ]{4,}\d"),
)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


def shape(value: str) -> str:
    """`山田 090-1234` becomes `漢漢 999-9999`; the words of Japanese dates stay."""
    kept: list[str] = []
    at = 0
    for word in _KEPT_WORDS.finditer(value[:_LENGTH]):
        kept.append("".join(map(_class, value[at : word.start()])))
        kept.append(word[0])
        at = word.end()
    kept.append("".join(map(_class, value[at:_LENGTH])))
    return "".join(kept) + ("…" if len(value) > _LENGTH else "")


def payload_shape(payload: str, field: str) -> str:
    """The shape of the field that failed, or of the row where no single field did."""
    if payload.startswith("base64:"):
        return f"({(len(payload) - 7) * 3 // 4} bytes)"
    try:
        row = json.loads(payload)
    except ValueError:
        return shape(payload)
    if not isinstance(row, dict):
        return shape(str(row))
    if field in row:
        return shape(_text(row[field]))
    return shape(" | ".join(_text(value) for value in row.values()))


def message_shape(message: str, personal: Iterable[str]) -> str:
    """A destination's own words, without the row's own values and without what looks like a person's.

    Where the row's values are not known, nothing but ASCII stays: a name could hide in the rest.
    """
    values = {part for value in personal for part in (value, *value.split()) if len(part) > 1}
    for value in sorted(values, key=lambda value: (-len(value), value)):
        message = message.replace(value, "…")
    for pattern in _PERSONAL_PATTERNS if values else (*_PERSONAL_PATTERNS, _NOT_ASCII):
        message = pattern.sub("…", message)
    return message[:240]


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_SCRIPTS = (("HALFWIDTH KATAKANA", "ｱ"), ("KATAKANA", "ア"), ("HIRAGANA", "あ"), ("CJK", "漢"))


def _class(character: str) -> str:
    if character.isdigit():
        return "９" if character > "\x7f" else "9"
    if not character.isalpha():
        return character if character.isprintable() else "�"
    name = unicodedata.name(character, "")
    script = next((sign for prefix, sign in _SCRIPTS if name.startswith(prefix)), None)
    if script is None and character > "\x7f":
        return "漢"
    return script or ("A" if character.isupper() else "a")
