"""What became of everything a sync had to bring in one run, as values that add up."""

from __future__ import annotations

from dataclasses import dataclass

from kumitate.report.answers import PlatformFigure, Rejection
from kumitate.report.tallies import Balance, Tally


@dataclass(frozen=True, slots=True)
class SyncReport:
    """One sync in this run: what became of every candidate, and of every row to remove."""

    name: str
    description: str
    destination: str
    type: str
    segment: str
    mode: str
    is_planned: bool = True
    """Whether this run planned the sync; else its candidates are an earlier run's, and nothing became of them."""
    candidates: int = 0
    unchanged: int = 0
    delivered: int = 0
    rejected: int = 0
    pending: int = 0
    """Rows that go again by themselves; why is in `waits`."""
    unknown: int = 0
    """Rows that may have arrived: their answer never came."""
    waiting: int = 0
    """Rows of which nothing was sent: the sync is paused, or a person must approve the run first."""
    waits_for: str = ""
    """Why: `guard.adds`, `guard.removes`, `approval`, `paused`, `cancelled`."""
    held: tuple[Tally, ...] = ()
    deletes: int = 0
    deleted: int = 0
    undeleted: int = 0
    undeleted_rejected: int = 0
    """Of the removals that were not taken those that were refused."""
    undeleted_unknown: int = 0
    """Of the removals that were not taken those whose answer never came."""
    waiting_deletes: int = 0
    retried: int = 0
    """Of what there was to bring, rows that an earlier run had tried in vain."""
    waits: tuple[Tally, ...] = ()
    """Rows that go again by themselves, removals among them, by reason (`unavailable`, `cancelled`)."""
    at_destination: int = 0
    rejections: tuple[Rejection, ...] = ()
    figures: tuple[PlatformFigure, ...] = ()
    failed_later: int = 0
    """Requests of earlier runs of which the platform told in this run that it failed them after all."""

    @property
    def held_back(self) -> int:
        return sum(gate.count for gate in self.held)

    @property
    def balance(self) -> Balance:
        sent = (self.delivered, self.rejected, self.pending, self.unknown)
        return Balance(self.candidates if self.is_planned else 0, (*sent, self.held_back, self.unchanged, self.waiting))

    @property
    def delete_balance(self) -> Balance:
        return Balance(self.deletes, (self.deleted, self.undeleted, self.waiting_deletes))

    @property
    def accepted(self) -> int:
        return self.delivered + self.deleted

    @property
    def refused(self) -> int:
        return self.rejected + self.undeleted_rejected

    @property
    def unanswered(self) -> int:
        return self.unknown + self.undeleted_unknown

    @property
    def again(self) -> int:
        """Rows that go again by themselves."""
        return self.pending + self.undeleted - self.undeleted_rejected - self.undeleted_unknown

    @property
    def stopped(self) -> int:
        """Rows of which nothing was sent, and which a person has to let go."""
        return self.waiting + self.waiting_deletes

    @property
    def changes(self) -> int:
        """Rows there were to bring: accepted, refused, unanswered, or waiting for whatever reason."""
        return self.accepted + self.refused + self.unanswered + self.again + self.stopped
