"""Requests under way: at once, or in a thread of their own while the next one is made ready."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from kumitate.model.request import Response

Landing = Callable[[], Response]
"""The answer, or the error there was instead."""


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
            response = send()
        except Exception as error:
            return _raising(error)
        return lambda: response


class Threaded:
    """One request at a time, in one thread: who asks goes on with other work until it lands."""

    overlaps = True

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    def begin(self, send: Callable[[], Response]) -> Landing:
        return self._pool.submit(send).result


def _raising(error: Exception) -> Landing:
    def land() -> Response:
        raise error

    return land
