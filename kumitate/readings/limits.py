"""The longest text, in characters, that is looked at as a value."""

from __future__ import annotations

from collections.abc import Mapping

LIMITS: Mapping[str, int] = {
    "text": 65_536,
    "id": 1_000,
    "name": 500,
    "kana": 500,
    "company": 500,
    "email": 500,
    "address": 1_000,
    "url": 8_192,
    "free_text": 1_000_000,
    "json": 1_000_000,
}
"""By semantic type (`config.source.Semantic`); a longer one is `<semantic>.too_long`."""
SHORT = 100
"""The same for what has no limit of its own: numbers, dates, phones, codes."""


def limit_of(semantic: str) -> int:
    """Characters."""
    return LIMITS.get(semantic, SHORT)
