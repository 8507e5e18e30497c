"""An audience's members replaced in a session: batches in order, and the last one makes the new members count.

An audience that is replaced keeps its id and its ad sets their learning. Meta ends a session 90 minutes after its
first batch; one that is ended or lost begins anew. Source: Custom Audience `usersreplace`, errors of code 2650.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from kumitate.activation.destinations.answers import REQUEST_REFUSED, THROTTLED, UNCONFIRMED, UNREADABLE, json_of
from kumitate.activation.destinations.meta_answers import (
    LATER,
    code_of,
    error_of,
    minutes_to_wait,
    subcode_of,
    words_of,
)
from kumitate.activation.destinations.talk import Ask, Done, State, Turn, Wait
from kumitate.model.request import Change, HttpRequest, Operation, Outcome, Response, Verdict

MAX_ROWS = 10_000
_SESSION = 2650
_FINISHED = 1870159
_FLAGGED = 471
_MOST_SESSIONS = 12
"""Sessions of one rebuild, before it is given up: with the pause between them longer than one can be open."""
_PAUSE_SECONDS = 600.0
_MOST_WAITS = 48
"""Pauses that Meta may ask for in one rebuild, before it is given up for this time."""

Row = tuple[str, Mapping[str, str]]


class Audience(Protocol):
    """A custom audience, as the requests that replacing its members makes of it."""

    def look(self) -> HttpRequest: ...
    def members(self, changes: Sequence[Change]) -> list[Row]: ...
    def replace(self, rows: Sequence[Row], session: Mapping[str, Any]) -> HttpRequest: ...
    def unusable(self, changes: Sequence[Change]) -> Mapping[str, Outcome]: ...


def first() -> State:
    """The state that a session begins with."""
    return {"step": "look", "sessions": 0, "waits": 0}


@dataclass(frozen=True, slots=True)
class Session:
    """One audience's new members from these changes; a state is all that it goes on from."""

    audience: Audience
    audience_id: str
    changes: Sequence[Change] = field(repr=False)

    def has_members(self) -> bool:
        return self._is_any(0)

    def turn(self, state: State) -> Turn:
        """What a state asks for, the first time and after a kill: a batch is known again by its number."""
        if state["step"] == "look":
            return Ask(self.audience.look(), state)
        start = int(state["start"])
        rows = self._rows(start)
        is_last = not self._is_any(start + MAX_ROWS)
        session = {
            "session_id": state["session"],
            "batch_seq": state["batch"],
            "last_batch_flag": is_last,
            "estimated_num_total": state["total"],
        }
        return Ask(self.audience.replace(rows, session), {**state, "is_last": is_last})

    def answered(self, state: State, response: Response) -> Turn:
        """The turn after Meta's answer."""
        if response.status >= 400:
            return self._refused(state, response)
        if state["step"] == "look":
            return self._looked(state, response)
        answer = json_of(response)
        if not state["is_last"]:
            following = self._next(int(state["start"]) + MAX_ROWS)
            return self.turn({**state, "start": following, "batch": state["batch"] + 1})
        figures = {
            "received": float(answer.get("num_received", 0)),
            "invalid": float(answer.get("num_invalid_entries", 0)),
        }
        return self._done(figures)

    def _looked(self, state: State, response: Response) -> Turn:
        status = json_of(response).get("operation_status", {})
        if status.get("code") == _FLAGGED:
            words = words_of({"code": 100, "error_subcode": 1713230, "message": status.get("description", "")})
            return self._given_up(REQUEST_REFUSED, words)
        told = next((value for name, value in response.headers.items() if name.lower() == "date"), "")
        try:
            now = int(parsedate_to_datetime(told).timestamp())
        except (TypeError, ValueError):
            return self._given_up(UNREADABLE, "Meta's answer has no date to name the session by")
        total = sum(change.operation is not Operation.DELETE for change in self.changes)
        begun = {"step": "batch", "session": self._session_id(now), "start": self._next(0), "batch": 1, "total": total}
        return self.turn({**state, **begun, "sessions": state["sessions"] + 1})

    def _session_id(self, now: int) -> int:
        """Positive, below 2^53, one of a kind in the ad account: the second, and which audience."""
        own = int.from_bytes(hashlib.sha256(self.audience_id.encode()).digest()[:2], "big")
        return (now << 16) | own

    def _refused(self, state: State, response: Response) -> Turn:
        error = error_of(response)
        code, words = code_of(error), words_of(error)
        if LATER.get(code) == THROTTLED and state["waits"] < _MOST_WAITS:
            seconds = max(minutes_to_wait(response) * 60.0, _PAUSE_SECONDS)
            return Wait(seconds, {**state, "waits": state["waits"] + 1})
        if code == _SESSION and subcode_of(error) == _FINISHED and state.get("is_last"):
            return self._done({})
        if code == _SESSION and state["sessions"] < _MOST_SESSIONS:
            return Wait(_PAUSE_SECONDS, {"step": "look", "sessions": state["sessions"], "waits": state["waits"]})
        return self._given_up(LATER.get(code, REQUEST_REFUSED), words)

    def _next(self, start: int) -> int:
        """Where the first run with a member begins, at `start` or later."""
        while start < len(self.changes) and not self._is_any(start, start + MAX_ROWS):
            start += MAX_ROWS
        return start

    def _is_any(self, start: int, end: int | None = None) -> bool:
        """Whether there is a member at `start` or later; one is enough to know."""
        present = (change for change in self.changes[start:end] if change.operation is not Operation.DELETE)
        return any(self.audience.members([change]) for change in present)

    def _rows(self, start: int) -> list[Row]:
        run = self.changes[start : start + MAX_ROWS]
        return self.audience.members([change for change in run if change.operation is not Operation.DELETE])

    def _given_up(self, reason: str, words: str) -> Done:
        return Done(tuple(Outcome(change.key, Verdict.RETRY, reason, words) for change in self.changes))

    def _done(self, figures: Mapping[str, float]) -> Done:
        kept_out = self.audience.unusable(self.changes)
        invalid = int(figures.get("invalid", 0))
        words = f"{invalid} of {int(figures['received'])} entries invalid, not named" if invalid else ""
        accepted = (Outcome(change.key, Verdict.ACCEPTED, UNCONFIRMED, words) for change in self.changes)
        return Done(tuple(kept_out.get(outcome.key, outcome) for outcome in accepted), figures=figures)
