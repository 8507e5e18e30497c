"""Conversations of groups of rows: the vendor's own ids are asked for first, then one request acts on them.

Every request of a leg may be repeated (a lookup, an upsert, a membership), so a leg that was cut off begins again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kumitate.activation.destinations.answers import (
    BATCH_REFUSED,
    BATCH_SPOILED,
    ROW_REASONS,
    THROTTLED,
    TOO_LARGE,
    TOO_LARGE_WORDS,
    UNAVAILABLE,
)
from kumitate.activation.destinations.base import Destination
from kumitate.activation.destinations.talk import Ask, Done, State, Turn, Wait
from kumitate.model.request import Change, HttpRequest, Outcome, Response, Verdict

Known = Mapping[str, Any]
"""What a leg has learnt so far, as plain JSON (`{"ids": {"p1": "501"}}`)."""
_MAX_MESSAGE = 300
_PASSING = frozenset({THROTTLED, UNAVAILABLE})
"""Trouble that vendors tell in the body of an answer and that passes (Marketo's 606)."""
_WAITS = (10.0, 20.0, 40.0)
"""Seconds."""
SPOILS_BATCH = "row.spoils_batch"
"""The one row because of which a whole request was refused."""
_FINE = ("accepted", "", "")


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

    def read(self, step: int, known: Known, response: Response) -> tuple[Known, Sequence[Outcome]]:  # noqa: ARG002 -- one answer fits each step
        return {}, self.destination.outcomes(self.plain, response)


def plain_legs(destination: Destination, changes: Sequence[Change]) -> Iterator[Plain]:
    """The destination's plain requests for these rows, for a conversation that has others besides."""
    rows = {change.key: change for change in changes}
    for item in destination.requests(changes):
        if isinstance(item, HttpRequest):
            yield Plain(destination, item, [rows[key] for key in item.keys])


Legs = Callable[[Sequence[Change]], Sequence[Leg]]
"""A destination's legs for these rows."""


def begun(legs_of: Legs, changes: Sequence[Change]) -> Turn:
    return _next(legs_of, changes, {"leg": 0, "step": 0, "known": {}, "told": {}})


def gone_on(legs_of: Legs, changes: Sequence[Change], *, state: State, response: Response) -> Turn:
    """The turn after an answer; where the account is in trouble, a wait if that may help, else the end."""
    legs = _legs(legs_of, changes, state)
    leg = legs[state["leg"]]
    if response.status == TOO_LARGE:  # a gateway may say so, with a page of its own
        halved = {row.key: [str(Verdict.RETRY), BATCH_SPOILED, TOO_LARGE_WORDS] for row in leg.rows}
        told = {**halved, **state["told"]}
        return _next(legs_of, changes, {**state, "step": leg.steps, "known": {}, "told": told, "waits": 0})
    known, outcomes = leg.read(state["step"], state["known"], response)
    trouble = next((outcome for outcome in outcomes if _is_trouble(outcome)), None)
    waits = int(state.get("waits", 0))
    if trouble is not None and trouble.reason in _PASSING and waits < len(_WAITS):
        return Wait(_WAITS[waits], {**state, "waits": waits + 1})
    told = {**state["told"], **_noted(outcomes)}
    if trouble is not None:
        return _ended(legs, changes, state={**state, "told": told}, trouble=trouble)
    return _next(legs_of, changes, {**state, "step": state["step"] + 1, "known": known, "told": told, "waits": 0})


def taken_up(legs_of: Legs, changes: Sequence[Change], *, state: State) -> Turn:
    """The turn after a wait or a kill: the leg begins again."""
    return _next(legs_of, changes, {**state, "step": 0, "known": {}})


def _legs(legs_of: Legs, changes: Sequence[Change], state: State) -> list[Leg]:
    """The legs of all rows, or of the groups that go again."""
    if "groups" not in state:
        return list(legs_of(changes))
    rows = {change.key: change for change in changes}
    return [leg for keys in state["groups"] for leg in legs_of([rows[key] for key in keys])]


def _next(legs_of: Legs, changes: Sequence[Change], state: State) -> Turn:
    legs = _legs(legs_of, changes, state)
    number, step, known = state["leg"], state["step"], state["known"]
    while number < len(legs):
        while step < legs[number].steps:
            request = legs[number].request(step, known)
            if request is not None:
                return Ask(request, {**state, "leg": number, "step": step, "known": known})
            step += 1
        number, step, known = number + 1, 0, {}
    groups, told = _again(legs, state["told"])
    if groups:
        return _next(legs_of, changes, {"leg": 0, "step": 0, "known": {}, "told": told, "groups": groups})
    return Done(tuple(_outcome(change, told) for change in changes))


def _again(legs: Sequence[Leg], told: Mapping[str, Any]) -> tuple[list[list[str]], dict[str, Any]]:
    """Rows that another one spoilt, without it; halves where nobody says which one, until a row is alone.

    Each group is smaller than the leg that it comes from, so this ends.
    """
    groups: list[list[str]] = []
    left = dict(told)
    for leg in legs:
        keys = [row.key for row in leg.rows if left.get(row.key, _FINE)[1] in (BATCH_REFUSED, BATCH_SPOILED)]
        if len(keys) == 1 and len(leg.rows) == 1:
            left[keys[0]] = [str(Verdict.REJECTED), SPOILS_BATCH, left[keys[0]][2]]
            continue
        for key in keys:
            del left[key]
        half = len(keys) // 2 if len(keys) == len(leg.rows) else 0
        groups += [group for group in (keys[:half], keys[half:]) if group]
    return groups, left


def _ended(legs: Sequence[Leg], changes: Sequence[Change], *, state: State, trouble: Outcome) -> Done:
    """Rows of legs that are behind us keep what they were told, the others share the account's trouble."""
    told, stayed = dict(state["told"]), [str(Verdict.RETRY), trouble.reason, trouble.message]
    for leg in legs[state["leg"] :]:
        for change in leg.rows:
            told.setdefault(change.key, stayed)
    return Done(tuple(_outcome(change, told) for change in changes))


def _noted(outcomes: Iterable[Outcome]) -> dict[str, list[str]]:
    return {
        outcome.key: [str(outcome.verdict), outcome.reason, outcome.message[:_MAX_MESSAGE]]
        for outcome in outcomes
        if outcome != Outcome(outcome.key, Verdict.ACCEPTED)
    }


def _outcome(change: Change, told: Mapping[str, Any]) -> Outcome:
    verdict, reason, message = told.get(change.key) or _FINE
    return Outcome(change.key, Verdict(verdict), reason, message)


def _is_trouble(outcome: Outcome) -> bool:
    return outcome.verdict is Verdict.RETRY and outcome.reason not in ROW_REASONS
