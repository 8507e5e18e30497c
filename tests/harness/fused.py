"""A world that dies at a touch: fuses around the ledger, the memory, the lake and the vendor; lines that overlap."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from harness.deliveries import OK, Clock, Lists, MemoryLedger, NotedMemory, SentPages
from kumitate.errors import RetryableError
from kumitate.execution.flight import Direct, Landing, Line
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response
from kumitate.model.table import Table
from kumitate.ports import Mark


class Kill(BaseException):
    """The process dies here."""


@dataclass
class Fuse:
    """Kills at the nth thing the process does to the world, before or after its effect."""

    burns_at: int = -1
    passed: int = 0
    kills: int = 0

    def around(self, effect: Callable[[], Any]) -> Any:
        self.point()
        result = effect()
        self.point()
        return result

    def point(self) -> None:
        self.passed += 1
        if self.passed == self.burns_at:
            self.kills += 1
            raise Kill


class Begun:
    """A request is under way while other work is done; it arrives at once."""

    overlaps = True
    begin = Direct.begin


class Soon:
    """A request arrives at once, and whoever waits for it finds time for other work before its answer is looked at."""

    overlaps = True

    def begin(self, send: Callable[[], Response]) -> Landing:
        return _Soon(Direct().begin(send))


@dataclass
class _Soon:
    landed: Landing
    looks: int = 0

    def done(self) -> bool:
        self.looks += 1
        return self.looks > 4

    def result(self) -> Response:
        return self.landed.result()


class Late:
    """A request is under way while other work is done; it arrives when it is waited for."""

    overlaps = True

    def begin(self, send: Callable[[], Response]) -> Landing:
        return _Late(send)


@dataclass
class _Late:
    send: Callable[[], Response]
    looks: int = 0

    def done(self) -> bool:
        self.looks += 1
        return self.looks > 2

    def result(self) -> Response:
        return self.send()


LINES: Mapping[str, Line] = {"direct": Direct(), "begun": Begun(), "soon": Soon(), "late": Late()}


@dataclass
class Vendor:
    """A destination account that counts what happened to it, and remembers it; some answers it gives too late."""

    around: Callable[[Callable[[], Any]], Any]
    clock: Clock
    refuses: frozenset[str] = frozenset()
    knows_again: bool = False
    late_at: frozenset[int] = frozenset()
    """Which requests it carries out a minute later, when nobody waits for the answer any more."""
    effects: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    _due: list[tuple[datetime, tuple[str, ...]]] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        assert isinstance(request, HttpRequest)
        self.calls += 1
        self._catch_up()
        if request.method == "GET":
            there = [key for key in request.keys if self.effects[key]]
            return Response(200, json.dumps({"there": there}).encode())
        if self.refuses & set(request.keys):
            self.around(lambda: None)
            return Response(400, b"{}")
        if self.calls in self.late_at:
            self.around(lambda: self._due.append((self.clock() + timedelta(seconds=60), request.keys)))
            raise RetryableError("no answer")
        self.around(lambda: self._take(request.keys))
        return OK

    def _catch_up(self) -> None:
        for due, keys in self._due:
            if due <= self.clock():
                self._take(keys)
        self._due = [each for each in self._due if each[0] > self.clock()]

    def settled(self) -> Counter[str]:
        """What has happened, and what still comes."""
        self.clock.sleep(3600)
        self._catch_up()
        return self.effects

    def _take(self, keys: tuple[str, ...]) -> None:
        self.effects.update(key for key in keys if not (self.knows_again and self.effects[key]))


class FusedLedger(MemoryLedger):
    fuse: Fuse

    def claim(self, run_id: str, sync: str, keys: Iterable[str]) -> None:
        self.fuse.around(lambda: super(FusedLedger, self).claim(run_id, sync, keys))

    def settle(self, run_id: str, sync: str, outcomes: Iterable[Outcome]) -> None:
        self.fuse.around(lambda: super(FusedLedger, self).settle(run_id, sync, outcomes))


class FusedMemory(NotedMemory):
    fuse: Fuse

    def remember(self, sync: str, name: str, state: Mapping[str, Any] | None) -> None:
        self.fuse.around(lambda: super(FusedMemory, self).remember(sync, name, state))


class FusedPages(SentPages):
    fuse: Fuse

    def keep(self, name: str, changes: Sequence[Change]) -> Mapping[str, Any]:
        kept: Mapping[str, Any] = self.fuse.around(lambda: super(FusedPages, self).keep(name, changes))
        return kept

    def drop(self, place: Mapping[str, Any]) -> None:
        self.fuse.around(lambda: super(FusedPages, self).drop(place))


class FusedLists(Lists):
    fuse: Fuse

    def write(self, table: Table, batches: Iterable[pa.RecordBatch], mark: Mark) -> int:
        written: int = self.fuse.around(lambda: super(FusedLists, self).write(table, batches, mark))
        return written
