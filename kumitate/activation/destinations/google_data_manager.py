"""Google Data Manager: members of a customer list, by hashed match keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from kumitate.activation.destinations.answers import (
    BATCH_REFUSED,
    REQUEST_REFUSED,
    UNCONFIRMED,
    for_all,
    json_of,
)
from kumitate.activation.destinations.base import Destination, Terms, split
from kumitate.activation.matchkeys import GOOGLE_DATA_MANAGER_V1, NONE, match_keys
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict
from kumitate.model.section import Section

_MAX_MEMBERS = 10_000
_ADDRESS = {
    "given_name": "givenName",
    "family_name": "familyName",
    "country": "regionCode",
    "postal_code": "postalCode",
}
_MEMBER = re.compile(r"audience_?members(?:\.audience_?members)?\[(\d+)\]", re.IGNORECASE)

Identifiers = list[dict[str, Any]]


class GoogleAccount(Section):
    """An account in one of Google's products."""

    type: Literal["GOOGLE_ADS", "DISPLAY_VIDEO_PARTNER", "DISPLAY_VIDEO_ADVERTISER", "DATA_PARTNER"] = "GOOGLE_ADS"
    id: str = Field(pattern=r"^\d+$")


class GoogleDataManager(Destination):
    """Adds to and removes from the customer list `audience_id`.

    What the people have consented to towards Google is stated, not assumed: `ad_user_data` and
    `ad_personalization` are left out of requests unless set.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"upsert", "mirror", "append", "delete"}),
        base_url="https://datamanager.googleapis.com",
        sign_in_url="https://oauth2.googleapis.com/token",
        seconds_between_requests=0.2,
        accepts=frozenset(GOOGLE_DATA_MANAGER_V1.rules),
        most_rows=_MAX_MEMBERS,
    )

    account: GoogleAccount
    login_account: GoogleAccount | None = None
    audience_id: str = Field(pattern=r"^\d+$")
    terms_of_service: Literal["accepted"]
    """The customer match terms, accepted by the account's owner."""
    ad_user_data: Literal["granted", "denied"] | None = None
    ad_personalization: Literal["granted", "denied"] | None = None
    country: str = Field("JP", pattern=r"^[A-Z]{2}$")
    """Country of phone numbers and postal codes where a row has none of its own."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        removals, members = split(changes)
        usable = {change.key: self._identifiers(change.fields) for change in changes}
        for change in changes:
            if not usable[change.key]:
                yield Outcome(change.key, Verdict.REJECTED, NONE, self._why_none(change))
        gone = [(change.key, usable[change.key]) for change in removals]
        gone += [(change.key, self._outdated(change, usable[change.key])) for change in members]
        yield from self._in_batches("remove", gone)
        yield from self._in_batches("ingest", [(change.key, usable[change.key]) for change in members])

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        answer = json_of(response)
        if response.status < 400:
            return for_all(request, Verdict.ACCEPTED, UNCONFIRMED, message=str(answer.get("requestId", "")))
        return _refusal(request, answer.get("error", {}))

    def _identifiers(self, fields: Mapping[str, Any]) -> Identifiers:
        keys = match_keys(GOOGLE_DATA_MANAGER_V1, fields, country=self.country).values
        found: Identifiers = []
        if "email" in keys:
            found.append({"emailAddress": keys["email"]})
        if "phone" in keys:
            found.append({"phoneNumber": keys["phone"]})
        if _ADDRESS.keys() <= keys.keys():
            found.append({"address": {theirs: keys[ours] for ours, theirs in _ADDRESS.items()}})
        return found

    def _outdated(self, change: Change, now: Identifiers) -> Identifiers:
        """Identifiers the list was given earlier and that are no longer this member's."""
        return [identifier for identifier in self._identifiers(change.previous) if identifier not in now]

    def _why_none(self, change: Change) -> str:
        dropped = match_keys(GOOGLE_DATA_MANAGER_V1, change.fields, country=self.country).dropped
        return ", ".join(f"{name}: {reason}" for name, reason in sorted(dropped.items())) or "no match key mapped"

    def _in_batches(self, method: str, members: Iterable[tuple[str, Identifiers]]) -> Iterator[HttpRequest]:
        known = [member for member in members if member[1]]
        for start in range(0, len(known), _MAX_MEMBERS):
            yield self._request(method, known[start : start + _MAX_MEMBERS])

    def _request(self, method: str, members: Sequence[tuple[str, Identifiers]]) -> HttpRequest:
        body: dict[str, Any] = {
            "destinations": [self._list()],
            "audienceMembers": [{"userData": {"userIdentifiers": identifiers}} for _, identifiers in members],
            "encoding": "HEX",
        }
        if method == "ingest":
            body["termsOfService"] = {"customerMatchTermsOfServiceStatus": "ACCEPTED"}
            body |= self._consent()
        path = f"/v1/audienceMembers:{method}"
        headers = {"Content-Type": "application/json"}
        return HttpRequest("POST", path, json.dumps(body).encode(), tuple(key for key, _ in members), headers)

    def _list(self) -> dict[str, Any]:
        accounts = {"operatingAccount": self.account, "loginAccount": self.login_account}
        named = {
            name: {"accountType": account.type, "accountId": account.id}
            for name, account in accounts.items()
            if account is not None
        }
        return {**named, "productDestinationId": self.audience_id}

    def _consent(self) -> dict[str, Any]:
        stated = {"adUserData": self.ad_user_data, "adPersonalization": self.ad_personalization}
        consent = {name: f"CONSENT_{value.upper()}" for name, value in stated.items() if value is not None}
        return {"consent": consent} if consent else {}


def _refusal(request: Request, error: Mapping[str, Any]) -> tuple[Outcome, ...]:
    """One bad member spoils Google's whole request: the named ones are refused, the others go again."""
    bad = dict(_violations(error))
    if not bad:
        words = f"{error.get('status', '')}: {error.get('message', '')}"
        return for_all(request, Verdict.RETRY, REQUEST_REFUSED, message=words)
    return tuple(
        Outcome(key, Verdict.REJECTED, "vendor.invalid_argument", bad[number])
        if number in bad
        else Outcome(key, Verdict.RETRY, BATCH_REFUSED)
        for number, key in enumerate(request.keys)
    )


def _violations(error: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    for detail in error.get("details", []):
        for violation in detail.get("fieldViolations", []):
            found = _MEMBER.search(str(violation.get("field", "")))
            if found is not None:
                yield int(found[1]), str(violation.get("description", ""))
