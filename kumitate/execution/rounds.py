"""Changes sent once each: noted before where they must not leave twice, and after; what answers say of every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from kumitate.activation.destinations.answers import (
    AUTH_REFUSED,
    BATCH_SPOILED,
    QUOTA_SPENT,
    ROW_REASONS,
    UNAVAILABLE,
    UNREADABLE,
    common_outcomes,
    for_all,
)
from kumitate.activation.destinations.base import Destination, Metering, Pacing, Recollecting, Terms, requests_at
from kumitate.activation.matchkeys import NONE
from kumitate.errors import FatalError, RecordError, RetryableError
from kumitate.execution.flight import Landing
from kumitate.execution.wire import SPENT, Wire
from kumitate.model.request import Change, Outcome, Request, Response, Verdict

SETTLED = (Verdict.ACCEPTED, Verdict.REJECTED)
_WORST_FIRST = (Verdict.REJECTED, Verdict.UNKNOWN, Verdict.RETRY, Verdict.ACCEPTED)

Items = Sequence[Request | Outcome]
Arrived = tuple[Request, Response | Exception]


class Journal(Protocol):
    """The ledger's pages of one sync in one run."""

    def may_go_on(self) -> None:
        """Asked before each request; raises where no other may leave."""
        ...

    def claim(self, keys: Iterable[str]) -> None: ...
    def settle(self, outcomes: Iterable[Outcome]) -> None: ...


def nothing() -> bool:
    """There is nothing to do meanwhile."""
    return False


def is_repeatable(terms: Terms, claimed_at: datetime, now: datetime) -> bool:
    """Whether the vendor still knows a request again by its idempotency key, so long after it was claimed."""
    return (now - claimed_at).total_seconds() < terms.repeatable_seconds


