"""A portion of changes brought to a destination: only those without a verdict, and none that may have arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kumitate.activation.destinations.answers import UNAVAILABLE
from kumitate.activation.destinations.base import Destination, Recollecting
from kumitate.execution.sending import Sender
from kumitate.model.request import Change, Outcome, Verdict
from kumitate.ports import Ledger

Notes = Mapping[str, Outcome | datetime]


def _go_on() -> None:
    """Nothing stands in the way."""


@dataclass(frozen=True, slots=True)
class Page:
    """The ledger's notes of one sync in one run; `may_go_on` is asked before each request, and raises to stop."""

    ledger: Ledger
    run_id: str
    sync: str
    may_go_on: Callable[[], None] = _go_on

    def claim(self, keys: Iterable[str]) -> None:
        self.ledger.claim(self.run_id, self.sync, keys)

    def settle(self, outcomes: Iterable[Outcome]) -> None:
        self.ledger.settle(self.run_id, self.sync, outcomes)

    def notes(self) -> Notes:
        return self.ledger.notes(self.run_id, self.sync)


@dataclass(frozen=True, slots=True)
class Way:
    """A sync's way out: the account's sender, the destination behind it, and the page that remembers."""

    sender: Sender
    destination: Destination
    page: Page

    def bring(self, changes: Sequence[Change], notes: Notes) -> Outcome | None:
        """Send what has no verdict in `notes`; returns the trouble that makes going on useless, if any."""
        left = [change for change in changes if not _is_settled(notes.get(change.key))]
        if not self.destination.terms.idempotent:
            left = self._certain(left, notes)
        return self.sender.send(self.destination, left, self.page)

    def _certain(self, changes: list[Change], notes: Notes) -> list[Change]:
        """The changes that certainly have not arrived; others are asked for, else left without verdict."""
        claims = {change.key: note for change in changes if isinstance(note := notes.get(change.key), datetime)}
        if not claims:
            return changes
        claimed = [change for change in changes if change.key in claims]
        found = [Outcome(change.key, Verdict.UNKNOWN, UNAVAILABLE) for change in claimed]
        if isinstance(self.destination, Recollecting):
            found = self.sender.recollect(self.destination, claimed, min(claims.values()))
        absent = {outcome.key for outcome in found if outcome.verdict is Verdict.RETRY}
        self.page.settle(outcome for outcome in found if outcome.key not in absent)
        return [change for change in changes if change.key not in claims or change.key in absent]


def _is_settled(note: Outcome | datetime | None) -> bool:
    return isinstance(note, Outcome) and note.verdict is not Verdict.RETRY
