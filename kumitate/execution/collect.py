"""A project's collector on this machine: takes events in over HTTP, keeps them, and lays them into the lake."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event as Signal
from threading import Thread

from kumitate.activation.triggered import fired_from
from kumitate.errors import FatalError, RetryableError
from kumitate.events.collecting import Collecting, collecting_of
from kumitate.events.collector import Collector
from kumitate.events.processor import FIRED, Processor
from kumitate.events.triggering import triggering_of
from kumitate.execution.collect_server import Calls, answering
from kumitate.execution.collect_watching import Telling, Watched, Watching, go_on
from kumitate.execution.collected import Collected, RateOfOneProcess, SqliteIntake
from kumitate.execution.collected_files import PROCESSOR, land_collected
from kumitate.execution.collected_states import Backlog, SqliteBus, SqliteStates, SqliteTimers
from kumitate.execution.firing import open_firings
from kumitate.execution.workspace import lake_folder_of
from kumitate.project import Project, open_project

_FORGET_EVERY = timedelta(minutes=10)
_LOOK_EVERY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Counts:
    """What a collector has done since it began."""

    seconds: float
    kept: int
    known: int
    """Events that had come before."""
    landed: int
    answers: Mapping[int, int]
    """By HTTP status."""
    watched: Watched | None
    """None where the project has no triggers."""
    problem: str = ""
    """Why events do not reach the lake's files, where they do not."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often events become files and counts are told; `ends_after` is for ever where it is None."""

    land_every: timedelta
    land_at: int = 10_000
    """So many events become a file at once."""
    tell_every: timedelta = timedelta(seconds=60)
    ends_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """A collector with everything it needs, opened; `lacking` are variables of webhooks' secrets that are not set."""

    project: Project
    folder: Path
    collecting: Collecting
    lacking: tuple[str, ...]
    collected: Collected
    intake: SqliteIntake
    collector: Collector
    clock: Callable[[], datetime]


@contextmanager
def open_collection(
    root: Path,
    *,
    lake_folder: Path | None,
    clock: Callable[[], datetime],
    environment: Mapping[str, str],
    trouble: Callable[[str], None],
) -> Iterator[Collection]:
    """The collector of the project at `root`; FatalError where none of its sources takes in events over HTTP.

    `trouble` is told where something broke that should not.
    """
    project = open_project(root)
    collecting = collecting_of(project.config)
    if not collecting.intakes:
        raise FatalError(f"{root}: no source takes in events; give one `collect:` with a write key, or a `webhook:`")
    folder = lake_folder_of(project.config, lake_folder)
    lacking, secret = _lacking(collecting, environment), partial(_secret, environment)
    with closing(Collected(folder, clock=clock)) as collected:
        intake = SqliteIntake(collected)
        collector = Collector(
            collecting,
            intake=intake,
            rates=RateOfOneProcess(),
            secret=secret,
            trouble=lambda error: trouble(_where(error)),
        )
        yield Collection(project, folder, collecting, lacking, collected, intake, collector, clock)


