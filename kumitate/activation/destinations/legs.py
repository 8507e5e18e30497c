"""Conversations of groups of rows: the vendor's own ids are asked for first, then one request acts on them.

Every request of a leg may be repeated (a lookup, an upsert, a membership), so a leg that was cut off begins again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kumitate.activation.destinations.answers import ROW_REASONS
from kumitate.activation.destinations.base import Destination
from kumitate.activation.destinations.talk import Ask, Done, State, Turn
from kumitate.model.request import Change, HttpRequest, Outcome, Response, Verdict

Known = Mapping[str, Any]
"""What a leg has learnt so far, as plain JSON (`{"ids": {"p1": "501"}}`)."""
_MAX_MESSAGE = 300


class Leg(Protocol):
    """One group of rows on its way: `steps` requests, each made of what the answers before it told."""

    @property
    def rows(self) -> Sequence[Change]: ...
    @property
    def steps(self) -> int: ...
    def request(self, step: int, known: Known) -> HttpRequest | None:
        """The step's request; None where there is nothing to ask or to do."""
        ...

    def read(self, step: int, known: Known, response: Response) -> tuple[Known, Sequence[Outcome]]:
        """What is known now, and outcomes of rows that are settled; rows never named are accepted in the end."""
        ...


@dataclass(frozen=True, slots=True)
class Plain:
    """One of the destination's plain requests, as a leg."""

    destination: Destination
    plain: HttpRequest
    rows: Sequence[Change]
    steps: int = 1

    def request(self, step: int, known: Known) -> HttpRequest | None:  # noqa: ARG002  there is one
        return self.plain

    def read(self, step: int, known: Known, response: Response) -> tuple[Known, Sequence[Outcome]]:  # noqa: ARG002
        return {}, self.destination.outcomes(self.plain, response)


def plain_legs(destination: Destination, changes: Sequence[Change]) -> Iterator[Plain]:
    """The destination's plain requests for these rows, for a conversation that has others besides."""
    rows = {change.key: change for change in changes}
    for item in destination.requests(changes):
        if isinstance(item, HttpRequest):
            yield Plain(destination, item, [rows[key] for key in item.keys])


def begun(legs: Sequence[Leg]) -> Turn:
    return _next(legs, {"leg": 0, "step": 0, "known": {}, "told": {}})


def gone_on(legs: Sequence[Leg], state: State, response: Response) -> Turn:
    """The turn after an answer; the conversation ends where the account is in trouble."""
    known, outcomes = legs[state["leg"]].read(state["step"], state["known"], response)
    told = {**state["told"], **_noted(outcomes)}
    trouble = next((outcome for outcome in outcomes if _is_trouble(outcome)), None)
    if trouble is not None:
        return _ended(legs, {**state, "told": told}, trouble)
    return _next(legs, {**state, "step": state["step"] + 1, "known": known, "told": told})


def taken_up(legs: Sequence[Leg], state: State) -> Turn:
    """The turn after a kill: the leg begins again."""
    return _next(legs, {**state, "step": 0, "known": {}})


def _next(legs: Sequence[Leg], state: State) -> Turn:
    number, step, known = state["leg"], state["step"], state["known"]
    while number < len(legs):
        while step < legs[number].steps:
            request = legs[number].request(step, known)
            if request is not None:
                return Ask(request, {**state, "leg": number, "step": step, "known": known})
            step += 1
        number, step, known = number + 1, 0, {}
    return Done(tuple(_outcome(change, state["told"]) for leg in legs for change in leg.rows))


def _ended(legs: Sequence[Leg], state: State, trouble: Outcome) -> Done:
    """Rows of legs that are behind us keep what they were told, the others share the account's trouble."""
    place, told = state["leg"], state["told"]
    behind = [_outcome(change, told) for leg in legs[:place] for change in leg.rows]
    ahead = [change.key for leg in legs[place:] for change in leg.rows]
    stayed = (Outcome(key, Verdict.RETRY, trouble.reason, trouble.message) for key in ahead if key not in told)
    kept = (Outcome(key, Verdict(told[key][0]), *told[key][1:]) for key in ahead if key in told)
    return Done((*behind, *kept, *stayed))


def _noted(outcomes: Iterable[Outcome]) -> dict[str, list[str]]:
    return {
        outcome.key: [str(outcome.verdict), outcome.reason, outcome.message[:_MAX_MESSAGE]]
        for outcome in outcomes
        if outcome != Outcome(outcome.key, Verdict.ACCEPTED)
    }


def _outcome(change: Change, told: Mapping[str, Any]) -> Outcome:
    verdict, reason, message = told.get(change.key) or (Verdict.ACCEPTED, "", "")
    return Outcome(change.key, Verdict(verdict), reason, message)


def _is_trouble(outcome: Outcome) -> bool:
    return outcome.verdict is Verdict.RETRY and outcome.reason not in ROW_REASONS
