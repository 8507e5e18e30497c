"""One visit to the online store as its tracking library reports it: calls in the shape of the Segment spec."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from .clock import zulu
from .dice import unique_id
from .orders import Line

Call = dict[str, Any]
_LIBRARY = {"name": "analytics.js", "version": "2.11.1"}


@dataclass(slots=True)
class Visit:
    """A device, perhaps someone logged in, and a clock that moves with every call."""

    rng: Random
    device: str
    at: datetime
    member_no: str | None = None
    email: str | None = None
    path: str = "/"
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.at = self.at.astimezone(UTC)

    def page(self, path: str, name: str) -> None:
        self.path = path
        self._call("page", {"name": name, "properties": {"path": path, "title": name}})

    def track(self, event: str, **properties: object) -> None:
        self._call("track", {"event": event, "properties": properties})

    def log_in(self, member_no: str | None, email: str | None) -> None:
        """From now on calls carry who it is; leads without an account carry their e-mail only."""
        self.member_no, self.email = member_no, email
        self._call("identify", {"traits": {"email": email} if email else {}})

    def view(self, line: Line) -> None:
        self.path = f"/products/{line.stock_code.lower()}"
        self.track("Product Viewed", **_product(line))

    def add(self, line: Line, cart_id: str) -> None:
        self.track("Product Added", **_product(line), quantity=line.quantity, cart_id=cart_id)

    def _call(self, kind: str, what: Call) -> None:
        self.at += timedelta(milliseconds=int(4000 + self.rng.random() * 50_000))
        sent = self.at + timedelta(milliseconds=int(self.rng.random() * 900))
        happened = zulu(self.at)
        context: Call = {"library": _LIBRARY, "page": {"path": self.path}}
        if self.email:
            context["traits"] = {"email": self.email}
        call: Call = {"type": kind, "messageId": unique_id(self.rng), "anonymousId": self.device}
        if self.member_no:
            call["userId"] = self.member_no
        times = {"originalTimestamp": happened, "sentAt": zulu(sent), "timestamp": happened}
        self.calls.append({**call, **what, "context": context, **times})


def _product(line: Line) -> Call:
    return {"product_id": line.stock_code, "name": line.description, "price": line.price, "currency": "GBP"}
