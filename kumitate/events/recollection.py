"""What is remembered of one person: the newest events of each step, what has fired, and what waits.

As JSON it is small and bounded: `most` events a step, texts of 200 characters, `FIRINGS` firings a trigger, and never
more than `LARGEST_BYTES`. Where something is dropped to keep to that, a floor says up to when it was: below it nothing
fires rather than fire twice.
"""

from __future__ import annotations

import json
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from kumitate.events.plan import FUTURE_MS, Step, Triggering

FIRINGS = 100
"""Firings remembered of a trigger."""
NAMES = 8
"""Identifiers remembered of a person, the newest."""
CONSENTS = 20
"""Consents from which on only refusals are remembered."""
LARGEST_BYTES = 200_000
_MAY_BE_LARGE = 200
"""Events, from which on the size is looked at."""
_LATE_MS = 60_000
"""An event that arrives later than this is remembered with when it came."""
_NEVER = -(2**62)


class Entry(NamedTuple):
    """An event as remembered: when it happened, its id (digest), its columns; `arrived`, where it came late, or 0."""

    at: int
    id: str
    values: Mapping[str, Any]
    arrived: int = 0


class Firing(NamedTuple):
    """That a trigger has fired: when, by the events' time, and for which key (digest)."""

    at: int
    key: str


