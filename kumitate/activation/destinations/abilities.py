"""What some destinations can besides; told apart by their methods, so that who sends need not know the classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from kumitate.model.request import Change, Outcome, Request, Response, Verdict

if TYPE_CHECKING:  # a cold start pays for destinations when it knows which
    from kumitate.activation.destinations.base import Destination

TOO_OLD = "event.too_old"
"""The event happened longer ago than the vendor counts."""


@runtime_checkable
class Recollecting(Protocol):
    """A destination that can tell afterwards whether a row arrived."""

    def inquiries(self, changes: Sequence[Change], since: datetime) -> Iterable[Request]:
        """Questions about rows that may have left at `since` or later."""
        ...

    def recollections(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        """ACCEPTED: it is there. RETRY: it certainly is not. UNKNOWN: cannot be told."""
        ...


@runtime_checkable
class Metering(Protocol):
    """A destination whose answers tell how much of the account's allowance is used, by whomever."""

    def used_up(self, response: Response) -> str:
        """Words where nothing more should leave before the allowance is renewed; empty where something may."""
        ...


@runtime_checkable
class Pacing(Protocol):
    """A destination that says in a way of its own how long it wants to be left alone; `Retry-After` is everybody's."""

    def asks_to_wait(self, response: Response) -> float:
        """Seconds."""
        ...


@runtime_checkable
class Dating(Protocol):
    """A destination that takes an event only so long after it happened, by the vendor's clock."""

    def most_days(self) -> int: ...
    def happened(self, change: Change) -> datetime | None:
        """None where the row does not say; `requests` refuses it."""
        ...


def requests_at(now: datetime, destination: Destination, changes: Sequence[Change]) -> Iterator[Request | Outcome]:
    """The destination's requests at this time; rows that the vendor would not count any more are refused here."""
    if isinstance(destination, Dating):
        days = destination.most_days()
        since = now - timedelta(days=days)
        late = {change.key for change in changes if (at := destination.happened(change)) is not None and at < since}
        for key in sorted(late):
            yield Outcome(key, Verdict.REJECTED, TOO_OLD, f"happened more than {days} days ago")
        changes = [change for change in changes if change.key not in late]
    yield from destination.requests(changes)
