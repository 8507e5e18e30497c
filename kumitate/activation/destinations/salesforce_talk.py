"""A portion in a Bulk API 2.0 job, as a conversation: removals, then for each part a job from creation to results.

A job works on nothing before it is closed. So one whose upload was cut off is aborted and made anew, and from the
closing on the job itself is asked what became of it: no row is ever uploaded twice to be worked on twice. A job that
has not ended after a day is aborted, and its rows go in another one; what it had done is done again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kumitate.activation.destinations.answers import ROW_REASONS, UNAVAILABLE, UNREADABLE, json_of
from kumitate.activation.destinations.polling import PATIENCE, is_over, waiting
from kumitate.activation.destinations.salesforce_answers import refused
from kumitate.activation.destinations.salesforce_bulk import Job, Jobs, outcomes, parts, places, rows_of, table
from kumitate.activation.destinations.talk import Ask, Done, State, Turn, Wait
from kumitate.model.request import Change, HttpRequest, Outcome, Response, Verdict

_ENDED = frozenset({"JobComplete", "Failed", "Aborted"})
_FIRST_POLL_SECONDS = 5.0
_MAX_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class BulkTalk:
    """The rows of one conversation; `records` are their flat fields by key."""

    jobs: Jobs
    rows: Sequence[Change]
    records: Mapping[str, Mapping[str, Any]]
    removals: Sequence[HttpRequest]
    read_removal: Callable[[HttpRequest, Response], Sequence[Outcome]]

    def begun(self) -> Turn:
        return self._ask({"step": "remove", "at": 0, "part": 0, "told": {}})

    def answered(self, state: State, response: Response) -> Turn:
        step = state["step"]
        if step == "remove":
            return self._removed(state, response)
        if step == "abandon":
            words = f"the job had not ended after {PATIENCE} and was aborted; its rows go again"
            return self._stopped(state["told"], UNAVAILABLE, words)
        if response.status >= 400:
            reason, words = refused(json_of(response))
            return self._stopped(state["told"], reason, words)
        if step in ("unprocessedrecords", "failedResults"):
            return self._results(state, response)
        return self._moved(state, json_of(response))

    def resumed(self, state: State) -> Turn:
        """What was asked may have arrived: a job that exists is asked for its state first."""
        if state["step"] in ("upload", "close", "poll"):
            return self._ask({**state, "step": "poll", "was": state.get("was") or state["step"]})
        if state["step"] == "abort":
            return self._ask({**_plain(state), "step": "create"})
        return self._ask(state)

    def _removed(self, state: State, response: Response) -> Turn:
        found = self.read_removal(self.removals[state["at"]], response)
        told = {**state["told"], **_noted(found)}
        trouble = next((o for o in found if o.verdict is Verdict.RETRY and o.reason not in ROW_REASONS), None)
        if trouble is not None:
            return self._stopped(told, trouble.reason, trouble.message)
        return self._ask({**state, "at": state["at"] + 1, "told": told})

    def _moved(self, state: State, answer: Mapping[str, Any]) -> Turn:
        """From one state of a job to the next."""
        match state["step"]:
            case "create":
                return self._ask({**state, "step": "upload", "job": answer["id"]})
            case "upload":
                return self._ask({**state, "step": "close"})
            case "abort":
                return self._ask({**_plain(state), "step": "create"})
            case "close":
                return self._wait(
                    {**_plain(state), "step": "poll", "job": state["job"], "polls": state.get("polls", 0)}
                )
            case _:
                return self._polled(state, answer)

    def _polled(self, state: State, answer: Mapping[str, Any]) -> Turn:
        job, polls = state["job"], int(state.get("polls", 0))
        if answer["state"] not in _ENDED and is_over(state):
            return self._ask({**_plain(state), "step": "abandon", "job": job})
        if answer["state"] == "Open":
            # Closed or not, an upload that was answered is there; one that was not may be half there.
            step = "close" if state.get("was") in ("close", "poll") else "abort"
            return self._ask({**_plain(state), "step": step, "job": job, "polls": polls})
        if answer["state"] not in _ENDED:
            return self._wait({**_plain(state), "step": "poll", "job": job, "polls": polls})
        ended = Job.of(answer)
        numbers = {"processed": ended.processed, "failed": ended.failed, "error": ended.error}
        after = {**_plain(state), "job": job, "numbers": numbers, "left": []}
        part = self._part(state)
        if not ended.error and ended.processed == len(part):
            return self._ask({**after, "step": "failedResults"}) if ended.failed else self._settled(after, {})
        return self._ask({**after, "step": "unprocessedrecords"})

    def _wait(self, state: State) -> Wait:
        then = waiting(state)
        return Wait(min(_FIRST_POLL_SECONDS * 2 ** state["polls"], then.seconds), then.state)

    def _results(self, state: State, response: Response) -> Turn:
        column = self.jobs.external_id
        rows = rows_of(response, column)
        if rows is None:
            return self._stopped(state["told"], UNREADABLE, "results without the external id's column")
        if state["step"] == "unprocessedrecords":
            left = places(self._part(state), {row[column] for row in rows})
            return self._ask({**state, "step": "failedResults", "left": left})
        return self._settled(state, {row[column]: row.get("sf__Error") or "" for row in rows})

    def _settled(self, state: State, failures: Mapping[str, str]) -> Turn:
        job = Job(**state["numbers"])
        found = outcomes(self._part(state), job, failures=failures, left=state["left"])
        told = {**state["told"], **_noted(found)}
        return self._ask({"step": "create", "part": state["part"] + 1, "at": state["at"], "told": told})

    def _ask(self, state: State) -> Turn:
        """The request of a state; past the removals the first job, past the last part the end."""
        if state["step"] == "remove":
            if state["at"] < len(self.removals):
                return Ask(self.removals[state["at"]], state)
            state = {**state, "step": "create"}
        if state["part"] >= len(self._parts):
            return Done(tuple(_outcome(key, state["told"]) for key in self._keys))
        return Ask(self._request(state), state)

    def _request(self, state: State) -> HttpRequest:
        part = self._part(state)
        keys, job = [change.key for change in part], str(state.get("job", ""))
        match state["step"]:
            case "create":
                return self.jobs.create(keys)
            case "upload":
                return self.jobs.upload(job, table(part, self.records), keys)
            case "close":
                return self.jobs.set_state(job, "UploadComplete", keys)
            case "abort" | "abandon":
                return self.jobs.set_state(job, "Aborted", keys)
            case "poll":
                return self.jobs.ask(job, keys)
            case kind:
                return self.jobs.results(job, kind, keys)

    def _stopped(self, told: Mapping[str, Any], reason: str, words: str) -> Done:
        """The account or the job is in trouble: rows without an outcome share it."""
        trouble = [str(Verdict.RETRY), reason, words]
        return Done(tuple(_outcome(key, {key: told.get(key, trouble)}) for key in self._keys))

    @property
    def _keys(self) -> list[str]:
        return [key for request in self.removals for key in request.keys] + [change.key for change in self.rows]

    @property
    def _parts(self) -> list[Sequence[Change]]:
        return list(parts(self.rows, self.records))

    def _part(self, state: State) -> Sequence[Change]:
        return self._parts[state["part"]]


def _plain(state: State) -> dict[str, Any]:
    """What outlives a job's steps."""
    return {name: state[name] for name in ("part", "at", "told")}


def _noted(found: Sequence[Outcome]) -> dict[str, list[str]]:
    plain = (outcome for outcome in found if outcome != Outcome(outcome.key, Verdict.ACCEPTED))
    return {o.key: [str(o.verdict), o.reason, o.message[:_MAX_MESSAGE]] for o in plain}


def _outcome(key: str, told: Mapping[str, Sequence[str]]) -> Outcome:
    verdict, reason, message = told.get(key) or (Verdict.ACCEPTED, "", "")
    return Outcome(key, Verdict(verdict), reason, message)
