"""Deliveries killed anywhere, told twice, out of order or at once: nothing leaves twice, each row gets a verdict."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cloud_histories import arrived_right, touches, until_done
from harness.cloud_world import Kill, World
from harness.deliveries import Once, Plain, Remembering
from harness.kills import Atomic, Keyed
from harness.talkers import Launch, Swap
from kumitate.activation.destinations.base import Destination

DESTINATIONS = {"rows": Plain, "messages": Once, "remembered messages": Remembering}
PAST_THE_LEASE = 700


def drained(world: World, *bodies: str) -> None:
    """The messages as the queue tells them, until none is left: what a dead process held shows again later."""
    waiting = list(bodies)
    for _ in range(20):
        waiting = [body for body in waiting if world.receive(body) is None]
        if not waiting:
            return
        world.clock.sleep(PAST_THE_LEASE)
    raise AssertionError("a message never comes to its end")


def killed(world: World, body: str, at: int) -> bool:
    """Whether the process died at the nth touch of the world."""

    def die() -> None:
        raise Kill

    world.fuse.at, world.fuse.passed, world.fuse.act = at, 0, die
    try:
        world.receive(body)
    except Kill:
        world.clock.sleep(PAST_THE_LEASE)
        return True
    finally:
        world.fuse.at = -1
    return False


def points(destination: Destination) -> range:
    """Every touch of the world that the delivery of the first page makes."""
    world = World(destination)
    world.receive(next(world.messages()))
    return range(1, world.fuse.passed + 1)


def sent_right(world: World) -> None:
    """No message twice; what is accepted has arrived; every row has a verdict, and only those in flight have none."""
    verdicts = world.collect()
    assert set(verdicts) == set(world.keys)
    effects = world.vendor.effects
    assert all(effects[key] for key, verdict in verdicts.items() if verdict == "accepted")
    if not world.destination.terms.idempotent:
        assert max(effects.values(), default=0) <= 1
        assert all(not effects[key] for key, verdict in verdicts.items() if verdict == "retry")


@pytest.mark.parametrize("kind", DESTINATIONS)
def test_undisturbed_every_row_arrives_once_and_is_accepted(kind: str) -> None:
    world = World(DESTINATIONS[kind]())
    drained(world, *world.messages())
    assert world.vendor.effects == Counter(world.keys)
    assert world.collect() == dict.fromkeys(world.keys, "accepted")


@pytest.mark.parametrize("kind", DESTINATIONS)
def test_killed_at_every_point_and_told_again_nothing_is_lost_or_doubled(kind: str) -> None:
    destination = DESTINATIONS[kind]()
    assert len(points(destination)) > 8
    for point in points(destination):
        world = World(destination)
        first, second = world.messages()
        assert killed(world, first, point)
        drained(world, second, first)
        sent_right(world)
        expected = {"accepted", "unknown"} if kind == "messages" else {"accepted"}
        assert set(world.lists.verdicts().values()) <= expected


@pytest.mark.parametrize("kind", DESTINATIONS)
def test_the_same_page_told_while_it_is_under_way_is_left_to_who_has_it(kind: str) -> None:
    for point in points(DESTINATIONS[kind]()):
        world = World(DESTINATIONS[kind]())
        first, second = world.messages()
        told: list[object] = []
        during(world, first, point, partial(noted, told, partial(world.receive, first)))
        drained(world, first, second)
        assert len(told) == 1
        assert world.vendor.effects == Counter(world.keys)
        sent_right(world)
        assert set(world.lists.verdicts().values()) == {"accepted"}


@pytest.mark.parametrize("kind", DESTINATIONS)
def test_a_run_closed_while_a_page_is_under_way_says_no_word_too_much(kind: str) -> None:
    for point in points(DESTINATIONS[kind]()):
        world = World(DESTINATIONS[kind]())
        first, second = world.messages()
        left: list[int] = []
        during(world, first, point, partial(closed, world, left))
        at_closing = dict(world.lists.verdicts())
        drained(world, first, second)
        sent_right(world)
        assert world.lists.verdicts() == at_closing
        assert not world.vendor.effects["p5"], "its page was told after the end"
        assert len(world.vendor.requests) - left[0] <= 1, "more left than what was in flight"


@pytest.mark.parametrize("kind", [Launch, Swap, Atomic, Keyed], ids=lambda each: each.__name__)
def test_killed_anywhere_in_a_conversation_or_a_search_it_is_taken_up_and_ends_once(kind: type[Destination]) -> None:
    count = touches(World(kind()))
    assert count > 12
    for point in range(1, count + 1):
        world = World(kind())
        assert until_done(world, point) == 1
        arrived_right(world)


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(sorted(DESTINATIONS)),
    tellings=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 25)), min_size=1, max_size=8),
    order=st.permutations([0, 1, 2, 0, 1]),
)
def test_any_history_of_kills_and_tellings_ends_well(
    kind: str, tellings: list[tuple[int, int]], order: list[int]
) -> None:
    world = World(DESTINATIONS[kind](), rows_a_page=2)
    bodies = list(world.messages())
    for which, point in tellings:
        killed(world, bodies[which], point)
    drained(world, *(bodies[which] for which in order))
    sent_right(world)
    assert set(world.lists.verdicts().values()) <= {"accepted", "unknown"}


def noted(told: list[object], act: Callable[[], object]) -> None:
    told.append(act())


def closed(world: World, asked: list[int]) -> None:
    """The run closed, and how often the vendor had been asked by then."""
    world.collect()
    asked.append(len(world.vendor.requests))


def during(world: World, body: str, at: int, act: Callable[[], object]) -> None:
    """A message received, with `act` happening in another process at the nth touch of the world."""
    world.fuse.at, world.fuse.passed, world.fuse.act = at, 0, act
    world.receive(body)
    world.fuse.at = -1
