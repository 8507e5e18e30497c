"""Shows rows and messages without what is personal in them: values by their shape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from kumitate.model.shapes import shape

_PERSONAL_PATTERNS = (
    # Looked for from the beginning of a word alone, or a long word without an @ would be read once per letter.
    re.compile(r"(?<![^\s\"'<>@,;:()])[^\s\"'<>@,;:()]++@[^\s\"'<>@,;:()]+"),
    re.compile(r"\b[0-9a-fA-F]{16,}\b"),
    re.compile(r"\"[^\"]+\"|'[^']+'|“[^”]+”|「[^」]+」"),
    re.compile(r"\+?\d[\d\-() ]{4,}\d"),
)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


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
