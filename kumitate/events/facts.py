"""What a fired trigger tells: columns of the events that made it true, or of others that were remembered."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from kumitate.events.plan import Told, Watch
from kumitate.events.proofs import Proof
from kumitate.events.recollection import Entry, Recollection

LARGEST_BYTES = 64_000
"""Of all facts together; EventBridge takes events of 256 KB."""
PERSON = "person_id"
_DECIDES_NOTHING = "\x1f"
"""Stands for the person in the key that a state holds: whoever it is, it is the state's own."""


def facts_of(watch: Watch, known: Recollection, proof: Proof, *, as_of: int) -> dict[str, Any]:
    """The facts by name; lists lose their oldest items where all are too large together."""
    found = {name: _fact(told, known, proof, as_of=as_of) for name, told in watch.facts.items()}
    while _bytes(found) > LARGEST_BYTES:
        name = max((name for name in found if isinstance(found[name], list)), key=lambda name: _bytes(found[name]))
        found[name] = found[name][-(len(found[name]) // 2) :] if len(found[name]) > 1 else []
    return found


def key_of(template: str, facts: Mapping[str, Any], person: str = _DECIDES_NOTHING) -> str:
    """`{person_id}:{cart_id}` with its values; a missing one is empty."""
    parts = []
    for literal, name, _, _ in string.Formatter().parse(template):
        parts.append(literal)
        if name is not None:
            parts.append(person if name == PERSON else shown(facts.get(name.removeprefix("fact."))))
    return "".join(parts)


def shown(value: Any) -> str:
    """A fact within a text."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list():
            return ", ".join(shown(each) for each in value)
        case dict():
            return " ".join(shown(each) for each in value.values())
    return str(value)


def _fact(told: Told, known: Recollection, proof: Proof, *, as_of: int) -> Any:
    if told.step is None:
        entries: Sequence[Entry] = proof
    else:
        entries = known.window(told.step, as_of - max(told.within_ms, 1), as_of)
    if told.same:
        entries = [entry for entry in entries if proof and _of(entry, told.same) == _of(proof[-1], told.same)]
    if told.without is not None:
        undoing = known.window(told.without, as_of - max(told.within_ms, 1), as_of)
        undone = _last_times([entry for entry in undoing if _may_be_same(told, entry, proof)], told.by)
        entries = [entry for entry in entries if undone.get(_of(entry, told.by), entry.at - 1) < entry.at]
    if told.take == "count":
        return len(entries)
    values = [value for entry in entries if (value := _value(told, entry)) is not None]
    return _taken(told, values)


def _taken(told: Told, values: list[Any]) -> Any:
    match told.take:
        case "list":
            return values[-told.most :]
        case "sum":
            total = sum((Decimal(str(value)) for value in values if isinstance(value, int | float)), Decimal(0))
            return int(total) if total == total.to_integral_value() else float(total)
        case "first":
            return values[0] if values else None
    return values[-1] if values else None


def _value(told: Told, entry: Entry) -> Any:
    """None where the event tells nothing of what is asked for."""
    if told.column:
        return entry.values.get(told.column)
    found = {name: entry.values[name] for name in told.columns if name in entry.values}
    return found or None


def _last_times(entries: Sequence[Entry], by: str) -> dict[Any, int]:
    return {_of(entry, by): entry.at for entry in entries if by in entry.values}


def _may_be_same(told: Told, entry: Entry, proof: Proof) -> bool:
    """What is taken out of another cart is not taken out of this one; of no cart that it tells, out of any."""
    return told.same not in entry.values or (bool(proof) and _of(entry, told.same) == _of(proof[-1], told.same))


def _of(entry: Entry, by: str) -> Any:
    return entry.values.get(by)


def _bytes(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
