"""Lists of HubSpot: contacts upserted on the way, for a list takes HubSpot's own record ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from kumitate.activation.destinations.answers import BATCH_SPOILED, REQUEST_REFUSED, json_of
from kumitate.activation.destinations.base import Destination, Terms, batches, split
from kumitate.activation.destinations.hubspot_calls import (
    BASE_URL,
    DAILY_REQUESTS,
    MODES,
    MOST_INPUTS,
    SECONDS_BETWEEN_REQUESTS,
    SIGN_IN_URL,
    ApiVersion,
    IdProperty,
    batch_outcomes,
    call,
    ids_of,
    lists,
    objects,
    read_by,
    refusal,
    untold,
    upserted,
)
from kumitate.activation.destinations.legs import Known, Leg, begun, gone_on, taken_up
from kumitate.activation.destinations.talk import State, Turn
from kumitate.activation.destinations.usual_fields import EMAIL, FAMILY_NAME, GIVEN_NAME, PHONE
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

_MEMBERS_AT_ONCE = 1_000
"""HubSpot takes up to 100,000; fewer keep what is noted on the way small."""


class HubspotList(Destination):
    """Members of a manual or snapshot list of contacts; their mapped fields are upserted as contacts first.

    Of n rows: n / 100 calls for the record ids, n / 1,000 for the members.
    """

    terms: ClassVar[Terms] = Terms(
        modes=MODES | {"add"},
        base_url=BASE_URL,
        sign_in_url=SIGN_IN_URL,
        seconds_between_requests=SECONDS_BETWEEN_REQUESTS,
        daily_requests=DAILY_REQUESTS,
        most_rows=_MEMBERS_AT_ONCE,
        talk_rows=5 * _MEMBERS_AT_ONCE,
        erase_by_hand="Erase the contact with a sync of `object: contacts`; HubSpot takes it from every list.",
    )
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "email": EMAIL,
        "firstname": GIVEN_NAME,
        "lastname": FAMILY_NAME,
        "phone": PHONE,
    }

    list_id: str = Field(pattern=r"^\d+$")
    """Number of the list (ILS list id), as in its details in HubSpot."""
    id_property: IdProperty
    api_version: ApiVersion = "2026-03"

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:  # noqa: ARG002 -- it goes as a talk
        """None: every change takes a conversation."""
        return ()

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        answer = json_of(response)
        if response.status >= 400:
            return refusal(request, response, answer)
        return batch_outcomes(request, answer, done=ids_of(answer, self.id_property))

    def begins(self, changes: Sequence[Change], memory: State) -> Turn | None:  # noqa: ARG002  nothing is remembered
        return begun(self._legs, changes)

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        return gone_on(self._legs, changes, state=state, response=response)

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        return taken_up(self._legs, changes, state=state)

    def _legs(self, changes: Sequence[Change]) -> list[Leg]:
        removals, members = split(changes)
        return [
            *(_Membership(self, group, is_removal=True) for group in batches(removals, _MEMBERS_AT_ONCE)),
            *(_Membership(self, group, is_removal=False) for group in batches(members, _MEMBERS_AT_ONCE)),
        ]


@dataclass(frozen=True, slots=True)
class _Membership:
    """Record ids in hundreds, from the upsert of who joins and the reading of who leaves; then the members."""

    destination: HubspotList
    rows: Sequence[Change]
    is_removal: bool

    @property
    def steps(self) -> int:
        return len(self._hundreds) + 1

    def request(self, step: int, known: Known) -> HttpRequest | None:
        if step < len(self._hundreds):
            return self._question(self._hundreds[step])
        ids = known["ids"]
        if not ids:
            return None
        own = self.destination
        joining, leaving = ([], list(ids.values())) if self.is_removal else (list(ids.values()), [])
        path = f"{lists(own.api_version)}/{own.list_id}/memberships/add-and-remove"
        return call("PUT", path, {"recordIdsToAdd": joining, "recordIdsToRemove": leaving}, keys=list(ids))

    def read(self, step: int, known: Known, response: Response) -> tuple[Known, Sequence[Outcome]]:
        asked, answer = self.request(step, known), json_of(response)
        if asked is None or response.status >= 400:
            return {"ids": known.get("ids", {})}, self._refused(asked, response)
        if step == len(self._hundreds):
            return known, self._missing(known["ids"], set(answer.get("recordIdsMissing") or []))
        ids = ids_of(answer, self.destination.id_property)
        told = (
            untold(asked.keys, answer, ids)
            if self.is_removal
            else _with_ids(batch_outcomes(asked, answer, done=ids), ids)
        )
        wanted = {key: ids[key] for key in asked.keys if key in ids}
        return {"ids": {**known.get("ids", {}), **wanted}}, told

    @property
    def _hundreds(self) -> list[Sequence[Change]]:
        return list(batches(self.rows, MOST_INPUTS))

    def _question(self, group: Sequence[Change]) -> HttpRequest:
        own = self.destination
        path = objects(own.api_version, "contacts")
        keys = [change.key for change in group]
        if self.is_removal:
            return read_by(path, keys, id_property=own.id_property, keys=keys)
        return upserted(path, group, id_property=own.id_property)

    def _refused(self, asked: HttpRequest | None, response: Response) -> Sequence[Outcome]:
        """A list that is none, or that HubSpot fills itself, refuses all of its members alike."""
        found = refusal(asked, response, json_of(response)) if asked else ()
        if asked and asked.method == "PUT":
            return [Outcome(o.key, Verdict.RETRY, REQUEST_REFUSED, o.message) for o in found]
        return found

    def _missing(self, ids: dict[str, str], missing: set[str]) -> list[Outcome]:
        """Who joins and is not there any more; to leave, nobody need be there."""
        gone = [] if self.is_removal else [key for key, id_ in ids.items() if id_ in missing]
        return [Outcome(key, Verdict.REJECTED, "vendor.record_missing", "HubSpot has no such record") for key in gone]


def _with_ids(outcomes: Sequence[Outcome], ids: Mapping[str, str]) -> list[Outcome]:
    """Who was upserted but whose record id the answer lacks cannot join; it goes again."""
    words = "HubSpot gave no record id"
    return [
        Outcome(o.key, Verdict.RETRY, BATCH_SPOILED, words) if o.verdict is Verdict.ACCEPTED and o.key not in ids else o
        for o in outcomes
    ]
