"""A field's value as people write it, for messages and cards: `red, blue`, `{"size": "M"}`, `true`."""

from __future__ import annotations

import json
from typing import Any


def readable(value: Any) -> str:
    """Texts and numbers as they are, lists joined by commas, objects as JSON; what is missing is empty."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(readable(item) for item in value if item is not None)
    if isinstance(value, dict | bool):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
