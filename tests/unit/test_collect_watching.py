"""A collector's events reach the processor in their order, at least once, and nothing holds up what comes after."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event as Signal
from typing import Any

import pytest

from harness.collectors import HandClock
from kumitate.errors import KumitateError, RetryableError
from kumitate.execution.collect_watching import Telling, Watched, Watching, go_on
from kumitate.execution.collected import Collected, SqliteIntake
from kumitate.execution.collected_files import PROCESSOR, land_collected
from kumitate.execution.collected_states import Backlog, SqliteBus, SqliteTimers
from kumitate.model.event import Event

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Recorder:
    """Remembers what it was given; fails on `poison`, and for `weak` calls."""

    poison: frozenset[bytes] = frozenset()
    weak: int = 0
    lines: list[bytes] = field(default_factory=list)
    woken: list[Mapping[str, Any]] = field(default_factory=list)

    def process(self, lines: Sequence[bytes | str]) -> tuple[tuple[int, str], ...]:
        if self.weak:
            self.weak -= 1
            raise RetryableError("the store is busy")
        if self.poison & set(lines):
            raise ZeroDivisionError
        self.lines += [line for line in lines if isinstance(line, bytes)]
        return tuple((place, "odd") for place, line in enumerate(lines) if line == b"odd")

    def wake(self, payload: Mapping[str, Any]) -> None:
        if payload.get("poison"):
            raise ZeroDivisionError
        self.woken.append(payload)


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOON)


@pytest.fixture
def collected(tmp_path: Path, clock: HandClock) -> Iterator[Collected]:
    opened = Collected(tmp_path / "lake", clock=clock)
    Backlog(opened, PROCESSOR).begin()
    yield opened
    opened.close()


def watching(collected: Collected, processor: Recorder) -> Watching:
    return Watching(processor, Backlog(collected, PROCESSOR), SqliteTimers(collected), Watched())


def keep(collected: Collected, *lines: bytes) -> None:
    SqliteIntake(collected).take([Event("web", line.decode(), "p", line) for line in lines])


def test_every_kept_event_reaches_the_processor_once_in_its_order(collected: Collected) -> None:
    keep(collected, *(b"%03d" % number for number in range(450)))
    recorder = Recorder()
    watch = watching(collected, recorder)
    land_collected(collected)  # what is in a file already waits for the processor all the same
    while watch.step():
        pass
    assert recorder.lines == [b"%03d" % number for number in range(450)]
    assert watch.watched.events == 450


def test_what_the_processor_could_not_take_now_comes_again(collected: Collected) -> None:
    keep(collected, b"a", b"b")
    recorder = Recorder(weak=1)
    watch = watching(collected, recorder)
    with pytest.raises(RetryableError):
        watch.step()
    watch.step()
    assert recorder.lines == [b"a", b"b"]


def test_a_line_that_breaks_the_processor_is_passed_over_alone(collected: Collected) -> None:
    lines = [b"%02d" % number for number in range(50)]
    keep(collected, *lines, b"odd")
    recorder = Recorder(poison=frozenset({b"07", b"31"}))
    watch = watching(collected, recorder)
    assert watch.step()
    assert not watch.step()
    assert recorder.lines == [*(line for line in lines if line not in recorder.poison), b"odd"]
    assert watch.watched.unusable == 3


def test_a_timer_wakes_the_processor_once_and_a_broken_one_holds_up_no_other(
    collected: Collected, clock: HandClock
) -> None:
    timers = SqliteTimers(collected)
    timers.set("a", NOON, {"poison": True})
    timers.set("b", NOON, {"n": 2})
    timers.set("c", NOON + timedelta(seconds=1), {"n": 3})
    recorder = Recorder()
    watch = watching(collected, recorder)
    assert watch.step()
    assert not watch.step()
    assert recorder.woken == [{"n": 2}]
    clock.now += timedelta(hours=1)
    assert [due.name for due in timers.due()] == ["c", "a"]


def test_a_timer_waits_until_the_events_are_seen_that_came_before(collected: Collected) -> None:
    SqliteTimers(collected).set("a", NOON, {"n": 1})
    keep(collected, *(b"%03d" % number for number in range(450)))
    recorder = Recorder()
    watch = watching(collected, recorder)
    seen = []
    while watch.step():
        seen.append((len(recorder.lines), len(recorder.woken)))
    assert seen == [(200, 0), (400, 0), (450, 1)]


@pytest.mark.parametrize("trouble", [RetryableError("nobody answers"), KeyError("an address")])
def test_what_was_told_is_delivered_until_it_is_heard_and_holds_up_nothing_else(
    collected: Collected, trouble: Exception
) -> None:
    bus, heard = SqliteBus(collected), []
    for number in range(120):
        bus.put("Trigger fired", {"n": number})

    def deliver(detail: Mapping[str, Any]) -> None:
        heard.append(detail["n"])
        if heard in ([0], [0, 1]):
            raise trouble

    watched = Watched()
    telling = Telling(bus, "Trigger fired", watched, deliver, lambda: None)
    with pytest.raises(KumitateError) as told:
        telling.step()
    assert "address" not in str(told.value)
    assert telling.step()
    assert not telling.step()
    assert (heard, watched.told) == ([*range(120), 0, 1], 120)


@pytest.mark.slow
def test_what_breaks_altogether_goes_on_too_and_quotes_nothing() -> None:
    ended, watched, said, steps = Signal(), Watched(), [], iter("ab")

    def step() -> bool:
        said.append(watched.problems.get("telling", ""))
        if next(steps, "") == "a":
            raise KeyError("hana@example.jp")
        ended.set()
        return False

    go_on("telling", step, ended, watched=watched)
    assert said[1].startswith("telling broke: KeyError in test_collect_watching.py")
    assert "hana" not in said[1]


def test_after_a_failure_it_goes_on_and_says_meanwhile_why_it_waits() -> None:
    ended, watched, said, steps = Signal(), Watched(), [], iter("ab")

    def step() -> bool:
        said.append(watched.problems.get("watching", ""))
        if next(steps, "") == "a":
            raise RetryableError("the store is busy")
        ended.set()
        return False

    go_on("watching", step, ended, watched=watched)
    assert said == ["", "the store is busy"]
    assert watched.problems == {}
