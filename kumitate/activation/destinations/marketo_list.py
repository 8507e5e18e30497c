"""Static lists of Marketo Engage: leads synced on the way, for a list takes Marketo's own ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from pydantic import Field

from kumitate.activation.destinations.answers import json_of
from kumitate.activation.destinations.base import Destination, Terms, batches, split
from kumitate.activation.destinations.legs import Known, Leg, begun, gone_on, taken_up
from kumitate.activation.destinations.marketo import MAX_LEADS, TERMS, synced_leads
from kumitate.activation.destinations.marketo_answers import (
    by_id,
    found_leads,
    json_call,
    lookup,
    record_outcomes,
    refusal,
)
from kumitate.activation.destinations.talk import State, Turn
from kumitate.activation.destinations.usual_fields import EMAIL, FAMILY_NAME, GIVEN_NAME, PHONE
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response


class MarketoList(Destination):
    """Members of a static list; their mapped fields are synced as leads first, so two calls per 300 rows."""

    terms: ClassVar[Terms] = replace(
        TERMS,
        modes=frozenset({"upsert", "mirror", "append", "delete", "add"}),
        erase_by_hand="Erase the lead with a sync to leads of this account; Marketo takes it from every list.",
    )
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "email": EMAIL,
        "firstName": GIVEN_NAME,
        "lastName": FAMILY_NAME,
        "phone": PHONE,
    }

    list_id: int = Field(ge=1)
    """Number of the static list, as in its address in Marketo (`#ST1234A1`)."""
    lookup_field: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    partition: str | None = None

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:  # noqa: ARG002 -- it goes as a talk
        """None: every change takes a conversation."""
        return ()

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        answer = json_of(response)
        return refusal(request, response, answer) or record_outcomes(request, answer.get("result") or [])

    def begins(self, changes: Sequence[Change], memory: State) -> Turn | None:  # noqa: ARG002  nothing is remembered
        return begun(self._legs, changes)

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        return gone_on(self._legs, changes, state=state, response=response)

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        return taken_up(self._legs, changes, state=state)

    def _legs(self, changes: Sequence[Change]) -> list[Leg]:
        removals, members = split(changes)
        rows = {change.key: change for change in members}
        syncs = synced_leads(self.lookup_field, members, mode="upsert", partition=self.partition)
        return [
            *(_Removal(self, group) for group in batches(removals, MAX_LEADS)),
            *(_Addition(self, sync, [rows[key] for key in sync.keys]) for sync in syncs),
        ]

    def membership(self, method: str, known: Known) -> HttpRequest | None:
        ids = known["ids"]
        body = {"input": [{"id": id_} for id_ in ids.values()]}
        return json_call(method, f"/rest/v1/lists/{self.list_id}/leads.json", body, keys=list(ids)) if ids else None


@dataclass(frozen=True, slots=True)
class _Addition:
    """The sync's answer has the ids of the leads."""

    destination: MarketoList
    sync: HttpRequest
    rows: Sequence[Change]
    steps: int = 2

    def request(self, step: int, known: Known) -> HttpRequest | None:
        return self.sync if step == 0 else self.destination.membership("POST", known)

    def read(self, step: int, known: Known, response: Response) -> tuple[Known, Sequence[Outcome]]:
        answer = json_of(response)
        refused = refusal(self.sync, response, answer)
        if refused:
            return {"ids": {}}, refused
        results = answer.get("result") or []
        if step == 1:
            return {}, by_id(known, results, fine=frozenset())
        outcomes = record_outcomes(self.sync, results)
        ids = {key: result["id"] for key, result in zip(self.sync.keys, results, strict=False) if "id" in result}
        return {"ids": ids}, outcomes


@dataclass(frozen=True, slots=True)
class _Removal:
    """Whom Marketo does not know is in no list."""

    destination: MarketoList
    rows: Sequence[Change]
    steps: int = 2

    def request(self, step: int, known: Known) -> HttpRequest | None:
        if step == 0:
            return lookup(self.destination.lookup_field, self.rows)
        return self.destination.membership("DELETE", known)

    def read(self, step: int, known: Known, response: Response) -> tuple[Known, Sequence[Outcome]]:
        answer = json_of(response)
        asked = lookup(self.destination.lookup_field, self.rows)
        refused = refusal(asked, response, answer)
        if refused:
            return {"ids": {}}, refused
        if step == 0:
            return found_leads(self.destination.lookup_field, self.rows, answer)
        return {}, by_id(known, answer.get("result") or [], fine=frozenset({"1004"}))
