"""Both ways out, of a laptop and of an account, killed at every touch of the world: a firing arrives, and but once."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.cloud_world import Fuse, Kill, Vendor, World
from harness.deliveries import Clock, MemoryLedger, NotedMemory, Once, Plain, Remembering, sender
from harness.fired import CARDS, MemoryFirings, MemoryStates, fired, fired_project
from kumitate.activation.cards import fired_sync
from kumitate.activation.destinations.base import Destination
from kumitate.cloud.firing import QueuedOut
from kumitate.errors import RetryableError
from kumitate.execution.deliver import Route
from kumitate.execution.fired import Firings
from kumitate.execution.firing import LocalOut
from kumitate.execution.gathered import became
from kumitate.execution.sending import Patience
from kumitate.model.decision import Decision
from kumitate.model.request import Outcome, Response
from kumitate.ports import WayOut

KEY, LEASE = "p1:c1", 700
DESTINATIONS: dict[str, type[Destination]] = {"rows": Plain, "messages": Once, "remembered messages": Remembering}


class FusedLedger(MemoryLedger):
    """Each note is another thing done to the world."""

    fuse: Fuse

    def claim(self, run_id: str, sync: str, keys: Iterable[str]) -> None:
        self.fuse.around(lambda: super(FusedLedger, self).claim(run_id, sync, keys))

    def settle(self, run_id: str, sync: str, outcomes: Iterable[Outcome]) -> None:
        self.fuse.around(lambda: super(FusedLedger, self).settle(run_id, sync, outcomes))


class Undecided:
    """Nobody has paused anything."""

    def decisions(self) -> tuple[Decision, ...]:
        return ()

    def note(self, decision: Decision) -> None:
        raise AssertionError(decision.sync)


class Place:
    """What outlives every process; `work` is one process, which may be killed."""

    under_way = timedelta(0)

    def __init__(self) -> None:
        self.fuse, self.clock = Fuse(), Clock()
        self.states, self.book = MemoryStates(), MemoryFirings()
        self.states.publish(CARDS.items())
        self.states.touched = self.book.touched = self.fuse.point

    def out(self) -> WayOut:
        raise NotImplementedError

    def firings(self) -> Firings:
        plans = {"cart": fired_sync(fired_project(), "cart")}
        return Firings(
            plans=plans, store=self.states, book=self.book, out=self.out(), clock=self.clock, under_way=self.under_way
        )

    def deliver(self) -> None:
        """What is queued, if anything is."""

    def work(self) -> None:
        """Told, told once more, and looked at again after a while."""
        try:
            for _ in range(2):
                self.firings().told(fired())
                self.deliver()
            self.clock.sleep(LEASE * 2)
            self.firings().again()
            self.deliver()
        except Kill:
            self.clock.sleep(LEASE)

    def state(self) -> str:
        (firing,) = self.book.uncollected("cart")
        return became(firing, self.out())[0]


class Laptop(Place):
    def __init__(self, destination: Destination) -> None:
        super().__init__()
        self.destination, self.vendor = destination, Vendor(self.fuse)
        self.ledger = FusedLedger(self.clock)
        self.ledger.fuse = self.fuse

    def out(self) -> WayOut:
        way = sender(self.vendor, self.clock, patience=Patience(rounds=1, arrives_seconds=0.0))  # type: ignore[arg-type]  # fake
        given: dict[str, Any] = {"ledger": self.ledger, "memory": NotedMemory(), "controls": Undecided()}
        return LocalOut(routes=lambda: {"cart": Route(way, {"cart": self.destination})}, folder=Path(), **given)


class Account(Place):
    under_way = timedelta(seconds=LEASE)

    def __init__(self, destination: Destination) -> None:
        super().__init__()
        self.world = World(destination, clock=self.clock, fuse=self.fuse)
        self.fuse.passed = 0
        self.vendor = self.world.vendor
        self.queue: list[str] = []

    def out(self) -> WayOut:
        return QueuedOut(
            accounts={"cart": "account"},
            queue=lambda account: account,
            shelf=self.world.shelf,
            book=self.world.book,
            outbox=self,
            ledger=self.world.ledger,
        )

    def send(self, url: str, bodies: Iterable[str]) -> None:
        assert url == "account"
        self.fuse.around(lambda: self.queue.extend(bodies))

    def deliver(self) -> None:
        """Messages stay until a process has come to their end."""
        for _ in range(5):
            for body in list(self.queue):
                deliveries = self.world.process()
                deliveries.routes = {"cart": next(iter(deliveries.routes.values()))}
                try:
                    deliveries.deliver(body, self.world.time())
                except RetryableError:
                    continue
                self.queue.remove(body)
            if not self.queue:
                return
            self.clock.sleep(LEASE)


PLACES: Mapping[str, Any] = {"laptop": Laptop, "account": Account}


@pytest.mark.parametrize("kind", DESTINATIONS)
@pytest.mark.parametrize("where", PLACES)
def test_killed_at_every_point_a_firing_arrives_once_or_is_unknown(where: str, kind: str) -> None:
    calm = PLACES[where](DESTINATIONS[kind]())
    calm.work()
    assert (calm.state(), calm.vendor.effects[KEY]) == ("accepted", 1)
    assert calm.fuse.passed >= 8
    for point in range(1, calm.fuse.passed + 1):
        place = PLACES[where](DESTINATIONS[kind]())
        place.fuse.at, place.fuse.act = point, _die
        place.work()
        place.work()
        place.work()
        state, arrived = place.state(), place.vendor.effects[KEY]
        if kind == "messages":
            assert (state, arrived) in {("accepted", 1), ("unknown", 0), ("unknown", 1)}, point
        else:
            assert state == "accepted", point
            assert arrived == 1 or (kind == "rows" and arrived > 1), point


@pytest.mark.parametrize("where", PLACES)
def test_a_destination_that_is_down_gets_the_row_when_it_is_there_again(where: str) -> None:
    place = PLACES[where](Once())
    place.vendor.answers = [Response(429, b"{}")] * 12
    for _ in range(8):
        place.work()
    assert (place.state(), place.vendor.effects[KEY]) == ("accepted", 1)


def _die() -> None:
    raise Kill
