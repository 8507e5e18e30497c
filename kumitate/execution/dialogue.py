"""One conversation with a destination, turn by turn: its state is noted before anything leaves, and gone on from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kumitate.activation.destinations.answers import (
    AGAIN,
    AUTH_REFUSED,
    JOB_RUNNING,
    QUOTA_SPENT,
    UNAVAILABLE,
    UNREADABLE,
    common_outcomes,
)
from kumitate.activation.destinations.talk import Ask, Conversing, Done, State, Turn, Wait
from kumitate.errors import FatalError, RecordError, RetryableError
from kumitate.execution.sending import Sender
from kumitate.model.request import Change, Outcome, Request, Response, Verdict

Note = Callable[[Ask | Wait, datetime | None], None]
"""Keeps a turn durably; with the time until which the vendor wants to be left at work."""


@dataclass(slots=True, kw_only=True)
class Dialogue:
    """A conversation about `changes`; ends with Done, or with why it goes on later."""

    sender: Sender
    destination: Conversing
    changes: Sequence[Change]
    may_go_on: Callable[[], None]
    note: Note

    def taken_up(self, state: State, until: datetime | None) -> Done | Outcome:
        """Go on where an earlier run, or a killed one, left it."""
        left = (until - self.sender.clock()).total_seconds() if until is not None else 0.0
        return self.held(Wait(left, state) if left > 0 else self.destination.resumed(self.changes, state))

    def held(self, turn: Turn) -> Done | Outcome:
        """From `turn` on, as far as patience goes."""
        ends = self.sender.clock() + timedelta(seconds=self.sender.patience.talk_seconds)
        idle_turns = 0
        while not isinstance(turn, Done):
            if isinstance(turn, Wait):
                until = self.sender.clock() + timedelta(seconds=turn.seconds)
                self.note(turn, until)
                if until > ends:
                    return self._later(turn.seconds)
                self.sender.sleep(turn.seconds)
                turn = self.destination.resumed(self.changes, turn.state)
                continue
            self.note(turn, None)
            found = self._asked(turn)
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


def _trouble(request: Request, response: Response) -> Outcome | None:
    """What means the same in every answer; a job's results need be no JSON."""
    known = common_outcomes(replace(request, keys=("",)), response, idempotent=True)
    return known[0] if known and known[0].reason != UNREADABLE else None
