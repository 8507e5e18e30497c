"""Filling a list of LY Ads, and building one anew: clear away, make, upload, wait until it is read, remove the old.

A list that LY would not remove, because an ad group uses it, stands in the way of the next rebuild: until it is
detached, newcomers are added to the list that was made last, and who left is said to be there still. A list that may
have been made, where LY would not say, is kept by its name (`sought`) and looked for before another is made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from kumitate.activation.destinations.answers import UNAVAILABLE, UNCONFIRMED
from kumitate.activation.destinations.ly_answers import (
    ATTACHED,
    INSUFFICIENT,
    INVALID_FILE,
    errors_of,
    is_gone,
    reason_of,
    values_of,
    words,
)
from kumitate.activation.destinations.ly_calls import Account
from kumitate.activation.destinations.polling import PATIENCE, is_over, waiting
from kumitate.activation.destinations.talk import Ask, Done, State, Turn
from kumitate.model.request import Outcome, Response, Verdict

LEAST_LINES = 100
_POLL_SECONDS = 60.0
_UNKNOWN_POLLS = 3
"""A job that LY does not name so often is none."""


@dataclass(frozen=True, slots=True)
class Members:
    """The lines of who is to be in the list, and the rows that are refused before anything is sent."""

    lines: tuple[str, ...] = field(repr=False)
    refused: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """One conversation: its members, asked for only where they are needed (not by a poll), and the rows that wait."""

    account: Account
    name: str
    duration_days: int
    members: Callable[[], Members]
    keys: tuple[str, ...]
    leaving: frozenset[str]
    """Keys of rows that are to be in no list any more."""
    held: frozenset[str] = frozenset()
    """Keys of rows that the list before holds and the new one is to hold."""

    @property
    def lines(self) -> tuple[str, ...]:
        return self.members().lines

    def adds(self, list_id: int | None) -> Turn:
        if not self.lines or list_id is None:
            return Done(self._outcomes(Outcome("", Verdict.ACCEPTED, UNCONFIRMED)))
        return self._upload({"list": list_id, "rebuilds": False})

    def rebuilds(self, memory: State) -> Turn:
        state = {
            "rebuilds": True,
            "n": int(memory.get("generation", 0)) + 1,
            "list": memory.get("audience_list_id"),
            "old": list(memory.get("leftovers", [])),
            "stuck": [],
            "made": False,
            "sought": list(memory.get("sought", [])),
        }
        if not self.lines and set(self.keys) - self.leaving:
            why = "none of the members has a usable id; the list before stays as it is"
            return self._given_up(state, Outcome("", Verdict.RETRY, INSUFFICIENT, why))
        return self._seek(state) if state["sought"] else self._clear(state)

    def answered(self, state: State, response: Response) -> Turn:
        steps = {
            "seek": self._sought,
            "clear": self._cleared,
            "make": self._made,
            "find": self._found,
            "upload": self._uploaded,
            "poll": self._polled,
        }
        return steps[state["step"]](state, response)

    def resumed(self, state: State) -> Turn:
        """A list may have been made; everything else may be repeated."""
        again = {"seek": self._seek, "clear": self._clear, "upload": self._upload, "poll": self._poll}
        if state["step"] in again:
            return again[state["step"]](state)
        return Ask(self.account.find(self.keys), {**state, "step": "find"})

    def _seek(self, state: State) -> Turn:
        return Ask(self.account.find(self.keys), {**state, "step": "seek"})

    def _sought(self, state: State, response: Response) -> Turn:
        if errors_of(response):
            return self._given_up(state, Outcome("", Verdict.RETRY, reason_of(response), words(response)))
        found = [id_ for name in state["sought"] for id_ in _ids_of(response, name)]
        return self._clear({**state, "old": [*state["old"], *found], "sought": []})

    def _clear(self, state: State) -> Turn:
        """Removes what is left of `old`; then makes a list, or ends where that has been done."""
        if state["old"]:
            return Ask(self.account.remove(state["old"][0], self.keys), {**state, "step": "clear"})
        if state["made"] or (not self.lines and state["list"] is None):
            return self._settled(state)
        if not self.lines:
            return self._clear({**state, "old": [state["list"]], "list": None, "made": True})
        stays = bool(state["stuck"]) and state["list"] is not None
        return self._upload(state) if stays else self._make(state)

    def _cleared(self, state: State, response: Response) -> Turn:
        stuck = state["stuck"] if is_gone(response) else [*state["stuck"], state["old"][0]]
        return self._clear({**state, "old": state["old"][1:], "stuck": stuck})

    def _make(self, state: State) -> Turn:
        request = self.account.make(self._named(state), self.duration_days, self.keys)
        return Ask(request, {**state, "step": "make"})

    def _made(self, state: State, response: Response) -> Turn:
        if errors_of(response):
            return self._given_up(state, Outcome("", Verdict.RETRY, reason_of(response), words(response)))
        (value,) = values_of(response)
        return self._fills(state, value["audienceList"]["audienceListId"])

    def _found(self, state: State, response: Response) -> Turn:
        if errors_of(response):
            perhaps_made = {**state, "sought": [self._named(state)]}
            return self._given_up(perhaps_made, Outcome("", Verdict.RETRY, reason_of(response), words(response)))
        ids = _ids_of(response, self._named(state))
        return self._fills(state, ids[0]) if ids else self._make(state)

    def _fills(self, state: State, list_id: int) -> Turn:
        before = [] if state["list"] is None else [state["list"]]
        return self._upload({**state, "list": list_id, "before": before})

    def _upload(self, state: State) -> Turn:
        return Ask(self.account.upload(state["list"], self.lines, self.keys), {**state, "step": "upload"})

    def _uploaded(self, state: State, response: Response) -> Turn:
        if errors_of(response):
            return self._given_up(state, Outcome("", Verdict.RETRY, reason_of(response), words(response)))
        (value,) = values_of(response)
        return waiting({**state, "step": "poll", "job": value["uploadJob"]["uploadJobId"]}, least=_POLL_SECONDS)

    def _poll(self, state: State) -> Turn:
        return Ask(self.account.status(state["list"], state["job"], self.keys), state)

    def _polled(self, state: State, response: Response) -> Turn:
        if errors_of(response):
            return self._given_up(state, Outcome("", Verdict.RETRY, reason_of(response), words(response)))
        status = _status_of(response, state["job"])
        if status == "RECEIVED":
            before = {"old": state.get("before", []), "made": True}
            return self._clear({**state, **before}) if state["rebuilds"] else self._settled(state)
        return self._unread(state, status)

    def _unread(self, state: State, status: str | None) -> Turn:
        if status == "INVALID_FILE":
            reason = INSUFFICIENT if len(self.lines) < LEAST_LINES else INVALID_FILE
            why = f"{len(self.lines)} ids; LY wants at least {LEAST_LINES} and names no line"
            if reason == INSUFFICIENT and state["rebuilds"] and self.leaving:
                # No list that still holds who has left may stay.
                old = [state["list"], *state.get("before", [])]
                return self._clear({**state, "old": old, "list": None, "made": True, "too_few": why})
            return self._given_up(state, Outcome("", Verdict.REJECTED, reason, why))
        if status == "FAILED":
            return self._given_up(state, Outcome("", Verdict.RETRY, UNAVAILABLE, "LY could not read the file"))
        if status is None and state.get("polls", 0) >= _UNKNOWN_POLLS:
            return self._given_up(state, Outcome("", Verdict.RETRY, UNAVAILABLE, "LY does not know the upload"))
        if is_over(state):
            words_of_it = f"LY had not read the file after {PATIENCE}"
            return self._given_up(state, Outcome("", Verdict.RETRY, UNAVAILABLE, words_of_it))
        return waiting(state, least=_POLL_SECONDS)

    def _settled(self, state: State) -> Done:
        taken = Outcome("", Verdict.ACCEPTED, UNCONFIRMED)
        figures = {"received": float(len(self.lines))}
        if not state["rebuilds"]:
            return Done(self._outcomes(taken), figures=figures)
        stuck = ", ".join(map(str, state["stuck"]))
        instead = f"attach list {state['list']} instead" if state["list"] else "detach it"
        still = f"list {stuck} was not removed, an ad group uses it; {instead}, and the next run removes it"
        gone = Outcome("", Verdict.REJECTED, ATTACHED, still) if stuck else taken
        if "too_few" in state:
            few = Outcome("", Verdict.REJECTED, INSUFFICIENT, state["too_few"])
            return Done(self._outcomes(few, gone=gone), _memory(state))
        return Done(self._outcomes(taken, gone=gone), _memory(state), figures)

    def _given_up(self, state: State, said: Outcome) -> Done:
        """The list before stays in use, with all who are in it; one made for nothing is removed by the next run."""
        if not state["rebuilds"]:
            return Done(self._outcomes(said))
        before = state.get("before")
        if before is None:
            return Done(self._waiting(said), _memory({**state, "stuck": [*state["stuck"], *state["old"]]}))
        kept = {**state, "list": before[0] if before else None, "stuck": [*state["stuck"], state["list"]]}
        return Done(self._waiting(said), _memory(kept))

    def _waiting(self, said: Outcome) -> tuple[Outcome, ...]:
        """`said`, which refuses newcomers alone: nothing has changed for who is in the list before."""
        stays = self.held | self.leaving
        found = self._outcomes(said)
        return tuple(replace(each, verdict=Verdict.RETRY) if each.key in stays else each for each in found)

    def _outcomes(self, said: Outcome, *, gone: Outcome | None = None) -> tuple[Outcome, ...]:
        """`said` of who is to be in the list, `gone` of who is to leave."""
        unsettled = self.members().refused
        refused = {outcome.key for outcome in unsettled}
        left = gone or said
        rest: Sequence[str] = [key for key in self.keys if key not in refused]
        return (*unsettled, *(replace(left if key in self.leaving else said, key=key) for key in rest))

    def _named(self, state: State) -> str:
        digest = hashlib.sha256("\n".join(sorted(self.lines)).encode()).hexdigest()[:6]
        return f"{self.name} {state['n']}-{digest}"


def _ids_of(response: Response, name: str) -> list[int]:
    lists = [value.get("audienceList") or {} for value in values_of(response)]
    return [found["audienceListId"] for found in lists if found.get("audienceListName") == name]


def _status_of(response: Response, job: str) -> str | None:
    jobs = [value.get("uploadJob") or {} for value in values_of(response)]
    return next((found.get("jobStatus") for found in jobs if found.get("uploadJobId") == job), None)


def _memory(state: State) -> State:
    current = {} if state["list"] is None else {"audience_list_id": state["list"]}
    left = {"leftovers": list(state["stuck"])} if state["stuck"] else {}
    sought = {"sought": list(state["sought"])} if state.get("sought") else {}
    return {"generation": state["n"], **current, **left, **sought}
