"""Killed at any point and run again: every change is delivered, and no message is sent twice."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from harness.deliveries import OK, RUN, Clock, Lists, MemoryLedger, Once, Plain, Remembering, bring, creates, sender
from kumitate.activation.destinations.base import Destination
from kumitate.execution.deliver import Route
from kumitate.model.request import HttpRequest, Outcome, Request, Response
from kumitate.model.table import Table
from kumitate.ports import Mark

KEYS = ("p1", "p2", "p3", "p4", "p5")


class Kill(BaseException):
    """The process dies here."""


@dataclass
class Fuse:
    """Kills at the nth thing the process does to the world, before or after its effect."""

    burns_at: int = -1
    passed: int = 0

    def around(self, effect: Callable[[], Any]) -> Any:
        self.point()
        result = effect()
        self.point()
        return result

    def point(self) -> None:
        self.passed += 1
        if self.passed == self.burns_at:
            raise Kill


@dataclass
class Vendor:
    """A destination account that counts what happened to it, and remembers it."""

    fuse: Fuse
    effects: Counter[str] = field(default_factory=Counter)

    def send(self, request: Request) -> Response:
        assert isinstance(request, HttpRequest)
        if request.method == "GET":
            there = [key for key in request.keys if self.effects[key]]
            return Response(200, json.dumps({"there": there}).encode())
        self.fuse.around(lambda: self.effects.update(request.keys))
        return OK


class FusedLedger(MemoryLedger):
    fuse: Fuse

    def claim(self, run_id: str, sync: str, keys: Iterable[str]) -> None:
        self.fuse.around(lambda: super(FusedLedger, self).claim(run_id, sync, keys))

    def settle(self, run_id: str, sync: str, outcomes: Iterable[Outcome]) -> None:
        self.fuse.around(lambda: super(FusedLedger, self).settle(run_id, sync, outcomes))


class FusedLists(Lists):
    fuse: Fuse

    def write(self, table: Table, batches: Iterable[pa.RecordBatch], mark: Mark) -> int:
        written: int = self.fuse.around(lambda: super(FusedLists, self).write(table, batches, mark))
        return written


@dataclass
class World:
    """What outlives the process: the vendor, the ledger's file, the lake."""

    destination: Destination
    fuse: Fuse = field(default_factory=Fuse)

    def __post_init__(self) -> None:
        self.vendor = Vendor(self.fuse)
        self.ledger = FusedLedger(Clock())
        self.lists = FusedLists({"s": creates(*KEYS)})
        self.ledger.fuse = self.lists.fuse = self.fuse

    def run(self, kill_at: int = -1) -> bool:
        """Whether the run came to its end."""
        self.fuse.burns_at, self.fuse.passed = kill_at, 0
        clock = Clock()
        try:
            account = sender(self.vendor, clock)
            bring(self.lists, self.ledger, Route(account, {"s": self.destination}))
        except Kill:
            return False
        return True


def kill_points(destination: Destination) -> range:
    world = World(destination)
    assert world.run()
    return range(1, world.fuse.passed + 1)


@pytest.mark.parametrize("destination", [Plain(), Once(), Remembering()], ids=lambda each: type(each).__name__)
def test_an_unbroken_run_delivers_everything_once(destination: Destination) -> None:
    world = World(destination)
    world.run()
    assert world.vendor.effects == Counter(KEYS)
    assert len(kill_points(destination)) > 2 * len(KEYS)


def test_rows_that_may_be_repeated_all_arrive_and_are_accounted_for_once() -> None:
    for point in kill_points(Plain()):
        world = World(Plain())
        assert world.run(point) is False
        assert world.run() is True
        assert set(world.vendor.effects) == set(KEYS)
        assert world.lists.verdicts() == dict.fromkeys(KEYS, "accepted")
        assert len(world.lists.written) == len(KEYS)


@pytest.mark.parametrize("second", [1, 2, 3, 5, 8])
def test_no_message_is_sent_twice_however_often_the_run_is_killed(second: int) -> None:
    for point in kill_points(Once()):
        world = World(Once())
        world.run(point)
        world.run(second)
        world.run()
        verdicts = world.lists.verdicts()
        assert max(world.vendor.effects.values()) == 1
        assert set(verdicts.values()) <= {"accepted", "unknown"}
        assert all(world.vendor.effects[key] == 1 for key, verdict in verdicts.items() if verdict == "accepted")
        assert sum(verdict == "unknown" for verdict in verdicts.values()) <= 2, "only rows in flight when killed"


@pytest.mark.parametrize("second", [1, 2, 3, 5, 8])
def test_where_the_destination_remembers_every_message_arrives_exactly_once(second: int) -> None:
    for point in kill_points(Remembering()):
        world = World(Remembering())
        world.run(point)
        world.run(second)
        world.run()
        assert world.vendor.effects == Counter(KEYS)
        assert world.lists.verdicts() == dict.fromkeys(KEYS, "accepted")


def test_the_ledger_of_the_test_loses_nothing_in_a_kill() -> None:
    world = World(Once())
    assert world.run(3) is False
    assert [type(note) for note in world.ledger.notes(RUN.id, "s").values()] == [datetime]
