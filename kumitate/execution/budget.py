"""An account's budget, one for all its syncs and workers: pace, waits that it asked for, the day's requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from kumitate.model.request import Response
from kumitate.ports import Memory

_RESERVED_AT_ONCE = 50
_EPOCH_FROM, _MILLISECONDS_FROM = 1e9, 1e11
"""Numbers above are seconds or milliseconds since 1970, numbers below seconds from now."""
_LONGEST_PAUSE = 86_400.0
"""Who asks for more is asked again after a day: no vendor renews an allowance later, and answers may be wrong."""
_RESETS = ("x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset")


@dataclass(slots=True, kw_only=True)
class Quota:
    """What an account may send in a day (UTC), counted by all workers together in `memory`; without one, unlimited.

    A worker reserves some requests at a time: killed, it has counted a few too many, never too few.
    """

    account: str
    most: int | None
    memory: Memory
    worker: str
    """Names who counts: two workers never write one note."""
    _day: str = field(default="", init=False)
    _left: int = field(default=0, init=False)
    _reserved: int = field(default=0, init=False)

    def take(self, now: datetime) -> bool:
        """Whether one more request may leave today."""
        if self.most is None:
            return True
        day = now.astimezone(UTC).date().isoformat()
        if day != self._day:
            self._day, self._left, self._reserved = day, 0, 0
        if not self._left:
            self._reserve(self.most)
        self._left -= 1
        return self._left >= 0

    def _reserve(self, most: int) -> None:
        counted = {name: note for name, note in self.memory.recall(self._notes).items() if name.startswith("quota.")}
        for name in [name for name, note in counted.items() if note.get("day") != self._day]:
            self.memory.remember(self._notes, name, None)
        mine = f"quota.{self._day}.{self.worker}"
        others = sum(int(n["requests"]) for name, n in counted.items() if n.get("day") == self._day and name != mine)
        self._reserved = int(counted.get(mine, {}).get("requests", self._reserved))
        self._left = max(0, min(_RESERVED_AT_ONCE, most - others - self._reserved))
        if self._left:
            self._reserved += self._left
            self.memory.remember(self._notes, mine, {"day": self._day, "requests": self._reserved})

    @property
    def _notes(self) -> str:
        return notes_of(self.account)


@dataclass(slots=True, kw_only=True)
class Budget:
    """When the next request of an account may leave; shared by threads, by the injected clock alone."""

    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    seconds_between_requests: float = 0.0
    quota: Quota | None = None
    _next_slot: datetime | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def await_slot(self) -> bool:
        """Wait for the account's next slot and take it; False where its requests of the day are used up."""
        while True:
            with self._lock:
                now = self.clock()
                wait = (self._next_slot - now).total_seconds() if self._next_slot is not None else 0.0
                if wait <= 0:
                    self._next_slot = now + timedelta(seconds=self.seconds_between_requests)
                    return self.quota is None or self.quota.take(now)
            self.sleep(wait)


def notes_of(account: str) -> str:
    """Under which name a Memory keeps what belongs to an account, beside its syncs' (no sync is called so)."""
    return f"account:{account}"


def pause_noted(memory: Memory, account: str, now: datetime) -> float:
    """Seconds that the account still wants to be left alone for, as some worker was told."""
    note: Mapping[str, Any] = memory.recall(notes_of(account)).get("pause", {})
    until = datetime.fromisoformat(note["until"]) if note else now
    return max(0.0, (until - now).total_seconds())


def retry_after(response: Response, now: datetime) -> float:
    """Seconds the answer asks for: Retry-After as seconds or a date, else the moment that the vendor's limit is reset.

    A date is held against the vendor's own clock where the answer tells it (`Date`), since ours may differ.
    """
    headers = {name.lower(): value.strip() for name, value in response.headers.items()}
    theirs = _date(headers.get("date", "")) or now
    asked = headers.get("retry-after", "")
    if asked:
        when = _date(asked)
        return _until(_number(asked), theirs) if when is None else _bounded((when - theirs).total_seconds())
    if response.status != 429:
        return 0.0
    return _until(next((_number(headers[name]) for name in _RESETS if name in headers), 0.0), theirs)


def _until(told: float, theirs: datetime) -> float:
    """Seconds, of a moment or of so many seconds from now."""
    since_1970 = told / 1000 if told >= _MILLISECONDS_FROM else told
    seconds = since_1970 - theirs.timestamp() if told >= _EPOCH_FROM else told
    return _bounded(seconds)


def _bounded(seconds: float) -> float:
    return min(max(0.0, seconds), _LONGEST_PAUSE)


def _number(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        return 0.0
    return found if 0 <= found < float("inf") else 0.0


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
