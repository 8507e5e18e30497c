"""Tasks of HubSpot: one for each key, ever, beside the contact it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from pydantic import Field

from kumitate.activation.destinations.answers import json_of
from kumitate.activation.destinations.base import Destination, Terms, batches
from kumitate.activation.destinations.hubspot_calls import (
    BASE_URL,
    DAILY_REQUESTS,
    MOST_INPUTS,
    SECONDS_BETWEEN_REQUESTS,
    SIGN_IN_URL,
    ApiVersion,
    IdProperty,
    batch_outcomes,
    call,
    ids_of,
    objects,
    properties,
    read_by,
    refusal,
    untold,
)
from kumitate.activation.destinations.legs import Known, Leg, begun, gone_on, taken_up
from kumitate.activation.destinations.one_value import one_text
from kumitate.activation.destinations.talk import State, Turn
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

_TASK_TO_CONTACT = 204
"""HubSpot's own association type of a task with a contact."""
_THERE_ALREADY = "CONFLICTING_UNIQUE_VALUE"


class HubspotTask(Destination):
    """Creates tasks; `task_key_property` is a task property of the owner's making with unique values, for the key.

    HubSpot knows no idempotency key. So each batch begins with the question which of its tasks are there already
    (HubSpot refuses it where values are not unique), and a task that is created twice is refused by the property.
    The field `contact` holds the contact's value of `id_property`, and is no property of the task.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"append"}),
        base_url=BASE_URL,
        sign_in_url=SIGN_IN_URL,
        seconds_between_requests=SECONDS_BETWEEN_REQUESTS,
        daily_requests=DAILY_REQUESTS,
        most_rows=MOST_INPUTS,
        talk_rows=10 * MOST_INPUTS,
        needs=frozenset({"hs_task_subject", "hs_timestamp"}),
        erase_by_hand="A contact's tasks stay when it is erased: delete them in HubSpot, or keep names out of them.",
    )

    task_key_property: IdProperty = "kumitate_key"
    id_property: IdProperty
    api_version: ApiVersion = "2026-03"
    status: str = Field("NOT_STARTED", pattern=r"^[A-Z_]+$")

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:  # noqa: ARG002 -- it goes as a talk
        """None: every change takes a conversation."""
        return ()

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        answer = json_of(response)
        if response.status >= 400:
            return _fine_where_there(refusal(request, response, answer), answer)
        done = ids_of(answer, self.task_key_property)
        return _fine_where_there(batch_outcomes(request, answer, done=done), answer)

    def begins(self, changes: Sequence[Change], memory: State) -> Turn | None:  # noqa: ARG002  nothing is remembered
        return begun(self._legs, changes)

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        return gone_on(self._legs, changes, state=state, response=response)

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        return taken_up(self._legs, changes, state=state)

    def _legs(self, changes: Sequence[Change]) -> list[Leg]:
        return [_Creation(self, group) for group in batches(changes, MOST_INPUTS)]


@dataclass(frozen=True, slots=True)
class _Creation:
    """Which tasks are there, the record ids of their contacts, and the tasks that are missing."""

    destination: HubspotTask
    rows: Sequence[Change]
    steps: int = 3

    def request(self, step: int, known: Known) -> HttpRequest | None:
        own, keys = self.destination, [change.key for change in self.rows]
        if step == 0:
            path = objects(own.api_version, "tasks")
            return read_by(path, keys, id_property=own.task_key_property, keys=keys)
        contacts = sorted({_contact(change) for change in self._missing(known)} - {""})
        if step == 1:
            path = objects(own.api_version, "contacts")
            return read_by(path, contacts, id_property=own.id_property, keys=keys) if contacts else None
        return self._create(known)

    def read(self, step: int, known: Known, response: Response) -> tuple[Known, Sequence[Outcome]]:
        asked, answer = self.request(step, known), json_of(response)
        if asked is None or step == 2:
            return known, self.destination.outcomes(asked, response) if asked else ()
        if response.status >= 400:
            refused = refusal(asked, response, answer)
            return {"there": [change.key for change in self.rows]}, refused
        if step == 0:
            return {"there": sorted(ids_of(answer, self.destination.task_key_property))}, ()
        ids = ids_of(answer, self.destination.id_property)
        told = self._without_contact(known, answer, ids)
        return {"there": [*known["there"], *(outcome.key for outcome in told)], "contacts": ids}, told

    def _without_contact(self, known: Known, answer: Mapping[str, Any], ids: Mapping[str, str]) -> list[Outcome]:
        """Tasks about a contact that is not there, or of which HubSpot does not say whether it is."""
        lost = {change.key: _contact(change) for change in self._missing(known) if _contact(change) not in {"", *ids}}
        unclear = {outcome.key: outcome for outcome in untold(list(lost.values()), answer, ids)}
        words = "HubSpot has no contact with this key; sync contacts first"
        absent = Outcome("", Verdict.REJECTED, "vendor.contact_missing", words)
        return [replace(unclear.get(contact, absent), key=key) for key, contact in lost.items()]

    def _missing(self, known: Known) -> list[Change]:
        there = set(known["there"])
        return [change for change in self.rows if change.key not in there]

    def _create(self, known: Known) -> HttpRequest | None:
        missing = self._missing(known)
        inputs = [self._task(change, known.get("contacts", {})) for change in missing]
        path = f"{objects(self.destination.api_version, 'tasks')}/batch/create"
        keys = [change.key for change in missing]
        return call("POST", path, {"inputs": inputs}, keys=keys) if inputs else None

    def _task(self, change: Change, contacts: Mapping[str, str]) -> dict[str, Any]:
        fields = {name: value for name, value in change.fields.items() if name != "contact"}
        given = {"hs_task_status": self.destination.status, **properties(fields)}
        about = contacts.get(_contact(change))
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": _TASK_TO_CONTACT}]
        return {
            "properties": {**given, self.destination.task_key_property: change.key},
            "associations": [{"to": {"id": about}, "types": types}] if about else [],
            "objectWriteTraceId": change.key,
        }


def _contact(change: Change) -> str:
    return one_text(change.fields.get("contact"))


def _fine_where_there(outcomes: Sequence[Outcome], answer: Mapping[str, Any]) -> tuple[Outcome, ...]:
    """A task that the unique property refuses was created before: an answer of ours got lost."""
    there = {
        key
        for error in answer.get("errors") or []
        if _THERE_ALREADY in (error.get("category"), error.get("code"), *_codes(error))
        for key in (error.get("context") or {}).get("objectWriteTraceId", [])
    }
    return tuple(Outcome(o.key, Verdict.ACCEPTED) if o.key in there else o for o in outcomes)


def _codes(error: Mapping[str, Any]) -> list[str]:
    return [str(inner.get("code", "")) for inner in error.get("errors") or []]
