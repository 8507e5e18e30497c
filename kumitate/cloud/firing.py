"""What triggers fire, on its way in an account: a page, its place in the book, a message for the account's queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from kumitate.activation.triggered import fired_from
from kumitate.blueprint.names import RUN_ENDED, TRIGGER_FIRED
from kumitate.cloud.page_messages import Outbox, message, page_name
from kumitate.errors import FatalError
from kumitate.execution.fired import Firings
from kumitate.execution.rows import page_bytes
from kumitate.model.firing import Firing
from kumitate.model.request import Outcome
from kumitate.ports import Ledger


class Puts(Protocol):
    """Where pages are put."""

    def put(self, name: str, content: bytes) -> None: ...


class RunBook(Protocol):
    """Where deliveries look whether they may open a page."""

    def begin(self, run_id: str, sync: str, *, pages: int) -> None: ...
    def close(self, run_id: str, sync: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedOut:
    """Rows of firings on their way: the delivery function sends them, as it sends what runs bring."""

    accounts: Mapping[str, str]
    """By sync."""
    queue: Callable[[str], str]
    """The url of an account's queue."""
    shelf: Puts
    book: RunBook
    outbox: Outbox
    ledger: Ledger

    def send(self, firing: Firing) -> None:
        """A run of one page; told twice, the delivery knows that it is done."""
        if firing.change is None:
            return
        page = page_name(firing.run_id, firing.sync, 1)
        self.shelf.put(page, page_bytes([firing.change]))
        self.book.begin(firing.run_id, firing.sync, pages=1)
        queue = self.queue(self.accounts[firing.sync])
        self.outbox.send(queue, [message(firing.run_id, firing.sync, page)])

    def note(self, firing: Firing) -> Outcome | datetime | None:
        return self.ledger.notes(firing.run_id, firing.sync).get(firing.key)

    def end(self, firing: Firing) -> None:
        self.book.close(firing.run_id, firing.sync)


@dataclass(frozen=True, slots=True)
class NotesAlone:
    """For who only reads what became of firings."""

    ledger: Ledger

    def send(self, firing: Firing) -> None:
        raise FatalError(f"{firing.sync}: a job sends nothing that a trigger has fired")

    def note(self, firing: Firing) -> Outcome | datetime | None:
        return self.ledger.notes(firing.run_id, firing.sync).get(firing.key)

    def end(self, firing: Firing) -> None:
        raise FatalError(f"{firing.sync}: a job ends nothing that a trigger has fired")


def heard(event: Mapping[str, Any], firings: Firings) -> Mapping[str, int]:
    """What an event of the bus makes of firings: how many came into which state."""
    kind, detail = event.get("detail-type"), event.get("detail")
    if kind == TRIGGER_FIRED and isinstance(detail, dict):
        return firings.told(fired_from(detail))
    if kind == RUN_ENDED:
        return firings.again()
    raise FatalError(f"an event {TRIGGER_FIRED!r} or {RUN_ENDED!r} was expected; see the function's rules")
