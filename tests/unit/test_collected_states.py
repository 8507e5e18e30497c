"""States, timers and what was told are on the disk, and nobody overwrites what somebody else has written."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from harness.collectors import HandClock
from kumitate.execution.collected import Collected
from kumitate.execution.collected_states import SqliteBus, SqliteStates, SqliteTimers
from kumitate.model.event import State


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def collected(tmp_path: Path, clock: HandClock) -> Iterator[Collected]:
    opened = Collected(tmp_path / "lake", clock=clock)
    yield opened
    opened.close()


def test_a_state_is_written_only_where_nobody_wrote_before(collected: Collected) -> None:
    states = SqliteStates(collected)
    assert states.write("a", {"n": 1}, instead_of=0)
    assert not states.write("a", {"n": 2}, instead_of=0)
    assert states.write("a", {"n": "\ud800\0"}, instead_of=1)
    assert not states.write("a", None, instead_of=1)
    assert states.read(["a", "b"]) == {"a": State({"n": "\ud800\0"}, 2)}
    assert states.write("a", None, instead_of=2)
    assert states.write("a", None, instead_of=0)
    assert states.read(["a"]) == {}


def test_what_is_published_is_there_whatever_was(collected: Collected) -> None:
    states = SqliteStates(collected)
    states.write("card#1", {"n": 1}, instead_of=0)
    for _ in range(2):
        states.publish([("card#1", None), *((f"card#{number}", {"n": number}) for number in range(2, 1300))])
    assert states.read(["card#1", "card#1299"])["card#1299"].data == {"n": 1299}
    assert "card#1" not in states.read(["card#1"])


def test_a_state_may_expire(collected: Collected, clock: HandClock) -> None:
    states = SqliteStates(collected)
    states.publish([("a", {"expires_at": clock.now.timestamp() + 60}), ("b", {})])
    assert collected.forget_old() == 0
    clock.now += timedelta(minutes=2)
    assert collected.forget_old() == 1
    assert set(states.read(["a", "b"])) == {"b"}


def test_a_timer_is_due_until_it_is_done_and_one_that_was_moved_stays(collected: Collected, clock: HandClock) -> None:
    timers = SqliteTimers(collected)
    for name in ("gone", "moved", "done"):
        timers.set(name, clock.now + timedelta(minutes=1), {"name": name})
    timers.cancel("gone")
    timers.cancel("never")
    assert timers.due() == []
    clock.now += timedelta(minutes=1)
    moved, done = sorted(timers.due(), key=lambda due: due.name, reverse=True)
    assert (moved.payload, done.payload) == ({"name": "moved"}, {"name": "done"})
    timers.set("moved", clock.now + timedelta(minutes=1), {"name": "moved"})
    timers.done(moved)
    timers.done(done)
    assert timers.due() == []
    clock.now += timedelta(minutes=1)
    assert [due.name for due in timers.due()] == ["moved"]


def test_what_is_told_waits_until_it_is_heard(collected: Collected) -> None:
    bus = SqliteBus(collected)
    for number in range(3):
        bus.put("Trigger fired", {"n": number})
    bus.put("Run ended", {})
    (first, _), *_ = bus.waiting("Trigger fired")
    bus.heard(first)
    assert [detail for _, detail in bus.waiting("Trigger fired")] == [{"n": 1}, {"n": 2}]
