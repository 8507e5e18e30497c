"""Sending changes to one destination account: paced, noted before and after, repeated only where that is safe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol

from kumitate.activation.destinations.answers import (
    AGAIN,
    AUTH_REFUSED,
    ROW_REASONS,
    UNAVAILABLE,
    UNREADABLE,
    common_outcomes,
    for_all,
)
from kumitate.activation.destinations.base import Destination, Recollecting
from kumitate.errors import FatalError, RecordError, RetryableError
from kumitate.model.request import Change, Outcome, Request, Response, Verdict
from kumitate.ports import Transport

_SETTLED = (Verdict.ACCEPTED, Verdict.REJECTED)
_WORST_FIRST = (Verdict.REJECTED, Verdict.UNKNOWN, Verdict.RETRY, Verdict.ACCEPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to go on: rounds without progress, and waits between them."""

    rounds: int = 5
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 60.0
    """A destination that asks for more is left alone until the next run."""


class Journal(Protocol):
    """The ledger's pages of one sync in one run."""

    def may_go_on(self) -> None:
        """Asked before each request; raises where no other may leave."""
        ...

    def claim(self, keys: Iterable[str]) -> None: ...
    def settle(self, outcomes: Iterable[Outcome]) -> None: ...


@dataclass(slots=True, kw_only=True)
class Sender:
    """One account's way out, for one thread; `connect` opens the transport when the first request leaves."""

    connect: Callable[[], Transport]
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    seconds_between_requests: float = 0.0
    patience: Patience = field(default_factory=Patience)
    _transport: Transport | None = field(default=None, init=False)
    _next_slot: datetime | None = field(default=None, init=False)
    _asked_to_wait: float = field(default=0.0, init=False)

    @property
    def asked_to_wait(self) -> float:
        """Seconds that the destination wanted to be left alone for, when it last answered."""
        return self._asked_to_wait

    def send(self, destination: Destination, changes: Sequence[Change], journal: Journal) -> Outcome | None:
        """Bring all changes as far as they go; returns the trouble that makes going on useless, if any."""
        waiting, idle_rounds = changes, 0
        while waiting:
            self._asked_to_wait = 0.0
            outcomes = self._round(destination, waiting, journal)
            trouble = _gravest(outcomes.values())
            waiting = [change for change in waiting if _goes_again(outcomes[change.key])]
            progress = any(outcome.verdict in _SETTLED for outcome in outcomes.values())
            idle_rounds = 0 if progress else idle_rounds + 1
            seconds = self._pause(idle_rounds, in_trouble=trouble is not None)
            hopeless = idle_rounds >= self.patience.rounds or seconds > self.patience.longest_wait_seconds
            if not waiting or hopeless or (trouble is not None and trouble.verdict is Verdict.UNKNOWN):
                return trouble
            self.sleep(seconds)
        return None

    def recollect(self, destination: Recollecting, changes: Sequence[Change], since: datetime) -> list[Outcome]:
        """What the destination remembers of rows that may have left at `since` or later."""
        found = {change.key: Outcome(change.key, Verdict.UNKNOWN, UNAVAILABLE) for change in changes}
        for request in destination.inquiries(changes, since):
            try:
                outcomes = destination.recollections(request, self._exchange(request))
            except (RetryableError, RecordError, FatalError):
                continue
            found |= {outcome.key: outcome for outcome in outcomes}
        return list(found.values())

    def _round(self, destination: Destination, changes: Sequence[Change], journal: Journal) -> Mapping[str, Outcome]:
        """Every change once; when the account is in trouble, the requests that follow stay here."""
        items = list(destination.requests(changes))
        requests_left = Counter(key for item in items if not isinstance(item, Outcome) for key in item.keys)
        verdicts: dict[str, Outcome] = {}
        trouble: Outcome | None = None
        for item in items:
            if isinstance(item, Outcome):
                found: tuple[Outcome, ...] = (item,)
            else:
                found = _stay(item, trouble) if trouble else self._requested(destination, item, journal)
                requests_left.subtract(item.keys)
            trouble = trouble or _gravest(found)
            for outcome in found:
                verdicts[outcome.key] = _worse(outcome, verdicts.get(outcome.key, outcome))
            journal.settle(verdicts[outcome.key] for outcome in found if requests_left[outcome.key] <= 0)
        return {change.key: verdicts.get(change.key) or _unanswered(change) for change in changes}

    def _requested(self, destination: Destination, request: Request, journal: Journal) -> tuple[Outcome, ...]:
        idempotent = destination.terms.idempotent
        self._await_slot()
        journal.may_go_on()
        if not idempotent:
            journal.claim(request.keys)
        try:
            response = self._transported(request)
        except RetryableError as error:
            self._asked_to_wait = error.retry_after_seconds or 0.0
            verdict = Verdict.RETRY if idempotent or error.never_left else Verdict.UNKNOWN
            return for_all(request, verdict, UNAVAILABLE, message=str(error))
        except FatalError as error:
            return for_all(request, Verdict.RETRY, AUTH_REFUSED, message=str(error))
        self._asked_to_wait = _retry_after(response, self.clock())
        known = common_outcomes(request, response, idempotent=idempotent)
        if known is not None:
            return known
        try:
            return destination.outcomes(request, response)
        except (RecordError, LookupError, TypeError, ValueError, AttributeError):
            # An answer of a shape that the vendor never documented must not stop the other rows.
            verdict = Verdict.RETRY if idempotent else Verdict.UNKNOWN
            return for_all(request, verdict, UNREADABLE, message=f"HTTP {response.status}")

    def _exchange(self, request: Request) -> Response:
        self._await_slot()
        return self._transported(request)

    def _await_slot(self) -> None:
        now = self.clock()
        if self._next_slot is not None and now < self._next_slot:
            self.sleep((self._next_slot - now).total_seconds())

    def _transported(self, request: Request) -> Response:
        if self._transport is None:
            self._transport = self.connect()
        self._next_slot = self.clock() + timedelta(seconds=self.seconds_between_requests)
        return self._transport.send(request)

    def _pause(self, idle_rounds: int, *, in_trouble: bool) -> float:
        backoff = self.patience.first_wait_seconds * 2 ** max(0, idle_rounds - 1)
        return max(self._asked_to_wait, backoff if in_trouble or idle_rounds else 0.0)


