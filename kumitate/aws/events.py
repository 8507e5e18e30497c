"""Events of the platform on its EventBridge bus: put, and read from what a function is called with."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from kumitate.errors import FatalError, RetryableError

_TRIES = 5


class EventBus:
    """One bus, and the source that this project's events name."""

    def __init__(self, client: Any, bus: str, source: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._bus = bus
        self._source = source
        self._sleep = sleep

    def put(self, detail_type: str, detail: Mapping[str, Any]) -> None:
        """RetryableError where the bus does not take it."""
        entry = {
            "EventBusName": self._bus,
            "Source": self._source,
            "DetailType": detail_type,
            "Detail": json.dumps(detail, ensure_ascii=False),
        }
        for turn in range(_TRIES):
            if not self._client.put_events(Entries=[entry]).get("FailedEntryCount", 0):
                return
            self._sleep(0.2 * 2**turn)
        raise RetryableError(f"the bus {self._bus} does not take the event {detail_type!r}")


def detail_of(event: Mapping[str, Any], detail_type: str) -> Mapping[str, Any]:
    """The detail of an event of this type; FatalError where it is another."""
    detail = event.get("detail")
    if event.get("detail-type") != detail_type or not isinstance(detail, dict):
        raise FatalError(f"an event {detail_type!r} was expected; see the function's rule")
    return detail