@dataclass(slots=True, kw_only=True)
class Rounds:
    """One destination's rounds on its account's wire; for one thread."""

    wire: Wire
    destination: Destination
    journal: Journal
    claims: dict[str, datetime] = field(default_factory=dict)
    """Rows that may have arrived earlier, and are repeated; with the time they were claimed."""
    answered: Callable[[Request, Response], None] | None = None
    """Told of each request that was taken, with its answer."""
    spoiled: list[tuple[str, ...]] = field(default_factory=list, init=False)
    """Of the last round: keys of each request that one of its rows spoilt."""
    trouble: Outcome | None = field(default=None, init=False)
    """Of the last round: what lies with the account, not with its rows."""
    _fresh: dict[str, datetime] = field(default_factory=dict, init=False)
    """Rows claimed for the request that is to leave, or is under way."""
    _verdicts: dict[str, Outcome] = field(default_factory=dict, init=False)
    _requests_left: Counter[str] = field(default_factory=Counter, init=False)
    _flight: tuple[Request, Landing] | None = field(default=None, init=False)

    def rendered(self, changes: Sequence[Change]) -> Items:
        return list(self.made_of(changes))

    def made_of(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        """The same, one after the other."""
        return requests_at(self.wire.clock(), self.destination, changes)

    def run(
        self, changes: Sequence[Change], items: Items | None = None, meanwhile: Callable[[], bool] = nothing
    ) -> Mapping[str, Outcome]:
        """Every change once; when the account is in trouble, the requests that follow stay here.

        `meanwhile` does a little work for later as long as a request is on its way; False where there is none left.
        """
        items = self.rendered(changes) if items is None else items
        self._verdicts, self.trouble, self.spoiled = {}, None, []
        self._requests_left = Counter(key for item in items if not isinstance(item, Outcome) for key in item.keys)
        try:
            for item in items:
                self._next(item)
                while self._is_under_way and meanwhile():
                    pass
            self._note(self._read(self._arrived()))
        except Exception:
            self._note(self._read(self._arrived()))  # what has left gets its verdict, whatever happened here
            raise
        return {change.key: self._verdicts.get(change.key) or _unanswered(change) for change in changes}

    def may_repeat(self, outcome: Outcome) -> bool:
        """Whether the vendor would still know the row's request again, had it arrived."""
        since = self.claims.get(outcome.key) or self._fresh.get(outcome.key)
        return since is not None and is_repeatable(self.destination.terms, since, self.wire.clock())

    def _next(self, item: Request | Outcome) -> None:
        if isinstance(item, Outcome):
            self._note(self._found((item,)))
            return
        if self._flight is not None and self._leaves_nothing_open:
            self._claim(item)
        arrived = self._arrived()
        if not (self._leaves_nothing_open and _is_welcome(arrived)):
            self._note(self._read(arrived))
            arrived = None
        try:
            stayed = self._begin(item) if self.trouble is None else _stay(item, self.trouble)
        finally:
            self._note(self._read(arrived))
        self._requests_left.subtract(item.keys if stayed else ())
        self._note(self._found(stayed))

    def _begin(self, request: Request) -> tuple[Outcome, ...]:
        """Let the request leave; outcomes where it did not."""
        if not self.wire.await_slot():
            return for_all(request, Verdict.RETRY, QUOTA_SPENT, message=SPENT)
        self.journal.may_go_on()
        self._claim(request)
        self._flight = (request, self.wire.begin(request))
        return ()

    def _claim(self, request: Request) -> None:
        if self.destination.terms.idempotent:
            return
        new = [key for key in dict.fromkeys(request.keys) if key not in self.claims and key not in self._fresh]
        if new:
            self.journal.claim(new)
            self._fresh |= dict.fromkeys(new, self.wire.clock())

    @property
    def _is_under_way(self) -> bool:
        return self._flight is not None and not self._flight[1].done()

    def _arrived(self) -> Arrived | None:
        """The request under way with its answer, or the error there was instead; None where nothing is."""
        if self._flight is None:
            return None
        request, landing = self._flight
        self._flight = None
        try:
            return request, self._heard(landing.result())
        except (RetryableError, FatalError) as error:
            self.wire.asked_to_wait = getattr(error, "retry_after_seconds", None) or 0.0
            return request, error

    def _heard(self, response: Response) -> Response:
        """What the answer says of the account: how long it is to be left alone, and whether for today."""
        self.wire.heard(response)
        if isinstance(self.destination, Pacing):
            self.wire.asked_to_wait = max(self.wire.asked_to_wait, self.destination.asks_to_wait(response))
        words = self.destination.used_up(response) if isinstance(self.destination, Metering) else ""
        if words:
            self.trouble = self.trouble or Outcome("", Verdict.RETRY, QUOTA_SPENT, words)
        return response

    def _read(self, arrived: Arrived | None) -> tuple[Outcome, ...]:
        """The outcomes of a request that has arrived."""
        if arrived is None:
            return ()
        request, answer = arrived
        found = self._missed(request, answer) if isinstance(answer, Exception) else self._answered(request, answer)
        if found and all(outcome.reason == BATCH_SPOILED for outcome in found):
            self.spoiled.append(tuple(dict.fromkeys(request.keys)))
        self._requests_left.subtract(request.keys)
        return self._found(found)

    def _missed(self, request: Request, error: Exception) -> tuple[Outcome, ...]:
        if isinstance(error, FatalError):
            return for_all(request, Verdict.RETRY, AUTH_REFUSED, message=str(error))
        never_left = isinstance(error, RetryableError) and error.never_left
        verdict = Verdict.RETRY if self.destination.terms.idempotent or never_left else Verdict.UNKNOWN
        return for_all(request, verdict, UNAVAILABLE, message=str(error))

    def _answered(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        idempotent = self.destination.terms.idempotent
        known = common_outcomes(request, response, idempotent=idempotent)
        if known is not None:
            return known
        try:
            found = self.destination.outcomes(request, response)
        except (RecordError, LookupError, TypeError, ValueError, AttributeError):
            # An answer of a shape that the vendor never documented must not stop the other rows.
            verdict = Verdict.RETRY if idempotent else Verdict.UNKNOWN
            return for_all(request, verdict, UNREADABLE, message=f"HTTP {response.status}")
        if self.answered is not None and any(outcome.verdict is Verdict.ACCEPTED for outcome in found):
            self.answered(request, response)
        return found

    def _found(self, outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
        self.trouble = self.trouble or gravest(outcomes)
        verdicts = self._verdicts
        for outcome in outcomes:
            before = verdicts.get(outcome.key)
            verdicts[outcome.key] = outcome if before is None else _worse(outcome, before)
        return outcomes

    def _note(self, outcomes: tuple[Outcome, ...]) -> None:
        """The rows that no other request is to come for."""
        verdicts, left = self._verdicts, self._requests_left
        ready = [verdicts[outcome.key] for outcome in outcomes if left[outcome.key] <= 0]
        if self.claims or self._fresh:
            ready = [found for found in ready if not self._stays_claimed(found)]
        if ready:
            self.journal.settle(ready)

    def _stays_claimed(self, found: Outcome) -> bool:
        """A row that may have arrived, in this request or an earlier one, and is repeated as long as that is safe."""
        uncertain = found.verdict is Verdict.UNKNOWN or found.key in self.claims
        stays = uncertain and found.verdict not in SETTLED and self.may_repeat(found)
        claimed = self._fresh.pop(found.key, None)
        if stays and claimed is not None:
            self.claims.setdefault(found.key, claimed)
        if not stays:
            self.claims.pop(found.key, None)
        return stays

    @property
    def _leaves_nothing_open(self) -> bool:
        """Whether a request may be followed by the next before it is noted: a kill costs a repetition, or a question.

        Only where requests overlap is there something to win.
        """
        sure = self.destination.terms.idempotent or isinstance(self.destination, Recollecting)
        return self.wire.line.overlaps and (sure or self.destination.terms.repeatable_seconds > 0)


def _is_welcome(arrived: Arrived | None) -> bool:
    """Whether the next request may leave before this answer is read."""
    return arrived is None or (isinstance(arrived[1], Response) and arrived[1].status < 300)


def gravest(outcomes: Iterable[Outcome]) -> Outcome | None:
    """An outcome that lies with the account, not with its row: one without a verdict before one to try again."""
    grave = [outcome for outcome in outcomes if outcome.verdict not in SETTLED and _is_trouble(outcome)]
    return next((outcome for outcome in grave if outcome.verdict is Verdict.UNKNOWN), grave[0] if grave else None)


def _is_trouble(outcome: Outcome) -> bool:
    if outcome.verdict is Verdict.UNKNOWN:
        return True
    return outcome.verdict is Verdict.RETRY and outcome.reason not in ROW_REASONS


def _stay(request: Request, trouble: Outcome) -> tuple[Outcome, ...]:
    """Rows that were not sent: nothing happened to them, whatever happened before."""
    return for_all(request, Verdict.RETRY, trouble.reason, message=trouble.message)


def _worse(one: Outcome, other: Outcome) -> Outcome:
    """Of two of one row the graver; a row without a match key waits as long as its old ones have to leave."""
    for unfound, removal in ((one, other), (other, one)):
        if unfound.reason == NONE and removal.verdict is not Verdict.ACCEPTED:
            return removal
    if one.verdict is other.verdict is Verdict.ACCEPTED and one.message != other.message:
        return replace(other, message=f"{other.message} {one.message}".strip())
    return min(other, one, key=lambda outcome: _WORST_FIRST.index(outcome.verdict))


def _unanswered(change: Change) -> Outcome:
    return Outcome(change.key, Verdict.RETRY, UNREADABLE, "the destination gave no outcome for this row")