def _gravest(outcomes: Iterable[Outcome]) -> Outcome | None:
    """An outcome that lies with the account, not with its row: one without a verdict before one to try again."""
    grave = [outcome for outcome in outcomes if _is_trouble(outcome)]
    return next((outcome for outcome in grave if outcome.verdict is Verdict.UNKNOWN), grave[0] if grave else None)


def _is_trouble(outcome: Outcome) -> bool:
    if outcome.verdict is Verdict.UNKNOWN:
        return True
    return outcome.verdict is Verdict.RETRY and outcome.reason not in ROW_REASONS


def _goes_again(outcome: Outcome) -> bool:
    return outcome.verdict is Verdict.RETRY and outcome.reason in AGAIN


def _stay(request: Request, trouble: Outcome) -> tuple[Outcome, ...]:
    """Rows that were not sent: nothing happened to them, whatever happened before."""
    return for_all(request, Verdict.RETRY, trouble.reason, message=trouble.message)


def _worse(one: Outcome, other: Outcome) -> Outcome:
    return min(other, one, key=lambda outcome: _WORST_FIRST.index(outcome.verdict))


def _unanswered(change: Change) -> Outcome:
    return Outcome(change.key, Verdict.RETRY, UNREADABLE, "the destination gave no outcome for this row")


def _retry_after(response: Response, now: datetime) -> float:
    """Seconds, or the time until a date; 0 where the answer asks for nothing."""
    asked = next((value for name, value in response.headers.items() if name.lower() == "retry-after"), "")
    if asked.strip().isdecimal():
        return float(asked)
    try:
        return max(0.0, (parsedate_to_datetime(asked) - now).total_seconds())
    except (TypeError, ValueError):
        return 0.0
