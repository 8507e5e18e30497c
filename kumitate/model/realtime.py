"""What real time can hold and read: said to who writes triggers, and kept by what carries them out."""

from __future__ import annotations

MOST = 100
"""Events remembered for a step of a sequence, of a score that counts them all, and of a fact that does."""
MOST_EVER = 500
"""Events that one step of a trigger may need to be remembered."""
READABLE = frozenset({"text", "id", "integer", "decimal", "boolean", "timestamp", "date", "email", "url"})
"""Meanings of columns whose values can be read without the weight of the lake's cleansing."""
