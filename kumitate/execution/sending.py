"""Sending changes to one destination account: again where that helps, halved where one row spoils the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from kumitate.activation.destinations.abilities import Recollecting
from kumitate.activation.destinations.answers import AGAIN, BATCH_SPOILED, ROW_REASONS, UNAVAILABLE
from kumitate.activation.portions import is_removal
from kumitate.errors import FatalError, RecordError, RetryableError
from kumitate.execution.ahead import Ahead
from kumitate.execution.budget import Budget, Quota
from kumitate.execution.flight import Direct, Line
from kumitate.execution.hearing import SETTLED, Listener
from kumitate.execution.rounds import Journal, Rounds
from kumitate.execution.wire import Wire
from kumitate.model.request import Change, Outcome, Verdict
from kumitate.ports import Transport

if TYPE_CHECKING:  # a cold start pays for destinations when it knows which
    from kumitate.activation.destinations.base import Destination

__all__ = ["SPOILS", "Listener", "Patience", "Sender"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to go on: rounds without progress, and waits between them."""

    rounds: int = 5
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 60.0
    """A destination that asks for more is left alone until the next run."""
    talk_seconds: float = 300.0
    """A conversation in which the vendor takes longer goes on in the next run."""
    arrives_seconds: float = 90.0
    """A request whose sender died may still be carried out for so long: before, its absence there says nothing."""

    def pause(self, asked: float, idle_rounds: int, *, in_trouble: bool) -> float:
        """Seconds before the next round: as asked, and longer each time nothing came of it."""
        backoff = self.first_wait_seconds * 2 ** max(0, idle_rounds - 1)
        return max(asked, backoff if in_trouble or idle_rounds else 0.0)


@dataclass(slots=True, kw_only=True)
class Sender:
    """One account's way out, for one thread; `connect` opens the transport when the first request leaves."""

    connect: Callable[[], Transport]
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    seconds_between_requests: float = 0.0
    quota: Quota | None = None
    patience: Patience = field(default_factory=Patience)
    line: Line = field(default_factory=Direct)
    wire: Wire = field(init=False)

    def __post_init__(self) -> None:
        budget = Budget(
            clock=self.clock,
            sleep=self.sleep,
            seconds_between_requests=self.seconds_between_requests,
            quota=self.quota,
        )
        self.wire = Wire(connect=self.connect, clock=self.clock, budget=budget, line=self.line)

    @property
    def asked_to_wait(self) -> float:
        """Seconds that the destination wanted to be left alone for, when it last answered."""
        return self.wire.asked_to_wait

    def send(self, destination: Destination, changes: Sequence[Change], journal: Journal) -> Outcome | None:
        """Bring all changes as far as they go; returns the trouble that makes going on useless, if any."""
        return self.stream(destination, [changes], journal)

    def stream(
        self,
        destination: Destination,
        portions: Iterable[Sequence[Change]],
        journal: Journal,
        *,
        claims: Mapping[str, datetime] | None = None,
        answered: Listener | None = None,
    ) -> Outcome | None:
        """Portion after portion, the next one made ready while the last request of one is under way.

        `claims` are rows that may have arrived and may be repeated; `answered` hears of each request that was taken.
        """
        rounds = Rounds(
            wire=self.wire, destination=destination, journal=journal, claims=dict(claims or {}), answered=answered
        )
        return _Stream(self, rounds).bring(portions)

    def recollect(self, destination: Recollecting, changes: Sequence[Change], since: datetime) -> list[Outcome]:
        """What the destination remembers of rows that may have left at `since` or later."""
        found = {change.key: Outcome(change.key, Verdict.UNKNOWN, UNAVAILABLE) for change in changes}
        for request in destination.inquiries(changes, since):
            try:
                outcomes = destination.recollections(request, self.wire.exchange(request))
            except (RetryableError, RecordError, FatalError):
                continue
            found |= {outcome.key: outcome for outcome in outcomes}
        return list(found.values())


