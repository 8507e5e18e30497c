"""Marketo Engage: leads synced by a field that holds the key; Marketo's ids are asked for before a deletion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from kumitate.activation.destinations.answers import json_of
from kumitate.activation.destinations.base import Destination, Terms, batches, packed, split
from kumitate.activation.destinations.legs import Known, Leg, begun, gone_on, plain_legs, taken_up
from kumitate.activation.destinations.marketo_answers import (
    by_id,
    compact,
    found_leads,
    json_call,
    lookup,
    record_outcomes,
    refusal,
)
from kumitate.activation.destinations.one_value import one_value
from kumitate.activation.destinations.talk import State, Turn, deletions
from kumitate.activation.destinations.usual_fields import EMAIL, FAMILY_NAME, GIVEN_NAME, PHONE
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

MAX_LEADS = 300
_MAX_BYTES = 1_000_000 - 1_000
"""A request's body is 1 MB at most; the rest is what stands around the leads."""
TERMS = Terms(
    modes=frozenset({"upsert", "insert", "update", "mirror", "append", "delete"}),
    sign_in_url="/identity/oauth/token",
    seconds_between_requests=0.2,
    daily_requests=50_000,
    concurrency=10,
    most_rows=MAX_LEADS,
    talk_rows=3 * MAX_LEADS,
)
THERE_ALREADY = "accepted.there_already"
_ACTIONS = {"insert": "createOnly", "update": "updateOnly"}


class Marketo(Destination):
    """Syncs leads; `lookup_field` is the lead field (REST name) that holds the sync's key.

    A value of null empties the field. Limits of a subscription: 100 calls in 20 seconds, 10 at once, 50,000 a day.
    """

    terms: ClassVar[Terms] = TERMS
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "email": EMAIL,
        "firstName": GIVEN_NAME,
        "lastName": FAMILY_NAME,
        "phone": PHONE,
    }

    lookup_field: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    partition: str | None = None
    """Lead partition that new leads go to."""
    mode: str = "upsert"
    """The sync's: in `insert` leads that are there already are left alone, in `update` those that are not refused."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        return synced_leads(self.lookup_field, split(changes)[1], mode=self.mode, partition=self.partition)

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        answer = json_of(response)
        found = refusal(request, response, answer) or record_outcomes(request, answer.get("result") or [])
        return tuple(map(_left_alone, found)) if self.mode == "insert" else found

    def begins(self, changes: Sequence[Change], memory: State) -> Turn | None:  # noqa: ARG002  nothing is remembered
        return begun(self._legs, changes) if split(changes)[0] else None

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        return gone_on(self._legs, changes, state=state, response=response)

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        return taken_up(self._legs, changes, state=state)

    def erased_rows(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Leads by their keys; activities that Marketo keeps without a name stay."""
        return deletions(changes)

    def _legs(self, changes: Sequence[Change]) -> list[Leg]:
        removals, records = split(changes)
        deletions = (_Deletion(self.lookup_field, group) for group in batches(removals, MAX_LEADS))
        return [*deletions, *plain_legs(self, records)]


def _left_alone(outcome: Outcome) -> Outcome:
    """In `insert` a lead that is there has what it needs; it may be our own, whose answer got lost."""
    if outcome.reason != "vendor.1005":
        return outcome
    return Outcome(outcome.key, Verdict.ACCEPTED, THERE_ALREADY, outcome.message)


def synced_leads(field: str, changes: Sequence[Change], *, mode: str, partition: str | None) -> Iterator[HttpRequest]:
    """Requests of at most 300 leads and 1 MB."""
    around = {"action": _ACTIONS.get(mode, "createOrUpdate"), "lookupField": field}
    if partition is not None:
        around["partitionName"] = partition

    def lead(change: Change) -> dict[str, object]:
        return {**{name: one_value(value) for name, value in change.fields.items()}, field: change.key}

    def size(change: Change) -> int:
        return len(compact(lead(change))) + 1

    for group in packed(changes, most=MAX_LEADS, most_bytes=_MAX_BYTES, size=size):
        body = {**around, "input": [lead(change) for change in group]}
        yield json_call("POST", "/rest/v1/leads.json", body, keys=[change.key for change in group])


@dataclass(frozen=True, slots=True)
class _Deletion:
    """A key without a lead is gone already, and so is a lead that went meanwhile (1004)."""

    lookup_field: str
    rows: Sequence[Change]
    steps: int = 2

    def request(self, step: int, known: Known) -> HttpRequest | None:
        if step == 0:
            return lookup(self.lookup_field, self.rows)
        ids = known["ids"]
        body = {"input": [{"id": id_} for id_ in ids.values()]}
        return json_call("POST", "/rest/v1/leads/delete.json", body, keys=list(ids)) if ids else None

    def read(self, step: int, known: Known, response: Response) -> tuple[Known, Sequence[Outcome]]:
        answer = json_of(response)
        refused = refusal(lookup(self.lookup_field, self.rows), response, answer)
        if refused:
            return {"ids": {}}, refused
        if step == 0:
            return found_leads(self.lookup_field, self.rows, answer)
        return {}, by_id(known, answer.get("result") or [], fine=frozenset({"1004"}))
