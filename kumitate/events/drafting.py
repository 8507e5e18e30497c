"""A contract drafted from events as they came: their fields, types, and what all of them have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

ENOUGH = 20
"""Events, below which nothing is called required: the next one may lack it."""
_DEEPEST = 6

_NAMES = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"), (dict, "object"))


@dataclass(slots=True)
class _Seen:
    """What was seen at one place."""

    times: int = 0
    types: set[str] = field(default_factory=set)
    objects: int = 0
    fields: dict[str, _Seen] = field(default_factory=dict)
    items: _Seen | None = None

    def take(self, value: Any, depth: int = 0) -> None:
        self.times += 1
        self.types.add(_name_of(value))
        if depth >= _DEEPEST:
            return
        if isinstance(value, Mapping):
            self.objects += 1
            for name, inner in value.items():
                self.fields.setdefault(name, _Seen()).take(inner, depth + 1)
        elif isinstance(value, list):
            self.items = self.items or _Seen()
            for inner in value:
                self.items.take(inner, depth + 1)

    def schema(self) -> dict[str, Any]:
        types = sorted(self.types - ({"integer"} if "number" in self.types else set()))
        described: dict[str, Any] = {"type": types[0] if len(types) == 1 else types}
        if self.fields:
            described["properties"] = {name: seen.schema() for name, seen in sorted(self.fields.items())}
            always = sorted(name for name, seen in self.fields.items() if seen.times == self.objects)
            if always and self.objects >= ENOUGH:
                described["required"] = always
        if self.items is not None and self.items.times:
            described["items"] = self.items.schema()
        return described


def draft_schema(samples: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A JSON Schema (2020-12) that accepts all of them; required is what `ENOUGH` of them or more all have."""
    seen = _Seen()
    for sample in samples:
        seen.take(sample)
    return seen.schema() if seen.times else {"type": "object"}


def brought_by(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a contract describes: the traits of identify and group (RudderStack's SDKs tell them in the context), the
    properties of the other calls.
    """
    if event.get("type") not in ("identify", "group"):
        found = event.get("properties")
    else:
        found = event.get("traits")
        context = event.get("context")
        if found is None and isinstance(context, dict):
            found = context.get("traits")
    return found if isinstance(found, dict) else {}


def _name_of(value: Any) -> str:
    return next((name for kind, name in _NAMES if isinstance(value, kind)), "null")
