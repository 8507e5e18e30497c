"""A customer list built anew: ingest everybody, wait until Google has taken them, then remove who came before.

Google's own procedure for replacing a list's members; the list is never empty meanwhile. Every step may be
repeated: a list is a set, and `removeAsOfTime` stays the moment at which the rebuild began, by Google's clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from kumitate.activation.destinations.answers import BATCH_SPOILED, REQUEST_REFUSED, UNCONFIRMED, UNREADABLE, json_of
from kumitate.activation.destinations.google_answers import figures_of, refusal, refusal_words
from kumitate.activation.destinations.members import REFUSED, still_in
from kumitate.activation.destinations.talk import Ask, Done, State, Turn, Wait
from kumitate.model.request import Change, HttpRequest, Operation, Outcome, Response, Verdict

_STATUS_SECONDS = 1800.0
"""Google asks to look at a request's status half an hour after it, not more often."""
_MOST_WAITS = 96
"""Two days of waiting for Google; then the rebuild is given up, and begun anew by a later run."""

_NOBODY_IN = (
    "Google took nobody of the segment, so nobody was removed from the list: see the refused rows, and the mapping"
)


class List(Protocol):
    """A customer list, as the requests that a rebuild makes of it."""

    def look(self) -> HttpRequest: ...
    def ingest(self, changes: Sequence[Change]) -> HttpRequest | None: ...
    def inquiry(self, receipt: str) -> HttpRequest: ...
    def remove_all(self, before: str) -> HttpRequest: ...
    def unusable(self, changes: Sequence[Change]) -> Mapping[str, Outcome]: ...


def first(changes: Sequence[Change], size: int) -> State:
    """The state that a rebuild begins with; `todo` are runs of changes as [start, end)."""
    todo = [[start, min(start + size, len(changes))] for start in range(0, len(changes), size)]
    return {"step": "look", "todo": todo, "receipts": [], "refused": {}, "figures": {}, "waits": 0}


@dataclass(frozen=True, slots=True)
class Rebuild:
    """One list's rebuild from these changes; a state is all that it goes on from."""

    list_: List
    changes: Sequence[Change] = field(repr=False)

    def turn(self, state: State) -> Turn:
        """What a state asks for, the first time and after a kill."""
        if state["step"] == "look":
            return Ask(self.list_.look(), state)
        if state["step"] == "ingest":
            todo = list(state["todo"])
            while todo:
                request = self.list_.ingest(self._members(todo[0], state))
                if request is not None:
                    return Ask(request, {**state, "todo": todo})
                todo.pop(0)
            state = {**state, "step": "status", "todo": []}
        if state["step"] == "status" and state["receipts"]:
            return Ask(self.list_.inquiry(state["receipts"][0]), state)
        if self._is_nobody_in(state):
            return self._given_up(REQUEST_REFUSED, _NOBODY_IN, self._kept_out(state["refused"]))
        return Ask(self.list_.remove_all(state["started"]), {**state, "step": "remove"})

    def answered(self, state: State, response: Response) -> Turn:
        """The turn after Google's answer."""
        answer = json_of(response)
        if state["step"] == "ingest":
            return self._ingested(state, response.status, answer)
        if state["step"] == "status" and response.status == 404:
            return self._waited(state)  # Google does not know a request at once
        if response.status >= 400:
            return self._given_up(REQUEST_REFUSED, refusal_words(answer.get("error", {})))
        if state["step"] == "look":
            return self._looked(state, response)
        if state["step"] == "status":
            return self._reported(state, answer)
        return self._done(state)

    def _looked(self, state: State, response: Response) -> Turn:
        """The moment before the first member, by Google's clock: `2026-11-22T01:02:03Z`."""
        told = next((value for name, value in response.headers.items() if name.lower() == "date"), "")
        try:
            started = parsedate_to_datetime(told).astimezone(UTC)
        except (TypeError, ValueError):
            return self._given_up(UNREADABLE, "Google's answer has no date, so who came before cannot be told")
        return self.turn({**state, "step": "ingest", "started": f"{started:%Y-%m-%dT%H:%M:%SZ}"})

    def _ingested(self, state: State, status: int, answer: Mapping[str, Any]) -> Turn:
        (start, end), *rest = state["todo"]
        if status < 400:
            receipts = [*state["receipts"], str(answer.get("requestId", ""))]
            return self.turn({**state, "todo": rest, "receipts": receipts})
        request = self.list_.ingest(self._members((start, end), state))
        outcomes = refusal(request, status, answer.get("error", {})) if request is not None else ()
        reasons = {outcome.reason for outcome in outcomes}
        if REQUEST_REFUSED in reasons:
            return self._given_up(REQUEST_REFUSED, outcomes[0].message)
        if BATCH_SPOILED in reasons:
            middle = (start + end) // 2
            return self.turn({**state, "todo": [[start, middle], [middle, end], *rest]})
        refused = {outcome.key: outcome.message for outcome in outcomes if outcome.verdict is Verdict.REJECTED}
        return self.turn({**state, "refused": {**state["refused"], **refused}})

    def _reported(self, state: State, answer: Mapping[str, Any]) -> Turn:
        figures = figures_of(answer)
        if figures is None:
            return self._waited(state)
        if figures["failed"]:
            return self._given_up(REQUEST_REFUSED, "Google could not take the members; nobody was removed")
        together = _together(state["figures"], figures)
        return self.turn({**state, "receipts": state["receipts"][1:], "figures": together})

    def _waited(self, state: State) -> Turn:
        if state["waits"] == _MOST_WAITS:
            return self._given_up(
                REQUEST_REFUSED, "Google has not taken the members within two days; nobody was removed"
            )
        return Wait(_STATUS_SECONDS, {**state, "waits": state["waits"] + 1})

    def _members(self, run: Sequence[int], state: State) -> list[Change]:
        run_of = self.changes[run[0] : run[1]]
        refused = state["refused"]
        return [each for each in run_of if each.operation is not Operation.DELETE and each.key not in refused]

    def _is_nobody_in(self, state: State) -> bool:
        """People are to be on the list, and Google took none of them: the list would be emptied by mistake."""
        is_wanted = any(change.operation is not Operation.DELETE for change in self.changes)
        return is_wanted and not state["receipts"] and not state["figures"]

    def _given_up(self, reason: str, words: str, kept_out: Mapping[str, Outcome] | None = None) -> Done:
        waiting = (Outcome(change.key, Verdict.RETRY, reason, words) for change in self.changes)
        told = ((kept_out or {}).get(outcome.key, outcome) for outcome in waiting)
        return Done(still_in(told, self.changes))

    def _done(self, state: State) -> Done:
        kept_out = self._kept_out(state["refused"])
        accepted = (Outcome(change.key, Verdict.ACCEPTED, UNCONFIRMED) for change in self.changes)
        return Done(tuple(kept_out.get(outcome.key, outcome) for outcome in accepted), figures=state["figures"])

    def _kept_out(self, refused: Mapping[str, str]) -> dict[str, Outcome]:
        """Rows that were not put on the list, for want of a match key or in Google's words."""
        named = {key: Outcome(key, Verdict.REJECTED, REFUSED, words) for key, words in refused.items()}
        return {**self.list_.unusable(self.changes), **named}


def _together(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """Counts are added; of match rates the lowest and the highest are kept."""
    kept = {"match_rate_low": min, "match_rate_high": max}
    found = dict(one)
    for name, value in other.items():
        found[name] = kept[name](found.get(name, value), value) if name in kept else found.get(name, 0.0) + value
    return found