@dataclass(slots=True)
class _Stream:
    """One sync's changes on their way; what single rows have to be sent again for waits until it fills a portion."""

    sender: Sender
    rounds: Rounds
    pool: list[Change] = field(default_factory=list)
    block: int = 0
    """Rows of the pool that are tried together; 0 for all of them."""

    def bring(self, portions: Iterable[Sequence[Change]]) -> Outcome | None:
        try:
            trouble = self._brought(portions)
        except Exception:  # not `finally`: a process that is being killed has no time to wind up, and must not need it
            self.rounds.wind_up()
            raise
        self.rounds.wind_up()
        return trouble

    def _brought(self, portions: Iterable[Sequence[Change]]) -> Outcome | None:
        ahead = Ahead(iter(portions), self.rounds.made_of)
        while (ready := ahead.take()) is not None:
            changes, items = ready
            if self.pool and (len(self.pool) >= len(changes) or is_removal(self.pool[0]) != is_removal(changes[0])):
                trouble = self._empty_pool()
                if trouble is not None:
                    return trouble
            self.sender.wire.asked_to_wait = 0.0
            first = self.rounds.run(changes, items, ahead)
            outcomes, trouble = self._attempted(changes, first)
            if trouble is not None:
                return trouble
            self.pool += self._sifted(changes, outcomes)
        return self._empty_pool()

    def _empty_pool(self) -> Outcome | None:
        """What goes again for its own sake, until nothing comes of it any more."""
        idle_rounds = 0
        waiting, self.pool = self.pool, []
        while waiting:
            size = self.block or len(waiting)
            tried, others = waiting[:size], waiting[size:]
            outcomes, trouble = self._attempted(tried)
            if trouble is not None:
                return trouble
            self._learn(outcomes)
            left = self._sifted(tried, outcomes)
            idle_rounds = 0 if len(left) < len(tried) else idle_rounds + 1
            waiting = others + left
            seconds = self._pause(idle_rounds, in_trouble=False)
            if not waiting or self._is_hopeless(idle_rounds, seconds):
                return None
            self._sleep(seconds)
        return None

    def _learn(self, outcomes: Mapping[str, Outcome]) -> None:
        """Where whole blocks are refused there are many bad rows: fewer are tried together, and more as they pass.

        Where all rows are bad (a field that the vendor does not know) this comes to one call a row, and some more.
        """
        spoilt = any(outcome.reason == BATCH_SPOILED for outcome in outcomes.values())
        if not spoilt:
            self.block *= 2
        elif not any(outcome.verdict is Verdict.ACCEPTED for outcome in outcomes.values()):
            request = min(len(outcomes), self.rounds.destination.terms.most_rows or len(outcomes))
            self.block = max(1, min(self.block or request, request) // 2)

    def _attempted(
        self, changes: Sequence[Change], tried: Mapping[str, Outcome] | None = None
    ) -> tuple[dict[str, Outcome], Outcome | None]:
        """Outcomes of all changes, and the trouble with the account that outlasts our patience, if any."""
        found: dict[str, Outcome] = {}
        spoiled: list[tuple[str, ...]] = []
        waiting, idle_rounds = list(changes), 0
        while True:
            if tried is None:
                self.sender.wire.asked_to_wait = 0.0
                tried = self.rounds.run(waiting)
            found |= tried
            spoiled += self.rounds.spoiled
            trouble = self.rounds.trouble
            if trouble is None:
                break
            waiting = [change for change in waiting if self._goes_again(tried[change.key], for_row=False)]
            progress = any(outcome.verdict in SETTLED for outcome in tried.values())
            idle_rounds = 0 if progress else idle_rounds + 1
            seconds = self._pause(idle_rounds, in_trouble=True)
            if not waiting or self._is_hopeless(idle_rounds, seconds) or self._is_lost(trouble):
                break
            self._sleep(seconds)
            tried = None
        self.rounds.spoiled = spoiled
        return found, trouble

    def _sifted(self, changes: Sequence[Change], outcomes: Mapping[str, Outcome]) -> list[Change]:
        """The rows that go again: batches that a row has spoilt are searched for it."""
        groups, again = self.rounds.spoiled, []
        by_key = {change.key: change for change in changes} if groups else {}
        for keys in groups:
            group = [by_key[key] for key in keys if outcomes[key].reason == BATCH_SPOILED]
            again += self._searched(group, outcomes[keys[0]].message) if group else []
        searched = {key for keys in groups for key in keys}
        left = [c for c in changes if outcomes[c.key].verdict not in SETTLED and c.key not in searched]
        return again + [change for change in left if self._goes_again(outcomes[change.key])]

    def _searched(self, group: Sequence[Change], words: str) -> list[Change]:
        """Finds one row that spoils `group`; the rows of which nothing is known afterwards.

        Half of what is known to hold a bad row is sent: where it is taken, the bad row is in the other half, which
        need not be sent to know it. One bad row among n costs ceil(log2 n) calls, and all the rest one more.
        """
        unknown: list[Change] = []
        while len(group) > 1:
            half = len(group) // 2
            sent, kept = group[:half], group[half:]
            outcomes, trouble = self._attempted(sent)
            spoiling = [change for change in sent if outcomes[change.key].reason == BATCH_SPOILED]
            if spoiling:
                words = outcomes[spoiling[0].key].message
                unknown += kept
                group = spoiling
            elif trouble is None and all(outcomes[change.key].verdict is Verdict.ACCEPTED for change in sent):
                group = kept
            else:  # a row was refused by name, or the account is in trouble: all others may be good
                return unknown + [
                    change for change in group if outcomes.get(change.key, _SPOILED).verdict not in SETTLED
                ]
        self.rounds.journal.settle([Outcome(change.key, Verdict.REJECTED, SPOILS, words) for change in group])
        return unknown

    def _goes_again(self, outcome: Outcome, *, for_row: bool = True) -> bool:
        """Whether the row is tried again in this run; not `for_row`: for what lies with the account alone."""
        if outcome.verdict is Verdict.UNKNOWN:
            return self.rounds.may_repeat(outcome)
        reasons = AGAIN if for_row else AGAIN - ROW_REASONS
        return outcome.verdict is Verdict.RETRY and outcome.reason in reasons

    def _is_lost(self, trouble: Outcome) -> bool:
        return trouble.verdict is Verdict.UNKNOWN and not self.rounds.may_repeat(trouble)

    def _pause(self, idle_rounds: int, *, in_trouble: bool) -> float:
        return self.sender.patience.pause(self.sender.asked_to_wait, idle_rounds, in_trouble=in_trouble)

    def _is_hopeless(self, idle_rounds: int, seconds: float) -> bool:
        patience = self.sender.patience
        return idle_rounds >= patience.rounds or seconds > patience.longest_wait_seconds

    def _sleep(self, seconds: float) -> None:
        if seconds:
            self.sender.sleep(seconds)


SPOILS = "row.spoils_batch"
"""The one row because of which the vendor refused a whole request, in whose words it is refused."""
_SPOILED = Outcome("", Verdict.RETRY, BATCH_SPOILED)
