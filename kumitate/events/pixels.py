"""Events of pages and mails that can load nothing but a picture: everything stands in the address."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from kumitate.errors import RecordError
from kumitate.events.unpacking import loaded

_NESTED = ("properties", "traits", "context")
_DEEPEST = 8
"""Dots of a name that are steps; more are part of the last."""


def item_of(query: Mapping[str, str]) -> dict[str, Any]:
    """`data` is the event as JSON in base64 (Segment); else each name is a place in it: `context.page.path`."""
    data = query.get("data")
    if data is not None:
        return _decoded(data)
    item: dict[str, Any] = {}
    for name, value in query.items():
        steps = name.split(".", _DEEPEST)
        if len(steps) > 1 and steps[0] in _NESTED:
            _set(item, steps, value)
        else:
            item[name] = _section(value) if name in _NESTED else value
    return item


def _set(item: dict[str, Any], steps: list[str], value: str) -> None:
    """At its place; where something else stands in the way, it is left out."""
    holder: Any = item
    for step in steps[:-1]:
        holder = holder.setdefault(step, {})
        if not isinstance(holder, dict):
            return
    holder[steps[-1]] = value


def _section(value: str) -> Any:
    try:
        return loaded(value)
    except (ValueError, RecursionError):
        return value


def _decoded(data: str) -> dict[str, Any]:
    try:
        padded = data.replace("-", "+").replace("_", "/").replace(" ", "+") + "=" * (-len(data) % 4)
        found = loaded(base64.b64decode(padded).decode("utf-8-sig"))
    except (binascii.Error, ValueError, RecursionError):
        raise RecordError("body.not_json", "data") from None
    if not isinstance(found, dict):
        raise RecordError("body.no_object", "data")
    return found
