"""A collector in memory: what it answers to a call, and what it has kept."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kumitate.errors import RetryableError
from kumitate.events.collecting import Collecting, Intake, Key
from kumitate.events.collector import Collector
from kumitate.model.event import Answer, Call, Event

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PUBLIC = Key("pages", "web-key")
TRACK = {"type": "track", "event": "Order Completed", "userId": "u1", "messageId": "m1"}


@dataclass
class MemoryIntake:
    """Keeps each id once; `full` places of what it is given next, or everything, cannot be kept."""

    events: list[Event] = field(default_factory=list)
    full: frozenset[int] = frozenset()
    is_down: bool = False

    def take(self, events: Sequence[Event]) -> frozenset[int]:
        if self.is_down:
            raise RetryableError("the stream is gone", 7)
        known = {(event.source, event.id) for event in self.events}
        for place, event in enumerate(events):
            if place not in self.full and (event.source, event.id) not in known:
                known.add((event.source, event.id))
                self.events.append(event)
        return self.full


@dataclass
class Gate:
    """Asks everybody to wait so long."""

    seconds: float = 0.0
    asked: list[tuple[str, int, float]] = field(default_factory=list)

    def wait(self, key: str, events: int, *, per_second: float, now: datetime) -> float:  # noqa: ARG002 (the port's)
        self.asked.append((key, events, per_second))
        return self.seconds


class Desk:
    """A collector for one source `web` unless others are given; what goes wrong inside is raised."""

    def __init__(self, *intakes: Intake, secrets: Mapping[str, str] | None = None, **rules: Any) -> None:
        given = intakes or (Intake(**{"source": "web", "keys": (PUBLIC,), **rules}),)
        self.intake, self.gate, self.trouble = MemoryIntake(), Gate(), list[Exception]()
        self.collector = Collector(
            Collecting(given),
            intake=self.intake,
            rates=self.gate,
            secret=lambda name: (secrets or {})[name],
            trouble=self.trouble.append,
        )

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(event.line) for event in self.intake.events]

    @property
    def marks(self) -> dict[str, Any]:
        """Of the last event."""
        marks: dict[str, Any] = self.lines[-1]["_kumitate"]
        return marks

    def ask(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> Answer:
        call = {"body": b"", "address": "203.0.113.42", "at": NOW} | more
        return self.collector.answer(Call(method, path, dict(headers or {}), **call))

    def post(self, path: str, content: Any, *, key: str = "web-key", **more: Any) -> dict[str, Any]:
        """The answer's JSON, with its status."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        headers = {"authorization": basic(key)} if key else {}
        answer = self.ask("POST", path, body=body, **more | {"headers": headers | more.get("headers", {})})
        return {"status": answer.status, **json.loads(answer.body)}

    def track(self, event: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """One track call; its line is the last that was kept."""
        return self.post("/v1/track", {**TRACK, **(event or {})}, **more)


def basic(key: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


def reasons(told: Mapping[str, Any]) -> list[tuple[int, str]]:
    return [(each["index"], each["reason"]) for each in told["rejected"]]
