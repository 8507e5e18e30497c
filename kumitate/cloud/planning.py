"""From pages to messages: how many pages a sync has is noted, and each is told to its account's queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from kumitate.activation.routes import Route
from kumitate.cloud.page_messages import Outbox, message
from kumitate.cloud.pages import Readable, manifest_of
from kumitate.errors import FatalError


class PlanBook(Protocol):
    """Where the number of a sync's pages is noted."""

    def plan(self, run_id: str, sync: str, pages: int) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Plans a sync's deliveries; done twice it tells every page twice, and a delivery knows what is done."""

    routes: Mapping[str, Route]
    queue: Callable[[str], str]
    """The url of an account's queue."""
    shelf: Readable
    book: PlanBook
    outbox: Outbox

    def plan(self, run_id: str, sync: str) -> int:
        """The number of pages told; none where the run is over."""
        if sync not in self.routes:
            raise FatalError(f"sync {sync!r} has no route; deploy again")
        manifest = manifest_of(self.shelf, run_id, sync)
        if not self.book.plan(run_id, sync, manifest.pages):
            return 0
        first = manifest.removals
        bodies = [
            message(run_id, sync, name, number=number, after=0 if number <= first else first)
            for number, name in enumerate(manifest.names(run_id, sync), 1)
        ]
        if bodies:
            self.outbox.send(self.queue(self.routes[sync].account), bodies)
        return len(bodies)
