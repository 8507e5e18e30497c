"""Building a LINE audience anew and swapping it in: create, fill, wait until it is ready, delete the one before.

Nothing uses the new audience before LINE says READY, and the one before is deleted after that alone. A killed
creation is looked for by its name, which carries a number and a digest of its ids, before it is repeated; where LINE
would not say, its name is kept (`sought`), and it is looked for before anything else is created.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from kumitate.activation.destinations.answers import REQUEST_REFUSED, UNAVAILABLE, UNCONFIRMED, json_of
from kumitate.activation.destinations.line_answers import INSUFFICIENT, NOT_FOUND, words
from kumitate.activation.destinations.multipart import multipart
from kumitate.activation.destinations.polling import PATIENCE, is_over, waiting
from kumitate.activation.destinations.talk import Ask, Done, State, Turn, Wait
from kumitate.model.request import HttpRequest, Outcome, Response, Verdict

BLOB_HOST = "api-data.line.me"
MOST_IN_JSON = 10_000
MOST_IN_FILE = 1_500_000
_WAITING = frozenset({"IN_PROGRESS", "ACTIVATING", "READY"})
"""READY with jobs that are still under way."""
_GROUPS = "/v2/bot/audienceGroup"
_UPLOAD = f"{_GROUPS}/upload"
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Members:
    """Who is to be in the audience, and the rows that are refused before anything is sent."""

    ids: tuple[str, ...] = field(repr=False)
    refused: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuild:
    """One rebuild: its members, asked for only where they are needed (not by a poll), and the rows that wait for it."""

    name: str
    members: Callable[[], Members]
    keys: tuple[str, ...]
    leaving: frozenset[str] = frozenset()
    """Keys of rows that are to be in no audience any more."""
    held: frozenset[str] = frozenset()
    """Keys of rows that the audience before holds and the new one is to hold."""
    is_ifa: bool = False
    most_in_file: int = MOST_IN_FILE

    def begins(self, memory: State) -> Turn:
        """Creates; where nobody is left to be in an audience, deletes the one there is.

        Where people are wanted and none of them can be told, the audience before stays: their mapping is broken.
        """
        current = memory.get("audience_group_id")
        leftovers = list(memory.get("leftovers", []))
        old = [current, *leftovers] if current else leftovers
        state = {"n": int(memory.get("generation", 0)) + 1, "current": current, "leftovers": leftovers, "old": old}
        return self._first({**state, "sought": list(memory.get("sought", []))})

    def answered(self, state: State, response: Response) -> Turn:
        steps = {
            "seek": self._sought,
            "find": self._found,
            "create": self._created,
            "fill": self._filled,
            "poll": self._polled,
            "drop": self._dropped,
            "discard": self._discarded,
        }
        return steps[state["step"]](state, response)

    def resumed(self, state: State) -> Turn:
        """A creation may have arrived; everything else may be repeated."""
        again = {
            "seek": self._first,
            "fill": self._filling,
            "poll": self._poll,
            "drop": self._deletion,
            "discard": self._discard,
        }
        return again[state["step"]](state) if state["step"] in again else self._finding(state)

    def _first(self, state: State) -> Turn:
        """Looks for what an earlier rebuild may have created; then creates."""
        if state["sought"]:
            return self._search({**state, "step": "seek"}, state["sought"][0])
        if not self.ids and set(self.keys) - self.leaving:
            why = "none of the members has a usable id; the audience before stays as it is"
            return self._given_up(state, INSUFFICIENT, why)
        return self._creation(state) if self.ids else self._deletion({**state, "new": None})

    def _sought(self, state: State, response: Response) -> Turn:
        if response.status >= 300:
            return self._given_up(state, REQUEST_REFUSED, words(response))
        ids = _ids_of(response, state["sought"][0])
        more = {"old": [*state["old"], *ids], "leftovers": [*state["leftovers"], *ids]}
        return self._first({**state, **more, "sought": state["sought"][1:]})

    def _creation(self, state: State) -> Turn:
        request = self._upload("POST", {"description": self._named(state)}, part=0)
        return Ask(request, {**state, "step": "create"})

    def _finding(self, state: State) -> Turn:
        return self._search({**state, "step": "find"}, self._named(state))

    def _search(self, state: State, name: str) -> Turn:
        query = urlencode({"page": 1, "size": 40, "description": name, "createRoute": "MESSAGING_API"})
        return Ask(self._request("GET", f"{_GROUPS}/list?{query}"), state)

    def _found(self, state: State, response: Response) -> Turn:
        if response.status >= 300:
            perhaps_made = {**state, "sought": [self._named(state)]}
            return self._given_up(perhaps_made, REQUEST_REFUSED, words(response))
        ids = _ids_of(response, self._named(state))
        return self._next_part({**state, "new": ids[0], "part": 1}) if ids else self._creation(state)

    def _created(self, state: State, response: Response) -> Turn:
        if response.status >= 300:
            return self._given_up(state, REQUEST_REFUSED, words(response))
        return self._next_part({**state, "new": json_of(response)["audienceGroupId"], "part": 1})

    def _next_part(self, state: State) -> Turn:
        return self._filling(state) if state["part"] < self._parts else _waiting(state)

    def _filling(self, state: State) -> Turn:
        request = self._upload("PUT", {"audienceGroupId": state["new"]}, part=state["part"])
        return Ask(request, {**state, "step": "fill"})

    def _filled(self, state: State, response: Response) -> Turn:
        if response.status >= 300:
            return self._discard({**state, "reason": REQUEST_REFUSED, "words": words(response)})
        return self._next_part({**state, "part": state["part"] + 1})

    def _poll(self, state: State) -> Turn:
        return Ask(self._request("GET", f"{_GROUPS}/{state['new']}"), {**state, "step": "poll"})

    def _polled(self, state: State, response: Response) -> Turn:
        if response.status >= 300:
            return self._discard({**state, "reason": REQUEST_REFUSED, "words": words(response)})
        answer = json_of(response)
        group = answer["audienceGroup"]
        busy = any(job.get("jobStatus") in ("QUEUED", "WORKING") for job in answer.get("jobs", []))
        if group["status"] == "FAILED":
            why = str(group.get("failedType", ""))
            return self._too_few(state, why) if why.endswith("AUDIENCE_INSUFFICIENT") else self._failed(state, why)
        if group["status"] not in _WAITING:
            return self._discard({**state, "reason": UNAVAILABLE, "words": f"the new audience is {group['status']}"})
        if group["status"] == "READY" and not busy:
            return self._deletion({**state, "count": int(group.get("audienceCount", 0))})
        if is_over(state):
            return self._discard({**state, "reason": UNAVAILABLE, "words": f"not ready after {PATIENCE}"})
        return _waiting(state)

    def _failed(self, state: State, why: str) -> Turn:
        return self._discard({**state, "reason": UNAVAILABLE, "words": why})

    def _too_few(self, state: State, why: str) -> Turn:
        """Where somebody has left, no audience that still holds them may stay; else the one before does."""
        if not self.leaving:
            return self._discard({**state, "reason": INSUFFICIENT, "words": why})
        return self._deletion({**state, "old": [state["new"], *state["old"]], "new": None, "too_few": why})

    def _deletion(self, state: State) -> Turn:
        """Deletes what is left of `old`, then ends; one that LINE will not delete now is left for the next time."""
        if not state["old"]:
            return self._settled(state)
        return Ask(self._request("DELETE", f"{_GROUPS}/{state['old'][0]}"), {**state, "step": "drop"})

    def _dropped(self, state: State, response: Response) -> Turn:
        stuck = [] if _is_gone(response) else [state["old"][0]]
        return self._deletion({**state, "old": state["old"][1:], "stuck": [*state.get("stuck", []), *stuck]})

    def _discard(self, state: State) -> Turn:
        """The new audience will not do: it goes, and the one before stays in use."""
        return Ask(self._request("DELETE", f"{_GROUPS}/{state['new']}"), {**state, "step": "discard"})

    def _discarded(self, state: State, response: Response) -> Turn:
        left = [] if _is_gone(response) else [state["new"]]
        kept = {**state, "leftovers": [*state["leftovers"], *left]}
        return self._given_up(kept, state["reason"], state["words"])

    def _settled(self, state: State) -> Done:
        figures = {"received": float(len(self.ids)), "matched": float(state.get("count", 0))}
        memory = _memory(state["n"], state["new"], state.get("stuck", []))
        if "too_few" in state:
            few = Outcome("", Verdict.REJECTED, INSUFFICIENT, state["too_few"])
            return Done(self._outcomes(few, gone=Outcome("", Verdict.ACCEPTED, UNCONFIRMED)), memory)
        return Done(self._outcomes(Outcome("", Verdict.ACCEPTED, UNCONFIRMED)), memory, figures)

    def _given_up(self, state: State, reason: str, said: str) -> Done:
        """The audience before stays in use: who is to leave has not left, and who was in it still is.

        Too few people lies with the newcomers, anything else with the account.
        """
        waits = Outcome("", Verdict.RETRY, reason, said)
        refused = replace(waits, verdict=Verdict.REJECTED) if reason == INSUFFICIENT else waits
        memory = _memory(state["n"], state["current"], state["leftovers"])
        sought = {"sought": state["sought"]} if state.get("sought") else {}
        outcomes = (
            replace(outcome, verdict=Verdict.RETRY) if outcome.key in self.held else outcome
            for outcome in self._outcomes(refused, gone=waits)
        )
        return Done(tuple(outcomes), {**memory, **sought})

    def _outcomes(self, said: Outcome, *, gone: Outcome | None = None) -> tuple[Outcome, ...]:
        """`said` of who is to be in the audience, `gone` of who is to leave it."""
        gone = gone or said
        unsettled = self.members().refused
        refused = {outcome.key for outcome in unsettled}
        others = (replace(gone if key in self.leaving else said, key=key) for key in self.keys if key not in refused)
        return (*unsettled, *others)

    @property
    def ids(self) -> tuple[str, ...]:
        return self.members().ids

    @property
    def _parts(self) -> int:
        return 1 if len(self.ids) <= MOST_IN_JSON else -(-len(self.ids) // self.most_in_file)

    def _named(self, state: State) -> str:
        digest = hashlib.sha256("\n".join(sorted(self.ids)).encode()).hexdigest()[:6]
        return f"{self.name} {state['n']}-{digest}"

    def _upload(self, method: str, about: Mapping[str, Any], *, part: int) -> HttpRequest:
        if self.is_ifa and method == "POST":
            about = {**about, "isIfaAudience": True}
        if len(self.ids) <= MOST_IN_JSON:
            body = {**about, "audiences": [{"id": id_} for id_ in self.ids]}
            return HttpRequest(method, _UPLOAD, json.dumps(body, ensure_ascii=False).encode(), self.keys, _JSON)
        ids = self.ids[part * self.most_in_file : (part + 1) * self.most_in_file]
        texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in about.items()}
        content, type_ = multipart({**texts, "file": ("ids.txt", "\n".join(ids).encode(), "text/plain")})
        headers = {"Content-Type": type_}
        return HttpRequest(method, f"{_UPLOAD}/byFile", content, self.keys, headers, host=BLOB_HOST)

    def _request(self, method: str, path: str) -> HttpRequest:
        return HttpRequest(method, path, b"", self.keys)


def _is_gone(response: Response) -> bool:
    return response.status < 300 or NOT_FOUND.encode() in response.body


def _memory(generation: int, current: int | None, leftovers: Sequence[int]) -> State:
    """`leftovers`: audiences that LINE would not delete yet; the next rebuild tries again."""
    live = {} if current is None else {"audience_group_id": current}
    left = {"leftovers": list(leftovers)} if leftovers else {}
    return {"generation": generation, **live, **left}


def _ids_of(response: Response, name: str) -> list[int]:
    groups = json_of(response).get("audienceGroups", [])
    return [group["audienceGroupId"] for group in groups if str(group.get("description", "")).lower() == name.lower()]


def _waiting(state: State) -> Wait:
    return waiting({**state, "step": "poll"})
