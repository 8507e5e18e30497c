"""Criteo: identifiers of a contact list, added and removed a kind at a time; counts and samples come back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from kumitate.activation.destinations.answers import REQUEST_REFUSED, UNCONFIRMED, for_all, json_of, own_answer
from kumitate.activation.destinations.base import Destination, Terms
from kumitate.activation.destinations.members import (
    CONTACTS,
    erased,
    in_runs,
    movements,
    no_longer,
    spoiled,
    why_unusable,
)
from kumitate.activation.matchkeys import CRITEO_2027_01, match_keys
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

_MAX_IDENTIFIERS = 50_000
_KINDS = {"email": "email", "phone": "phoneNumber", "madid": "madid"}
_HEADERS = {"Content-Type": "application/json"}
_STEPS = {
    403: "give the app the scope Audiences: Manage, and consent to it for the advertiser",
    404: "check `audience_id` and `api_version`: a version of the API ends about a year after it began",
}
_FIGURES = {"numberOfIdentifiers": "received", "numberOfMatches": "matched", "matchRate": "match_rate"}

Known = tuple[tuple[str, str], ...]
"""(Criteo's name of the kind, the identifier)."""


class Criteo(Destination):
    """Adds identifiers to and removes them from the contact list of the audience segment `audience_id`."""

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"upsert", "add", "mirror", "append", "delete"}),
        base_url="https://api.criteo.com",
        sign_in_url="/oauth2/token",
        seconds_between_requests=0.25,
        most_rows=_MAX_IDENTIFIERS,
        accepts=CRITEO_2027_01.fields,
        identifiers=(("email",), ("phone",), ("madid",)),
    )
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = CONTACTS

    audience_id: str = Field(pattern=r"^\d+$")
    api_version: str = Field("2027-01", pattern=r"^\d{4}-\d{2}$")
    country: str = Field("JP", pattern=r"^[A-Z]{2}$")
    """Country of phone numbers where a row has none of its own."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        moves = movements(changes, known_by=self._known, outdated=no_longer, why=self._why)
        yield from moves.unusable
        yield from self._amendments("remove", moves.leaving)
        yield from self._amendments("add", moves.present)

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        if response.status >= 400:
            return _refusal(request, response.status, json_of(response))
        counts = own_answer(response, "data")["data"].get("attributes", {})
        invalid = int(counts.get("nbInvalidIdentifiers") or 0)
        sample = set(counts.get("sampleInvalidIdentifiers") or ())
        if not invalid or not isinstance(request, HttpRequest):
            return for_all(request, Verdict.ACCEPTED)
        sent = json.loads(request.body)["data"]["attributes"]["identifiers"]
        named = {key for key, identifier in zip(request.keys, sent, strict=True) if identifier in sample}
        return tuple(_doubted(key, named, invalid=invalid, of=len(sent)) for key in request.keys)

    def erasures(self, changes: Sequence[Change]) -> Sequence[Request | Outcome]:
        """Off this contact list; Criteo has no call that takes a person off every list of an advertiser."""
        return erased(changes, self.requests)

    def receipt(self, request: Request, response: Response) -> str:
        added = isinstance(request, HttpRequest) and b'"operation": "add"' in request.body
        return self.audience_id if added and response.status < 400 else ""

    def inquiry(self, receipt: str) -> HttpRequest:
        return HttpRequest("GET", f"{self._path(receipt)}/statistics", b"", ())

    def report(self, receipt: str, response: Response) -> Mapping[str, float] | None:
        """`received`, `matched` and `match_rate` of the whole list; None while Criteo has not counted it."""
        del receipt
        counts = json_of(response).get("data", {}).get("attributes", {})
        figures = {ours: float(counts[theirs]) for theirs, ours in _FIGURES.items() if counts.get(theirs) is not None}
        return figures or None

    def _path(self, audience_id: str) -> str:
        return f"/{self.api_version}/marketing-solutions/audience-segments/{audience_id}/contact-list"

    def _amendments(self, operation: str, rows: Sequence[tuple[str, Known]]) -> Iterator[HttpRequest]:
        """A request holds identifiers of one kind; a row with several kinds is in as many requests."""
        for kind in _KINDS.values():
            mine = [(key, value) for key, known in rows for name, value in known if name == kind]
            for run in in_runs(mine, _MAX_IDENTIFIERS):
                told = {"operation": operation, "identifierType": kind, "identifiers": [value for _, value in run]}
                body = {"data": {"type": "ContactlistAmendment", "attributes": told}}
                keys = tuple(key for key, _ in run)
                yield HttpRequest("PATCH", self._path(self.audience_id), json.dumps(body).encode(), keys, _HEADERS)

    def _known(self, fields: Mapping[str, Any]) -> Known:
        keys = match_keys(CRITEO_2027_01, fields, country=self.country).values
        return tuple((theirs, keys[ours]) for ours, theirs in _KINDS.items() if ours in keys)

    def _why(self, fields: Mapping[str, Any]) -> str:
        return why_unusable(CRITEO_2027_01, fields, self.country)


def _doubted(key: str, named: set[str], *, invalid: int, of: int) -> Outcome:
    """Criteo counts invalid identifiers and shows some of them; a row may be known by another of its own."""
    if key in named:
        return Outcome(key, Verdict.ACCEPTED, UNCONFIRMED, "Criteo calls this identifier invalid")
    if len(named) == invalid:
        return Outcome(key, Verdict.ACCEPTED)
    return Outcome(key, Verdict.ACCEPTED, UNCONFIRMED, f"{invalid} of {of} identifiers invalid, not all named")


def _refusal(request: Request, status: int, answer: Mapping[str, Any]) -> tuple[Outcome, ...]:
    errors = answer.get("errors", [])
    words = "; ".join(f"{error.get('code', '')}: {error.get('detail') or error.get('title', '')}" for error in errors)
    if status in (400, 413):
        return spoiled(request, words)
    words += f" ({_STEPS[status]})" if status in _STEPS else ""
    return for_all(request, Verdict.RETRY, REQUEST_REFUSED, message=words)
