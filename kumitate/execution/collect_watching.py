"""A collector's second half on this machine: events that were kept reach the processor, timers wake it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event as Signal
from typing import Any, Protocol

from kumitate.errors import FatalError, KumitateError, RetryableError
from kumitate.execution.collected_states import Backlog, Due, SqliteBus, SqliteTimers

_LINES_AT_ONCE = 200
_IDLE_SECONDS = 0.2
_MOST_SECONDS = 30.0
_AGAIN_SECONDS = 30.0
_BROKEN_AGAIN = timedelta(hours=1)
"""When a timer comes again on which the processor broke: by then it may have been mended."""


class Watches(Protocol):
    """What `kumitate.events.processor.Processor` does."""

    def process(self, lines: Sequence[bytes | str]) -> tuple[tuple[int, str], ...]: ...
    def wake(self, payload: Mapping[str, Any]) -> None: ...


@dataclass(slots=True)
class Watched:
    """What the processor has seen in this process."""

    events: int = 0
    unusable: int = 0
    """Events that it could not use; they are in the lake all the same."""
    woken: int = 0
    told: int = 0
    """Fired triggers that were handed on."""
    problems: dict[str, str] = field(default_factory=dict)
    """Why it waits, where it does: of what watches, and of what tells."""


@dataclass(slots=True)
class Watching:
    """Brings events in their order, each at least once: where it has come to is noted after the processor's answer."""

    processor: Watches
    backlog: Backlog
    timers: SqliteTimers
    watched: Watched

    def step(self) -> bool:
        """One round; whether there was anything to do."""
        lines = self.backlog.next(_LINES_AT_ONCE)
        if lines:
            self._process([line for _, line in lines])
            self.backlog.seen(lines[-1][0])
            self.watched.events += len(lines)
        due = self.timers.due() if len(lines) < _LINES_AT_ONCE else ()  # what it waits for may be among the next lines
        for each in due:
            self._wake(each)
        return bool(lines or due)

    def _process(self, lines: Sequence[bytes]) -> None:
        """A line on which the processor fails is found by halves and passed over, so that it holds up nobody else."""
        try:
            self.watched.unusable += len(self.processor.process(lines))
        except RetryableError:
            raise
        except Exception:  # whatever breaks: halved until the line is alone
            if len(lines) == 1:
                self.watched.unusable += 1
                return
            half = len(lines) // 2
            self._process(lines[:half])
            self._process(lines[half:])

    def _wake(self, due: Due) -> None:
        try:
            self.processor.wake(due.payload)
        except RetryableError:
            raise
        except Exception:  # one that breaks holds up no other
            self.timers.postpone(due, _BROKEN_AGAIN)
            self.watched.unusable += 1
            return
        self.timers.done(due)
        self.watched.woken += 1


@dataclass(slots=True)
class Telling:
    """Hands on what was told on the bus, each at least once; now and then it goes over what waits.

    One that cannot be handed on waits, and holds up no other.
    """

    bus: SqliteBus
    detail_type: str
    watched: Watched
    deliver: Callable[[Mapping[str, Any]], object]
    again: Callable[[], object]
    _again_at: float = field(default_factory=lambda: time.monotonic() + _AGAIN_SECONDS)

    def step(self) -> bool:
        troubles: list[KumitateError] = []
        heard, waiting = 0, self.bus.waiting(self.detail_type)
        while waiting:
            for seq, detail in waiting:
                heard += self._hands_on(seq, detail, troubles)
            waiting = self.bus.waiting(self.detail_type, after=waiting[-1][0])
        if time.monotonic() >= self._again_at:
            self._again_at = time.monotonic() + _AGAIN_SECONDS
            self.again()
        if troubles:
            raise troubles[0]
        return heard > 0

    def _hands_on(self, seq: int, detail: Mapping[str, Any], troubles: list[KumitateError]) -> bool:
        try:
            self.deliver(detail)
        except KumitateError as error:
            troubles.append(error)
            return False
        except Exception as error:  # one that breaks must not end the thread
            troubles.append(FatalError(f"{_broke('what tells', error)}; it is tried again"))
            return False
        self.bus.heard(seq)
        self.watched.told += 1
        return True


def go_on(name: str, step: Callable[[], bool], ended: Signal, *, watched: Watched) -> None:
    """One step after the other until `ended` is set; where one fails, the next waits longer and longer."""
    pause = _IDLE_SECONDS
    while not ended.is_set():
        try:
            busy, pause = step(), _IDLE_SECONDS
            watched.problems.pop(name, None)
        except KumitateError as error:
            watched.problems[name] = str(error)
            busy, pause = False, min(pause * 2, _MOST_SECONDS)
        except Exception as error:  # as above: it is told, and tried again
            watched.problems[name] = _broke(name, error)
            busy, pause = False, min(pause * 2, _MOST_SECONDS)
        if not busy:
            ended.wait(pause)


def _broke(what: str, error: Exception) -> str:
    """Its kind and place, without its text, which may quote an event."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f" in {Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else ""
    return f"{what} broke: {type(error).__name__}{place}"
