"""HubSpot: contacts (or another object) upserted by a unique property, and archived by HubSpot's ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from kumitate.activation.destinations.answers import for_all, json_of
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
    is_absent,
    objects,
    read_by,
    refusal,
    untold,
    updated,
    upserted,
)
from kumitate.activation.destinations.legs import Known, Leg, begun, gone_on, plain_legs, taken_up
from kumitate.activation.destinations.talk import State, Turn
from kumitate.activation.destinations.usual_fields import EMAIL, FAMILY_NAME, GIVEN_NAME, PHONE
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict


class Hubspot(Destination):
    """Writes one object (`contacts` unless the sync names another); `id_property` holds the sync's key.

    HubSpot takes text alone; an empty text clears a property.
    """

    terms: ClassVar[Terms] = Terms(
        modes=MODES | {"update"},
        base_url=BASE_URL,
        sign_in_url=SIGN_IN_URL,
        seconds_between_requests=SECONDS_BETWEEN_REQUESTS,
        daily_requests=DAILY_REQUESTS,
        most_rows=MOST_INPUTS,
        talk_rows=10 * MOST_INPUTS,
    )
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "email": EMAIL,
        "firstname": GIVEN_NAME,
        "lastname": FAMILY_NAME,
        "phone": PHONE,
    }

    kind: str = Field("contacts", alias="object", pattern=r"^([a-z][a-z0-9_]*|\d+-\d+)$")
    id_property: IdProperty
    api_version: ApiVersion = "2026-03"
    mode: str = "upsert"
    """The sync's; in `update` no record is created."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        for group in batches(split(changes)[1], MOST_INPUTS):
            act = updated if self.mode == "update" else upserted
            yield act(self.path, group, id_property=self.id_property)

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        answer = json_of(response)
        is_erasure = isinstance(request, HttpRequest) and request.path.endswith("/gdpr-delete")
        if is_erasure and (response.status < 300 or is_absent(response, answer)):
            return for_all(request, Verdict.ACCEPTED)
        if response.status >= 400:
            return refusal(request, response, answer)
        return batch_outcomes(request, answer, done=ids_of(answer, self.id_property))

    def begins(self, changes: Sequence[Change], memory: State) -> Turn | None:  # noqa: ARG002  nothing is remembered
        """Removals need HubSpot's record ids, which are asked for first."""
        return begun(self._legs, changes) if split(changes)[0] else None

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        return gone_on(self._legs, changes, state=state, response=response)

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        return taken_up(self._legs, changes, state=state)

    def erasures(self, changes: Sequence[Change]) -> Sequence[Request | Outcome]:
        """One call a contact: HubSpot forgets it for good, and takes its address in no more."""
        if self.kind != "contacts":
            words = f"HubSpot erases contacts alone; delete the record of {self.kind} by hand"
            return [Outcome(change.key, Verdict.REJECTED, "erase.by_hand", words) for change in changes]
        return [
            call(
                "POST",
                f"{self.path}/gdpr-delete",
                {"objectId": change.key, "idProperty": self.id_property},
                keys=[change.key],
            )
            for change in changes
        ]

    @property
    def path(self) -> str:
        return objects(self.api_version, self.kind)

    def _legs(self, changes: Sequence[Change]) -> list[Leg]:
        removals, records = split(changes)
        archived = (_Archive(self, group) for group in batches(removals, MOST_INPUTS))
        return [*archived, *plain_legs(self, records)]


@dataclass(frozen=True, slots=True)
class _Archive:
    """Record ids by key, then the archive; a key without a record is gone already."""

    destination: Hubspot
    rows: Sequence[Change]
    steps: int = 2

    def request(self, step: int, known: Known) -> HttpRequest | None:
        keys = [change.key for change in self.rows]
        own = self.destination
        if step == 0:
            return read_by(own.path, keys, id_property=own.id_property, keys=keys)
        if not known["ids"]:
            return None
        inputs = [{"id": id_} for id_ in known["ids"].values()]
        return call("POST", f"{own.path}/batch/archive", {"inputs": inputs}, keys=list(known["ids"]))

    def read(self, step: int, known: Known, response: Response) -> tuple[Known, Sequence[Outcome]]:
        answer = json_of(response)
        if response.status >= 400:
            asked = self.request(step, known)
            return {"ids": {}}, refusal(asked, response, answer) if asked else ()
        if step == 1:
            return known, ()
        ids = ids_of(answer, self.destination.id_property)
        return {"ids": ids}, untold([change.key for change in self.rows], answer, ids)
