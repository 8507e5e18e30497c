"""Cleansing one value in a test: what becomes of it, and for which codes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa

from kumitate.cleanse.rules import Rule, column_cleanser
from kumitate.config.source import Semantic


def rule(semantic: Semantic, **settings: Any) -> Rule:
    settings = {"formats": (), "country": "JP", "timezone": "Asia/Tokyo", "as_of": date(2026, 11, 22), **settings}
    return Rule("x", semantic, **settings)


def outcome(semantic: Semantic, value: str, **settings: Any) -> Any:
    """The clean value; where there is none the code that says why, or None."""
    found = column_cleanser(rule(semantic, **settings))(pa.array([value]))
    clean = found.values[0].as_py()
    return found.reasons[0].as_py() if clean is None else clean


def codes(semantic: Semantic, value: str, **settings: Any) -> str | None:
    """Why the value is not as it was delivered."""
    found: str | None = column_cleanser(rule(semantic, **settings))(pa.array([value])).reasons[0].as_py()
    return found


def parts(semantic: Semantic, value: str, *names: str, **settings: Any) -> tuple[str | None, ...]:
    """What the value was taken apart into."""
    found = column_cleanser(rule(semantic, parts=names, **settings))(pa.array([value]))
    return tuple(found.parts[name][0].as_py() for name in names)
