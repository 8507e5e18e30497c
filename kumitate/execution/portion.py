"""A sync's changes brought to a destination: only those without a verdict, and none that may have arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kumitate.activation.destinations.abilities import Recollecting
from kumitate.activation.destinations.answers import UNAVAILABLE
from kumitate.execution.rounds import is_repeatable
from kumitate.execution.sending import SPOILS, Listener, Sender
from kumitate.model.request import Change, Outcome, Verdict
from kumitate.ports import Ledger

if TYPE_CHECKING:  # a cold start pays for destinations when it knows which
    from kumitate.activation.destinations.base import Destination

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
    spoilt: set[str] = field(default_factory=set)
    """Rows found to spoil their batch."""

    def claim(self, keys: Iterable[str]) -> None:
        self.ledger.claim(self.run_id, self.sync, keys)

    def settle(self, outcomes: Iterable[Outcome]) -> None:
        found = list(outcomes)
        self.spoilt.update(outcome.key for outcome in found if outcome.reason == SPOILS)
        self.ledger.settle(self.run_id, self.sync, found)

    def notes(self) -> Notes:
        return self.ledger.notes(self.run_id, self.sync)


@dataclass(frozen=True, slots=True)
class Way:
    """A sync's way out: the account's sender, the destination behind it, and the page that remembers."""

    sender: Sender
    destination: Destination
    page: Page
    answered: Listener | None = None
    """Hears of each request that was taken."""

    def bring(self, changes: Sequence[Change], notes: Notes) -> Outcome | None:
        """Send what has no verdict in `notes`; returns the trouble that makes going on useless, if any."""
        return self.stream([changes], notes)

    def stream(self, portions: Iterable[Sequence[Change]], notes: Notes) -> Outcome | None:
        """As `bring`, of many portions."""
        if self.destination.terms.idempotent or not any(isinstance(note, datetime) for note in notes.values()):
            return self._send(_unsettled(portions, notes), {})
        for left in _unsettled(portions, notes):
            certain, claims = self._certain(left, notes)
            trouble = self._send([certain], claims)
            if trouble is not None:
                return trouble
        return None

    def close(self, changes: Sequence[Change], notes: Notes, left: Outcome) -> Outcome | None:
        """End what an interrupted run left: what may have left is asked for, or repeated where the vendor knows it
        again; of what has not arrived for certain, `left` is noted. No other row leaves.
        """
        claimed = [change for change in changes if isinstance(notes.get(change.key), datetime)]
        if not claimed or self.destination.terms.idempotent:
            return None
        certain, claims = self._certain(claimed, notes)
        self.page.settle(replace(left, key=change.key) for change in certain if change.key not in claims)
        repeated = [change for change in certain if change.key in claims]
        return self._send([repeated], claims) if repeated else None

    def _send(self, portions: Iterable[Sequence[Change]], claims: Mapping[str, datetime]) -> Outcome | None:
        return self.sender.stream(self.destination, portions, self.page, claims=claims, answered=self.answered)

    def _certain(self, changes: list[Change], notes: Notes) -> tuple[list[Change], Mapping[str, datetime]]:
        """The changes that have not arrived for certain, and those that may be repeated with the time of their claim.

        Others are asked for, else left without verdict.
        """
        claims = {change.key: note for change in changes if isinstance(note := notes.get(change.key), datetime)}
        terms, now = self.destination.terms, self.sender.clock()
        repeatable = {key: since for key, since in claims.items() if is_repeatable(terms, since, now)}
        asked = [change for change in changes if change.key in claims.keys() - repeatable.keys()]
        absent = self._absent(asked, claims) if asked else set()
        kept = [change for change in changes if change.key not in claims or change.key in absent | repeatable.keys()]
        return kept, repeatable

    def _absent(self, claimed: list[Change], claims: Mapping[str, datetime]) -> set[str]:
        """Rows that the destination says it has not; of all others the verdict is noted."""
        found = [Outcome(change.key, Verdict.UNKNOWN, UNAVAILABLE) for change in claimed]
        if isinstance(self.destination, Recollecting):
            times = [claims[change.key] for change in claimed]
            arrives = timedelta(seconds=self.sender.patience.arrives_seconds)
            still = (max(times) + arrives - self.sender.clock()).total_seconds()
            if still > 0:
                self.sender.sleep(still)
            found = self.sender.recollect(self.destination, claimed, min(times))
        absent = {outcome.key for outcome in found if outcome.verdict is Verdict.RETRY}
        self.page.settle(outcome for outcome in found if outcome.key not in absent)
        return absent


def _unsettled(portions: Iterable[Sequence[Change]], notes: Notes) -> Iterator[list[Change]]:
    for changes in portions:
        yield unsettled(changes, notes)


def unsettled(changes: Sequence[Change], notes: Notes) -> list[Change]:
    """The rows without a verdict; in a run that was never interrupted these are all of them."""
    return [change for change in changes if not is_settled(notes.get(change.key))] if notes else list(changes)


def is_settled(note: Outcome | datetime | None) -> bool:
    return isinstance(note, Outcome) and note.verdict is not Verdict.RETRY
