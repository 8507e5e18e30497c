"""Stand-ins for the ports of real time, and small projects with triggers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kumitate.config.identity import Entity
from kumitate.config.project import Config
from kumitate.config.settings import Settings
from kumitate.config.source import Source
from kumitate.config.trigger import Trigger
from kumitate.events.plan import Triggering
from kumitate.events.triggering import triggering_of
from kumitate.model.event import MARKS, State

START = datetime(2026, 3, 1, tzinfo=UTC)
WEB = {
    "kind": "events",
    "path": "web*.jsonl",
    "format": "jsonl",
    "key": ["message_id"],
    "time": "happened_at",
    "event": "event",
    "identifiers": {"anonymous_id": "anonymous_id", "member_no": "member_no", "email": "email"},
    "columns": {
        "message_id": {"from": "messageId", "type": "id", "required": True},
        "event": {},
        "anonymous_id": {"from": "anonymousId", "type": "id"},
        "member_no": {"from": "userId", "type": "id"},
        "email": {"from": "context.traits.email", "type": "email"},
        "path": {"from": "context.page.path"},
        "item": {"from": "properties.item", "type": "id"},
        "cart": {"from": "properties.cart", "type": "id"},
        "price": {"from": "properties.price", "type": "decimal"},
        "plan": {"from": "properties.plan"},
        "happened_at": {"from": "timestamp", "type": "timestamp", "required": True},
    },
}
PERSON = {"identifiers": {"member_no": {}, "email": {"blocked": ["test@.*"]}, "anonymous_id": {"within": "90d"}}}


def project(**triggers: Any) -> Config:
    return Config(
        root=Path(),
        settings=Settings.model_validate({"project": "shop", "timezone": "Asia/Tokyo", "country": "JP"}),
        sources={"web": Source.model_validate(WEB)},
        identity={"person": Entity.model_validate(PERSON)},
        triggers={name: Trigger.model_validate(each) for name, each in triggers.items()},
    )


def plan(**triggers: Any) -> Triggering:
    return triggering_of(project(**triggers))


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def event(name: str, hours: float, id_: str = "", *, who: Mapping[str, Any] | None = None, **properties: Any) -> str:
    """A collected line; `who` is `{"anonymousId": …, "userId": …}`."""
    happened = at(hours).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    marks = properties.pop("marks", {})
    return json.dumps(
        {
            "type": "track",
            "event": name,
            "messageId": id_ or f"{name}@{hours}",
            "timestamp": happened,
            "properties": properties,
            **({"anonymousId": "a1"} if who is None else who),
            MARKS: {"source": "web", **marks},
        }
    )


@dataclass
class Store:
    """A StateStore in memory; `before` and `after` are called around each write and read."""

    held: dict[str, State] = field(default_factory=dict)
    versions: int = 0

    def read(self, keys: Sequence[str]) -> Mapping[str, State]:
        return {key: self.held[key] for key in keys if key in self.held}

    def write(self, key: str, data: Mapping[str, Any] | None, *, instead_of: int) -> bool:
        if (self.held[key].version if key in self.held else 0) != instead_of:
            return False
        self.versions += 1
        self.held.pop(key, None)
        if data is not None:
            self.held[key] = State(json.loads(json.dumps(data)), self.versions)
        return True

    def publish(self, entries: Iterable[tuple[str, Mapping[str, Any] | None]]) -> None:
        for key, data in entries:
            self.write(key, data, instead_of=self.held[key].version if key in self.held else 0)


@dataclass
class Timers:
    waiting: dict[str, tuple[datetime, Mapping[str, Any]]] = field(default_factory=dict)

    def set(self, name: str, at: datetime, payload: Mapping[str, Any]) -> None:
        self.waiting[name] = at, json.loads(json.dumps(payload))

    def cancel(self, name: str) -> None:
        self.waiting.pop(name, None)

    def gone_off(self, now: datetime) -> list[Mapping[str, Any]]:
        due = sorted((when, name) for name, (when, _) in self.waiting.items() if when <= now)
        return [self.waiting.pop(name)[1] for _, name in due]


@dataclass
class Bus:
    told: list[Mapping[str, Any]] = field(default_factory=list)

    def put(self, detail_type: str, detail: Mapping[str, Any]) -> None:
        assert detail_type == "Trigger fired"
        self.told.append(json.loads(json.dumps(detail)))


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@dataclass
class World:
    """A processor with its ports, and a clock that timers go off by."""

    triggering: Triggering
    store: Store = field(default_factory=Store)
    timers: Timers = field(default_factory=Timers)
    bus: Bus = field(default_factory=Bus)
    clock: Clock = field(default_factory=Clock)

    @property
    def processor(self) -> Any:
        from kumitate.events.processor import Processor

        return Processor(self.triggering, self.store, self.timers, self.bus, clock=self.clock)

    def until(self, hours: float) -> None:
        """Let the time pass; timers go off in order."""
        while due := [when for when, _ in self.timers.waiting.values() if when <= at(hours)]:
            self.clock.now = max(min(due), self.clock.now)
            for payload in self.timers.gone_off(self.clock.now):
                self.processor.wake(payload)
        self.clock.now = max(at(hours), self.clock.now)

    def come(self, *lines: str, hours: float | None = None) -> tuple[tuple[int, str], ...]:
        if hours is not None:
            self.until(hours)
        return self.processor.process(lines)

    def fired(self, trigger: str | None = None) -> list[tuple[float, str]]:
        """Hours and keys of what fired, each id once."""
        told = {each["id"]: each for each in self.bus.told if trigger in (None, each["trigger"])}
        return sorted((hours_of(each["at"]), each["key"]) for each in told.values())


def hours_of(moment: str) -> float:
    return (datetime.fromisoformat(moment) - START) / timedelta(hours=1)


ADDED, ORDERED, REMOVED = ({"source": "web", "event": name} for name in ("Added", "Ordered", "Removed"))
CART: dict[str, Any] = {
    "when": {"sequence": {"steps": [ADDED], "then_not": {"event": ORDERED, "span": "24h"}, "within": "7d"}},
    "key": "{person_id}:{cart}",
    "once_per": "ever",
    "facts": {
        "cart": {"column": "cart"},
        "items": {"columns": ["item", "price"], "of": ADDED, "take": "list", "same": "cart"},
        "left": {"column": "item", "of": ADDED, "take": "list", "without": REMOVED, "by": "item"},
        "total": {"column": "price", "of": ADDED, "take": "sum", "same": "cart"},
        "adds": {"take": "count", "of": ADDED},
        "first_item": {"column": "item", "of": ADDED, "take": "first"},
    },
}  # fmt: skip
KEEN: dict[str, Any] = {"when": {"event": {"source": "web", "event": "Viewed"}, "within": "7d", "at_least": 3}}
ANON, MEMBER, BOTH = {"anonymousId": "a"}, {"userId": "m"}, {"anonymousId": "a", "userId": "m"}


def viewed(*hours: float, who: dict[str, Any] = ANON, marks: dict[str, Any] | None = None) -> list[str]:
    return [event("Viewed", hour, f"v{hour}{who}", who=who, marks=marks or {}) for hour in hours]