def _where(error: Exception) -> str:
    """What it was and where, without an error's text, which may quote an event."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f" in {Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else ""
    return f"the collector failed: {type(error).__name__}{place}"


def _lacking(collecting: Collecting, environment: Mapping[str, str]) -> tuple[str, ...]:
    needed = [_variable(intake.hook.secret) for intake in collecting.intakes if intake.hook is not None]
    return tuple(variable for variable in needed if not environment.get(variable))


def _variable(secret: str) -> str:
    return f"KUMITATE_SECRET_{secret.upper()}"


def _secret(environment: Mapping[str, str], name: str) -> str:
    if not environment.get(_variable(name)):
        raise RetryableError(f"secret {name!r} is not there; set the environment variable {_variable(name)}")
    return environment[_variable(name)]


def collect(
    collection: Collection,
    listening: socket.socket,
    schedule: Schedule,
    *,
    ended: Signal,
    tell: Callable[[Counts], None],
) -> Counts:
    """Collect until `ended` is set or the schedule says so; then what is under way is answered, and all of it landed.

    RetryableError where the last events could not be written to files: they are safe, and the next run does it.
    """
    keeper = _Keeper(collection, schedule, tell)
    answer = collection.collector.answer
    with _watched(collection) as watched, answering(listening, answer, clock=collection.clock) as calls:
        keeper.keep_house(ended, calls, watched=watched)
    keeper.land()
    return keeper.counts(calls, watched)


@contextmanager
def _watched(collection: Collection) -> Iterator[Watched | None]:
    """As long as the block, threads bring events to the project's triggers, and what these tell to who delivers it."""
    backlog = Backlog(collection.collected, PROCESSOR)
    if not collection.project.config.triggers:
        backlog.end()
        yield None
        return
    backlog.begin()
    watched = Watched()
    with ExitStack() as stack:
        ended = Signal()
        steps = {"watching": _watching(collection, backlog, watched), "telling": _telling(collection, watched, stack)}
        for name, step in steps.items():
            thread = Thread(target=go_on, args=(name, step, ended), kwargs={"watched": watched}, name=name)
            thread.start()
            stack.callback(thread.join)
        stack.callback(ended.set)
        yield watched


def _watching(collection: Collection, backlog: Backlog, watched: Watched) -> Callable[[], bool]:
    collected = collection.collected
    timers, plan = SqliteTimers(collected), triggering_of(collection.project.config)
    processor = Processor(plan, SqliteStates(collected), timers, SqliteBus(collected), clock=collection.clock)
    return Watching(processor, backlog, timers, watched).step


def _telling(collection: Collection, watched: Watched, stack: ExitStack) -> Callable[[], bool]:
    """Where no sync waits for a trigger, what fires is noted as told and no more."""
    bus, states = SqliteBus(collection.collected), SqliteStates(collection.collected)
    opened = open_firings(collection.project, collection.folder, states, clock=collection.clock)
    firings = stack.enter_context(opened)
    return Telling(bus, FIRED, watched, lambda detail: firings.told([fired_from(detail)]), firings.again).step


class _Keeper:
    """What a collector does beside answering: events become files, old ids are forgotten, counts are told."""

    def __init__(self, collection: Collection, schedule: Schedule, tell: Callable[[Counts], None]) -> None:
        self._collection = collection
        self._schedule = schedule
        self._tell = tell
        self._began = time.monotonic()
        self._landed = 0
        self._problem = ""

    def keep_house(self, ended: Signal, calls: Calls, *, watched: Watched | None) -> None:
        """Until `ended`, or the schedule's end."""
        landed_at = told_at = self._began
        forgot_at = self._began - _FORGET_EVERY.total_seconds()
        while not ended.wait(_LOOK_EVERY_SECONDS) and not self._is_over():
            now = time.monotonic()
            waiting = self._collection.intake.kept - self._landed
            if now - landed_at >= self._schedule.land_every.total_seconds() or waiting >= self._schedule.land_at:
                landed_at = now
                self._land_or_say_why()
            if now - forgot_at >= _FORGET_EVERY.total_seconds():
                forgot_at = now
                self._forget()
            if now - told_at >= self._schedule.tell_every.total_seconds():
                told_at = now
                self._tell(self.counts(calls, watched))

    def land(self) -> None:
        self._landed += land_collected(self._collection.collected)

    def counts(self, calls: Calls, watched: Watched | None) -> Counts:
        intake = self._collection.intake
        seconds = round(time.monotonic() - self._began, 1)
        answers = dict(sorted(calls.by_status.items()))
        return Counts(seconds, intake.kept, intake.known, self._landed, answers, watched, self._problem)

    def _is_over(self) -> bool:
        ends_after = self._schedule.ends_after
        return ends_after is not None and time.monotonic() - self._began >= ends_after.total_seconds()

    def _land_or_say_why(self) -> None:
        """Events that cannot be written to files now stay in the database; calls are answered all the same."""
        try:
            self.land()
            self._problem = ""
        except RetryableError as error:
            self._problem = str(error)

    def _forget(self) -> None:
        try:
            self._collection.collected.forget_old()
        except RetryableError as error:
            self._problem = str(error)