@dataclass(slots=True)
class Recollection:
    """A person's state, taken apart; `data` puts it together."""

    entries: dict[str, list[Entry]] = field(default_factory=dict)
    """By step, oldest first."""
    floors: dict[str, int] = field(default_factory=dict)
    """By step: up to when events were dropped because there were too many."""
    fired: dict[str, list[Firing]] = field(default_factory=dict)
    """By trigger, oldest first."""
    fired_floors: dict[str, int] = field(default_factory=dict)
    timers: dict[str, int] = field(default_factory=dict)
    """By trigger: when its timer goes off."""
    pending: list[dict[str, Any]] = field(default_factory=list)
    """What has fired and is not told yet."""
    consents: dict[str, tuple[int, bool]] = field(default_factory=dict)
    """By purpose and channel: when it was last said, and whether it is granted."""
    names: list[str] = field(default_factory=list)
    """What events call the person, as `kind:hash`; the newest last."""

    def data(self) -> dict[str, Any]:
        """As JSON, without what is empty."""
        found = {
            "e": {step: [_plain(entry) for entry in each] for step, each in self.entries.items() if each},
            "l": dict(self.floors),
            "f": {trigger: [list(one) for one in each] for trigger, each in self.fired.items() if each},
            "m": dict(self.fired_floors),
            "t": dict(self.timers),
            "p": list(self.pending),
            "c": {name: list(said) for name, said in self.consents.items()},
            "n": list(self.names),
        }
        return {name: value for name, value in found.items() if value}

    def floor(self, step: str) -> int:
        return self.floors.get(step, _NEVER)

    def fired_floor(self, trigger: str) -> int:
        return self.fired_floors.get(trigger, _NEVER)

    def window(self, step: str, first: int, end: int) -> list[Entry]:
        """Events from `first`, before `end`."""
        entries = self.entries.get(step, [])
        return entries[bisect_left(entries, (first,)) : bisect_left(entries, (end,))]

    def denied(self) -> list[str]:
        """The consents that the newest events have taken back."""
        return sorted(name for name, (_, granted) in self.consents.items() if not granted)

    def take(self, name: str, entry: Entry, *, step: Step, now: int) -> bool:
        """Remember an event, once; False where it is known, too old, of the future, or below the floor."""
        entries = self.entries.setdefault(name, [])
        if not now - step.keep_ms <= entry.at <= now + FUTURE_MS or entry.at <= self.floor(name):
            return False
        if any(known.id == entry.id for known in entries):
            return False
        insort(entries, entry if now - entry.at > _LATE_MS else entry._replace(arrived=0), key=_order)
        self._trim(name, step, now)
        return bool(entries) and _order(entries[0]) <= _order(entry)

    def note_firing(self, trigger: str, firing: Firing) -> None:
        """Remember it; of too many the oldest are dropped."""
        known = self.fired.setdefault(trigger, [])
        if firing not in known:
            insort(known, firing)
        while len(known) > FIRINGS:
            self.fired_floors[trigger] = max(self.fired_floor(trigger), known.pop(0).at)

    def note_consent(self, name: str, at: int, *, granted: bool) -> bool:
        """The newest word holds, of two at one time the refusal; whether there is anything new to keep."""
        last = self.consents.get(name)
        if last is not None and (at, not granted) <= (last[0], not last[1]):
            return False
        if last is None and granted and len(self.consents) >= CONSENTS:
            return False
        self.consents[name] = (at, granted)
        return not granted or (last is not None and not last[1])

    def note_names(self, names: Iterable[str]) -> bool:
        """Whether any was not known."""
        new = [name for name in names if name not in self.names]
        self.names = [*self.names, *new][-NAMES:]
        return bool(new)

    def forget(self, triggering: Triggering, now: int) -> None:
        """Drop what can no longer matter, and what no trigger asks for any more; keep to the bounds."""
        for name in [*self.entries]:
            step = triggering.steps.get(name)
            if step is None:
                del self.entries[name]
                self.floors.pop(name, None)
            else:
                self._trim(name, step, now)
        for name in [*self.floors]:
            if name not in triggering.steps or self.floors[name] < now - triggering.steps[name].keep_ms:
                del self.floors[name]
        self._forget_firings(triggering, now)
        if sum(map(len, self.entries.values())) > _MAY_BE_LARGE:
            self._shrink()

    def _forget_firings(self, triggering: Triggering, now: int) -> None:
        for trigger in [*self.fired]:
            watch = triggering.watches.get(trigger)
            if watch is not None and watch.once_ms is not None:
                oldest = now - watch.once_ms - watch.fresh_ms - watch.lateness_ms
                self.fired[trigger] = [one for one in self.fired[trigger] if one.at >= oldest]

    def _trim(self, name: str, step: Step, now: int) -> None:
        entries = self.entries[name]
        del entries[: bisect_left(entries, (now - step.keep_ms,))]
        self._drop(name, len(entries) - step.most)

    def _drop(self, name: str, count: int) -> None:
        if count > 0:
            entries = self.entries[name]
            self.floors[name] = max(self.floor(name), entries[count - 1].at)
            del entries[:count]

    def _shrink(self) -> None:
        """Events are dropped, the oldest quarter of each step at a time, until the whole is small enough."""
        while self._bytes() > LARGEST_BYTES and any(self.entries.values()):
            for name, entries in self.entries.items():
                self._drop(name, -(-len(entries) // 4))

    def _bytes(self) -> int:
        return len(json.dumps([self.data()["e"]] if any(self.entries.values()) else [], ensure_ascii=False).encode())


def recollected(data: Mapping[str, Any] | None) -> Recollection:
    """The state of a person; of nobody yet, an empty one."""
    if not data:
        return Recollection()
    return Recollection(
        {step: [Entry(*entry) for entry in each] for step, each in data.get("e", {}).items()},
        dict(data.get("l", {})),
        {trigger: [Firing(*one) for one in each] for trigger, each in data.get("f", {}).items()},
        dict(data.get("m", {})),
        dict(data.get("t", {})),
        list(data.get("p", [])),
        {name: (at, granted) for name, (at, granted) in data.get("c", {}).items()},
        list(data.get("n", [])),
    )


def united(one: Recollection, other: Recollection) -> Recollection:
    """Two states that turn out to be one person's; united twice it is the same. `one`'s timers stay."""
    found = recollected(one.data())
    for step, entries in other.entries.items():
        mine = found.entries.setdefault(step, [])
        known = {entry.id for entry in mine}
        mine.extend(entry for entry in entries if entry.id not in known)
        mine.sort(key=_order)
    for floors, others in ((found.floors, other.floors), (found.fired_floors, other.fired_floors)):
        for name, floor in others.items():
            floors[name] = max(floors.get(name, _NEVER), floor)
    for trigger, firings in other.fired.items():
        for firing in firings:
            found.note_firing(trigger, firing)
    told = {each["id"] for each in found.pending}
    found.pending.extend(each for each in other.pending if each["id"] not in told)
    for name, (at, granted) in other.consents.items():
        found.note_consent(name, at, granted=granted)
    found.note_names(other.names)
    return found


def _order(entry: Entry) -> tuple[int, str]:
    return entry.at, entry.id


def _plain(entry: Entry) -> list[Any]:
    if entry.arrived:
        return list(entry)
    return [entry.at, entry.id, dict(entry.values)]
