"""Changes sent once each: noted before where they must not leave twice, and after; what answers say of every row."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from kumitate.activation.destinations.abilities import Metering, Pacing, Recollecting, requests_at
from kumitate.activation.destinations.answers import BATCH_SPOILED, QUOTA_SPENT, UNAVAILABLE, UNREADABLE, for_all
from kumitate.activation.destinations.terms import Terms
from kumitate.execution.departures import Flight, Idle, Items, Meanwhile, Round
from kumitate.execution.hearing import SETTLED, answered, gravest, missed, stays
from kumitate.execution.wire import SPENT, Wire
from kumitate.model.request import Change, Outcome, Request, Response, Verdict

if TYPE_CHECKING:  # a cold start pays for destinations when it knows which
    from kumitate.activation.destinations.base import Destination

_BEHIND = 2
"""Requests that wait behind the one under way: a claim that the disk takes its time over holds up none of them."""


class Journal(Protocol):
    """The ledger's pages of one sync in one run."""

    def may_go_on(self) -> None:
        """Asked before each request; raises where no other may leave."""
        ...

    def claim(self, keys: Iterable[str]) -> None: ...
    def settle(self, outcomes: Iterable[Outcome]) -> None: ...


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
    """Rows claimed for a request that is to leave, or is under way."""
    _round: Round = field(default_factory=lambda: Round(Counter()), init=False)
    _flights: deque[Flight] = field(default_factory=deque, init=False)
    """One under way, and those behind it."""
    _ahead: Flight | None = field(default=None, init=False)
    """The first of the round that follows, where it was given to the line behind the last of this one."""
    _paces: Pacing | None = field(init=False)
    _meters: Metering | None = field(init=False)
    _leaves_nothing_open: bool = field(init=False)
    """Whether a request may be followed by the next before it is noted: a kill costs a repetition, or a question.

    Only where requests overlap is there something to win.
    """

    def __post_init__(self) -> None:
        there, terms = self.destination, self.destination.terms  # looked at once: requests of one row are many
        self._paces = there if isinstance(there, Pacing) else None
        self._meters = there if isinstance(there, Metering) else None
        sure = terms.idempotent or terms.repeatable_seconds > 0 or isinstance(there, Recollecting)
        self._leaves_nothing_open = self.wire.line.overlaps and sure

    def rendered(self, changes: Sequence[Change]) -> Items:
        return list(self.made_of(changes))

    def made_of(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        """The same, one after the other."""
        return requests_at(self.wire.clock(), self.destination, changes)

    def run(
        self, changes: Sequence[Change], items: Items | None = None, meanwhile: Meanwhile | None = None
    ) -> Mapping[str, Outcome]:
        """Every change once; when the account is in trouble, the requests that follow stay here.

        As long as a request is on its way there is time for what may be done `meanwhile`.
        """
        items = self.rendered(changes) if items is None else items
        meanwhile = meanwhile or Idle()
        self.trouble, self.spoiled = None, []
        self._take_off(items)
        for item in items:
            self._next(item, meanwhile)
        while self._flights and self._flights[0] is not self._ahead:
            self._work(meanwhile)
            self._look_ahead(meanwhile)
            self._land()
        verdicts = self._round.verdicts
        return {change.key: verdicts.get(change.key) or _unanswered(change) for change in changes}

    def wind_up(self) -> None:
        """What has left gets its verdict, whatever happened here."""
        if self._ahead is not None and self._ahead not in self._flights:
            self._flights.append(self._ahead)
        while self._flights:
            flight = self._flights.popleft()
            arrived = flight.landed()
            if flight.has_left:
                self._read(flight, arrived)
            else:
                self._unclaim(flight)
        self._ahead = None

    def may_repeat(self, outcome: Outcome) -> bool:
        """Whether the vendor would still know the row's request again, had it arrived."""
        since = self.claims.get(outcome.key) or self._fresh.get(outcome.key)
        return since is not None and is_repeatable(self.destination.terms, since, self.wire.clock())

    def _take_off(self, items: Items) -> None:
        """Begin a round; its first request may be under way, and one of another round waits until this one is over."""
        requests = [item for item in items if not isinstance(item, Outcome)]
        flight, self._flights = self._ahead, deque()
        if flight is not None and requests and requests[0] is flight.request:
            self._round, self._ahead = flight.round, None
            self._flights.append(flight)
            return
        if flight is not None:
            flight.landed()
        self._round = Round.of(items)

    def _next(self, item: Request | Outcome, meanwhile: Meanwhile) -> None:
        if isinstance(item, Outcome):
            self._note((item,), self._round)
            return
        if not (self._flights and self._flights[-1].request is item):
            self._depart(item)
        if not self._leaves_nothing_open or len(self._flights) > _BEHIND:
            self._work(meanwhile)
        if len(self._flights) > _BEHIND:
            self._land()

    def _depart(self, request: Request) -> None:
        """Let it leave in its turn: behind the one under way, or when that is noted. What stays has its outcome."""
        if self._flights and self.trouble is None and self._leaves_nothing_open:
            self._follow(Flight(request, self._round))
            return
        while self._flights:
            self._land()
        stayed = self._begin(request) if self.trouble is None else stays(request, self.trouble)
        self._round.requests_left.subtract(request.keys if stayed else ())
        self._note(stayed, self._round)

    def _follow(self, flight: Flight) -> None:
        self._claim(flight.request)
        flight.follow(self._flights[-1], self.wire, self._may_leave)
        self._flights.append(flight)

    def _may_leave(self, answer: Response) -> bool:
        """Whether the next request may leave before anybody has read this answer; asked in the line's thread."""
        if answer.status >= 300 or self._is_used_up(answer) or not self.wire.await_slot():
            return False
        self.journal.may_go_on()
        return True

    def _begin(self, request: Request) -> tuple[Outcome, ...]:
        """Let the request leave; outcomes where it did not."""
        if not self.wire.await_slot():
            return for_all(request, Verdict.RETRY, QUOTA_SPENT, message=SPENT)
        self.journal.may_go_on()
        self._claim(request)
        flight = Flight(request, self._round)
        flight.leave(self.wire)
        self._flights.append(flight)
        return ()

    def _claim(self, request: Request) -> None:
        if self.destination.terms.idempotent:
            return
        new = [key for key in dict.fromkeys(request.keys) if key not in self.claims and key not in self._fresh]
        if new:
            self.journal.claim(new)
            self._fresh |= dict.fromkeys(new, self.wire.clock())

    def _unclaim(self, flight: Flight) -> None:
        """A request that stayed on the ground: its rows have not left, unless another had them as well."""
        keys = [key for key in flight.request.keys if key in self._fresh and key not in flight.round.verdicts]
        for key in keys:
            self._fresh.pop(key, None)
        if keys:
            self.journal.settle([Outcome(key, Verdict.RETRY, UNAVAILABLE) for key in keys])

    def _work(self, meanwhile: Meanwhile) -> None:
        while self._flights and not self._flights[0].landing.done() and meanwhile.step():
            pass

    def _look_ahead(self, meanwhile: Meanwhile) -> None:
        """Let the first request of the next round follow the last of this one."""
        if self._ahead is not None or self.trouble is not None or not self._leaves_nothing_open:
            return
        items = meanwhile.following()
        first = next((item for item in items if not isinstance(item, Outcome)), None)
        if first is not None:
            self._ahead = Flight(first, Round.of(items))
            self._follow(self._ahead)

    def _land(self) -> None:
        """Wait for the request under way, and note what it says of its rows; those behind it leave meanwhile."""
        flight = self._flights.popleft()
        arrived = flight.landed()
        if flight.has_left:
            self._read(flight, arrived)
            return
        grounded = [flight, *self._flights]
        self._flights.clear()
        for each in grounded:
            each.landed()
            self._unclaim(each)
        for each in grounded:
            if each is self._ahead:
                self._ahead = None  # in a round of its own
            else:
                self._depart(each.request)

    def _read(self, flight: Flight, arrived: Response | Exception) -> None:
        """Hear what an answer says of the account, and note what it says of its rows."""
        request = flight.request
        if isinstance(arrived, Response):
            self._hear(arrived)
            found = answered(self.destination, request, arrived, listener=self.answered)
        else:
            self.wire.asked_to_wait = getattr(arrived, "retry_after_seconds", None) or 0.0
            found = missed(self.destination, request, arrived)
        if found and all(outcome.reason == BATCH_SPOILED for outcome in found):
            self.spoiled.append(tuple(dict.fromkeys(request.keys)))
        flight.round.requests_left.subtract(request.keys)
        self._note(found, flight.round)

    def _hear(self, response: Response) -> None:
        """What the answer says of the account: how long it is to be left alone, and whether for today."""
        self.wire.heard(response)
        if self._paces is not None:
            self.wire.asked_to_wait = max(self.wire.asked_to_wait, self._paces.asks_to_wait(response))
        words = self._is_used_up(response)
        if words:
            self.trouble = self.trouble or Outcome("", Verdict.RETRY, QUOTA_SPENT, words)

    def _is_used_up(self, response: Response) -> str:
        """In which words, empty where it is not."""
        return self._meters.used_up(response) if self._meters is not None else ""

    def _note(self, outcomes: tuple[Outcome, ...], round_: Round) -> None:
        """The rows that no other request is to come for."""
        self.trouble = self.trouble or gravest(outcomes)
        round_.found(outcomes)
        ready = round_.over(outcomes)
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


def _unanswered(change: Change) -> Outcome:
    return Outcome(change.key, Verdict.RETRY, UNREADABLE, "the destination gave no outcome for this row")
