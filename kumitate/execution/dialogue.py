"""One conversation with a destination, turn by turn: its state is noted before anything leaves, and gone on from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kumitate.activation.destinations.abilities import Metering
from kumitate.activation.destinations.answers import (
    AGAIN,
    AUTH_REFUSED,
    JOB_RUNNING,
    QUOTA_SPENT,
    UNAVAILABLE,
    UNREADABLE,
    common_outcomes,
)
from kumitate.activation.destinations.talk import Ask, Conversing, Done, Lapsing, State, Turn, Wait
from kumitate.errors import FatalError, RecordError, RetryableError
from kumitate.execution.sending import Sender
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict


@dataclass(frozen=True, slots=True)
class Times:
    """What is noted with a turn."""

    until: datetime | None = None
    """The vendor wants to be left at work until then."""
    asked: datetime | None = None
    """When the request of the turn left first, where it must not arrive twice and may have arrived."""


_MAY_HAVE_ARRIVED = frozenset({UNAVAILABLE, UNREADABLE})

Note = Callable[[Ask | Wait, Times], None]
"""Keeps a turn durably."""


@dataclass(slots=True, kw_only=True)
class Dialogue:
    """A conversation about `changes`; ends with Done, or with why it goes on later."""

    sender: Sender
    destination: Conversing
    changes: Sequence[Change]
    may_go_on: Callable[[], None]
    note: Note
    repeatable: timedelta | None = None
    """How long the vendor knows again a request that must not arrive twice; None where any may."""
    asked: datetime | None = None
    spent: str = ""
    """Why nothing more should leave, by the last answer."""

    def taken_up(self, state: State, times: Times) -> Done | Outcome:
        """Go on where an earlier run, or a killed one, left it."""
        self.asked = times.asked
        left = (times.until - self.sender.clock()).total_seconds() if times.until is not None else 0.0
        return self.held(Wait(left, state) if left > 0 else self.destination.resumed(self.changes, state))

    def held(self, turn: Turn) -> Done | Outcome:
        """From `turn` on, as far as patience goes."""
        ends = self.sender.clock() + timedelta(seconds=self.sender.patience.talk_seconds)
        idle_turns = 0
        while not isinstance(turn, Done):
            if isinstance(turn, Wait):
                until = self.sender.clock() + timedelta(seconds=turn.seconds)
                self.note(turn, Times(until=until))
                if until > ends:
                    return self._later(turn.seconds)
                self.sender.sleep(turn.seconds)
                turn = self.destination.resumed(self.changes, turn.state)
                continue
            found = self._once(turn)
            if not isinstance(found, Outcome):
                turn, idle_turns = found, 0
                continue
            idle_turns += 1
            seconds = self.sender.patience.pause(self.sender.asked_to_wait, idle_turns, in_trouble=True)
            if found.reason not in AGAIN or self._is_hopeless(idle_turns, seconds):
                return found
            self.sender.sleep(seconds)
            turn = self.destination.resumed(self.changes, turn.state)
        return turn

    def _once(self, turn: Ask) -> Turn | Outcome:
        """Note, then ask; what must not arrive twice is not asked again when the vendor has forgotten it."""
        if self.spent:
            self.note(turn, Times(asked=self.asked))
            return Outcome("", Verdict.RETRY, QUOTA_SPENT, self.spent)
        if self.repeatable is None or _only_asks(turn.request):
            self.note(turn, Times(asked=self.asked))
            found = self._asked(turn)
            self.asked = self.asked if isinstance(found, Outcome) else None  # the vendor has said what there is
            return found
        now, before = self.sender.clock(), self.asked
        if before is not None and now - before > self.repeatable:
            return lapsed(self.destination, self.changes, turn.state)
        self.asked = before or now
        self.note(turn, Times(asked=self.asked))
        found = self._asked(turn)
        if not isinstance(found, Outcome):
            self.asked = None
        elif before is None and found.reason not in _MAY_HAVE_ARRIVED:
            self.asked = None
            self.note(turn, Times())
        return found

    def _asked(self, turn: Ask) -> Turn | Outcome:
        """The turn after the answer; an outcome where the account, or the answer, is in trouble."""
        self.may_go_on()
        self.sender.wire.asked_to_wait = 0.0
        try:
            response = self.sender.wire.exchange(turn.request)
        except RetryableError as error:
            self.sender.wire.asked_to_wait = error.retry_after_seconds or 0.0
            reason = QUOTA_SPENT if self.sender.wire.is_spent else UNAVAILABLE
            return Outcome("", Verdict.RETRY, reason, str(error))
        except FatalError as error:
            return Outcome("", Verdict.RETRY, AUTH_REFUSED, str(error))
        self.spent = self.destination.used_up(response) if isinstance(self.destination, Metering) else ""
        trouble = _trouble(turn.request, response)
        if trouble is not None:
            return trouble
        try:
            return self.destination.answered(self.changes, turn.state, response)
        except (RecordError, LookupError, TypeError, ValueError, AttributeError):
            return Outcome("", Verdict.RETRY, UNREADABLE, f"HTTP {response.status}")

    def _later(self, seconds: float) -> Outcome:
        self.sender.wire.asked_to_wait = seconds
        return Outcome("", Verdict.RETRY, JOB_RUNNING, "the destination is at work; a later run asks what became of it")

    def _is_hopeless(self, idle_turns: int, seconds: float) -> bool:
        patience = self.sender.patience
        return idle_turns >= patience.rounds or seconds > patience.longest_wait_seconds


def lapsed(destination: Conversing, changes: Sequence[Change], state: State) -> Done:
    """The end of a conversation whose request may have arrived, and must not arrive twice."""
    if isinstance(destination, Lapsing):
        return destination.lapsed(changes, state)
    return Done(tuple(Outcome(change.key, Verdict.UNKNOWN, UNAVAILABLE) for change in changes))


def _only_asks(request: Request) -> bool:
    return isinstance(request, HttpRequest) and request.method == "GET"


def _trouble(request: Request, response: Response) -> Outcome | None:
    """What means the same in every answer; a job's results need be no JSON, and what is too large is its own matter."""
    known = common_outcomes(replace(request, keys=("",)), response, idempotent=True)
    return known[0] if known and known[0].verdict is Verdict.RETRY and known[0].reason != UNREADABLE else None
