"""Values for fields that hold one value each: lists parted by semicolons, objects as JSON, never Python's own words."""

from __future__ import annotations

import json
from typing import Any


def one_value(value: Any) -> Any:
    """Lists and objects as text, all else as it is; what is missing in a list is left out."""
    if isinstance(value, list):
        return ";".join(item_text(item) for item in value if item is not None)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value


def one_text(value: Any) -> str:
    """The same as text alone: `true`, `12.5`, and empty where there is no value."""
    plain = one_value(value)
    if plain is None:
        return ""
    return ("true" if plain else "false") if isinstance(plain, bool) else str(plain)


def texts(value: Any) -> list[str]:
    """A field's several values, each as text; a missing one is none of them."""
    several = value if isinstance(value, list) else [value]
    return [item_text(item) for item in several if item is not None]


def item_text(item: Any) -> str:
    return json.dumps(item, ensure_ascii=False) if isinstance(item, list) else one_text(item)
