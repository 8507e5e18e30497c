"""Killed at any point and run again: every change is delivered, and no message is sent twice."""

from collections import Counter
from datetime import datetime

import pytest

from harness.deliveries import RUN, Once, Plain, Remembering
from harness.fused import LINES
from harness.kills import KEYS, Atomic, AtomicOnce, Keyed, World, check
from harness.talkers import Job, Launch, Reported, Swap
from kumitate.activation.destinations.base import Destination

KINDS = (Plain, Once, Remembering, Keyed, Atomic, AtomicOnce, Job, Launch, Swap, Reported)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("kind", [Plain, Once, Remembering, Keyed], ids=lambda each: each.__name__)
def test_an_unbroken_run_delivers_everything_once(kind: type[Destination], line: str) -> None:
    world = World(kind(), LINES[line])
    assert len(world.points()) > 2 * len(KEYS)
    assert world.vendor.effects == Counter(KEYS)
    check(world)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        *((kind, "late") for kind in KINDS),
        *((kind, "soon") for kind in (Plain, Remembering, Keyed, Atomic)),
        *((kind, "direct") for kind in (Plain, Once, Swap)),
        (Keyed, "begun"),
    ],
    ids=lambda each: each if isinstance(each, str) else each.__name__,
)
def test_killed_at_every_point_and_taken_up_all_arrives_and_nothing_twice_that_must_not(
    kind: type[Destination], line: str
) -> None:
    for point in World(kind(), LINES[line]).points():
        world = World(kind(), LINES[line])
        assert world.run(point) is False
        assert world.run() is True
        check(world)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Once, Launch], ids=lambda each: each.__name__)
def test_killed_twice_the_same_holds(kind: type[Destination]) -> None:
    for point in World(kind(), LINES["late"]).points():
        world = World(kind(), LINES["late"])
        world.run(point)
        world.run(point // 2 + 1)
        assert world.run()
        check(world)


def test_rows_in_flight_alone_are_left_to_a_person() -> None:
    for point in World(Once()).points():
        world = World(Once())
        world.run(point)
        world.run()
        assert sum(verdict == "unknown" for verdict in world.lists.verdicts().values()) <= 1


@pytest.mark.parametrize("kind", [Once, Remembering, Keyed], ids=lambda each: each.__name__)
def test_an_answer_that_comes_after_it_was_given_up_sends_nothing_twice(kind: type[Destination]) -> None:
    for call in (1, 3):
        for point in World(kind()).points()[6 * (call - 1) :][:8]:
            world = World(kind(), late_at=frozenset({call}))
            world.run(point)
            world.run()
            world.next_run()
            effects = world.vendor.settled()
            assert max(effects.values()) <= 1
            assert all(effects[key] for key, verdict in world.lists.verdicts().items() if verdict == "accepted")


@pytest.mark.parametrize("kind", [Launch, Swap], ids=lambda each: each.__name__)
def test_handed_over_to_the_next_run_and_killed_there_a_conversation_still_ends_once(kind: type[Destination]) -> None:
    first = World(kind(), talk_seconds=10)
    first.run()
    first.next_run()
    for point in first.points():
        world = World(kind(), talk_seconds=10)
        world.run()
        world.next_run()
        world.run(point)
        while not world.run() or "retry" in world.lists.verdicts().values():
            world.next_run()
        check(world)


def test_the_ledger_of_the_test_loses_nothing_in_a_kill() -> None:
    world = World(Once())
    assert world.run(3) is False
    assert [type(note) for note in world.ledger.notes(RUN.id, "s").values()] == [datetime]
