"""Watches events as they come in: whose they are, what they make true, and that it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kumitate.events.plan import Triggering

if TYPE_CHECKING:
    from kumitate.ports import EventBus, StateStore, Timers

FIRED = "Trigger fired"
"""The detail type on the bus; its detail is `detail_of(fired)`, which `fired_of` reads."""


@dataclass(frozen=True)
class Processor:
    """Advances every person's state by their events; all ports may fail, and every call may come again."""

    triggering: Triggering
    store: StateStore
    timers: Timers
    bus: EventBus
    _: KW_ONLY
    clock: Callable[[], datetime]

    def process(self, lines: Sequence[bytes | str]) -> tuple[tuple[int, str], ...]:
        """Take in collected lines; the places of those that cannot be used, with the reason of each.

        RetryableError where some port failed: then all of the lines come again.
        """
        raise NotImplementedError

    def wake(self, payload: Mapping[str, Any]) -> None:
        """A timer has gone off; `payload` is what was given when it was set."""
        raise NotImplementedError
