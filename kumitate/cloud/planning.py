"""From pages to messages: how many pages a sync has is noted, and each is told to its account's queue."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kumitate.activation.routes import Route
from kumitate.cloud.pages import Shelf, folder, numbered
from kumitate.errors import FatalError


class PlanBook(Protocol):
    """Where the number of a sync's pages is noted."""

    def plan(self, run_id: str, sync: str, pages: int) -> bool: ...


class Outbox(Protocol):
    """Where messages go, by the url of a queue."""

    def send(self, url: str, bodies: Sequence[str]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Plans a sync's deliveries; done twice it tells every page twice, and a delivery knows what is done."""

    routes: Mapping[str, Route]
    queues: Mapping[str, str]
    """Account -> url of its queue."""
    shelf: Shelf
    book: PlanBook
    outbox: Outbox

    def plan(self, run_id: str, sync: str) -> int:
        """The number of pages told; none where the run is over."""
        if sync not in self.routes or self.routes[sync].account not in self.queues:
            raise FatalError(f"sync {sync!r} has no route; deploy again")
        pages = numbered(self.shelf.names(folder(run_id, sync)))
        if not self.book.plan(run_id, sync, len(pages)):
            return 0
        removals = sum(holds_removals for _, _, holds_removals in pages)
        bodies = [
            json.dumps(
                {
                    "run_id": run_id,
                    "sync": sync,
                    "page": name,
                    "number": number,
                    "after": 0 if holds_removals else removals,
                }
            )
            for number, name, holds_removals in pages
        ]
        self.outbox.send(self.queues[self.routes[sync].account], bodies)
        return len(bodies)
