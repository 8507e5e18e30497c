"""Requests under way: at once, or in a thread of their own while the next one is made ready."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from kumitate.model.request import Response

_GIVES_WAY_SECONDS = 5e-5
"""Python lets a thread go on for a hundred times as long, which is as long as many a destination takes to answer."""

_OBJECTS_BETWEEN_SEARCHES = 100_000


@contextmanager
def giving_way() -> Iterator[None]:
    """Threads give way to each other at once: a request leaves, and its answer is heard, while rows are worked on.

    Python looks for garbage less often, which holds up all of them: rows are none.
    """
    interval, (threshold, *others) = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(_GIVES_WAY_SECONDS)
    gc.set_threshold(max(threshold, _OBJECTS_BETWEEN_SEARCHES), *others)
    try:
        yield
    finally:
        gc.set_threshold(threshold, *others)
        sys.setswitchinterval(interval)


class Landing(Protocol):
    """A request that has been begun."""

    def done(self) -> bool:
        """Whether its answer is there, so that nobody waits for it any more."""
        ...

    def result(self) -> Response:
        """The answer, or the error there was instead, when it is there."""
        ...


class Line(Protocol):
    """How requests travel; `overlaps` where there is time to use until they land."""

    @property
    def overlaps(self) -> bool: ...

    def begin(self, send: Callable[[], Response]) -> Landing: ...


class Direct:
    """A request is sent and answered before anything else happens."""

    overlaps = False

    def begin(self, send: Callable[[], Response]) -> Landing:
        try:
            return Landed(send())
        except Exception as error:  # whatever it is, it is raised where the answer is looked at, as a thread's would be
            return Landed(error)


class Threaded:
    """One request at a time, in one thread: who asks goes on with other work until it lands."""

    overlaps = True

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    def begin(self, send: Callable[[], Response]) -> Landing:
        return _Flying(self._pool.submit(send))


@dataclass(frozen=True, slots=True)
class Landed:
    """A request that is over."""

    answer: Response | Exception

    def done(self) -> bool:
        return True

    def result(self) -> Response:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@dataclass(frozen=True, slots=True)
class _Flying:
    """A request in its thread, which is let run whenever it is looked after."""

    future: Future[Response]

    def done(self) -> bool:
        time.sleep(0)
        return self.future.done()

    def result(self) -> Response:
        return self.future.result()
