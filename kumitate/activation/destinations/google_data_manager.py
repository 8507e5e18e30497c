"""Google Data Manager: members of a customer list, by hashed match keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from pydantic import Field

from kumitate.activation.destinations.answers import json_of
from kumitate.activation.destinations.base import Destination, Terms
from kumitate.activation.destinations.google_account import (
    BASE_URL,
    HEADERS,
    SCOPE,
    SIGN_IN_URL,
    Consent,
    GoogleAccount,
    Identifiers,
    consent_of,
    identifiers,
    place,
)
from kumitate.activation.destinations.google_answers import figures_of, outcomes_of
from kumitate.activation.destinations.google_rebuild import Rebuild, first
from kumitate.activation.destinations.members import (
    PERSONS,
    erased,
    in_runs,
    movements,
    no_longer,
    only_leavers_leave,
    still_in,
    why_unusable,
)
from kumitate.activation.destinations.talk import EITHER_OF, State, Turn
from kumitate.activation.matchkeys import GOOGLE_DATA_MANAGER_V1
from kumitate.model.request import Change, HttpRequest, Operation, Outcome, Request, Response

_MAX_MEMBERS = 10_000

Member = tuple[str, Identifiers]


class GoogleDataManager(Destination):
    """Adds to and removes from the customer list `audience_id`; in mode `rebuild` it becomes exactly the segment.

    What the people have consented to towards Google is stated, not assumed: `ad_user_data` and
    `ad_personalization` are left out of requests unless set.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"upsert", "add", "mirror", "append", "delete", "rebuild"}),
        base_url=BASE_URL,
        sign_in_url=SIGN_IN_URL,
        scope=SCOPE,
        seconds_between_requests=0.2,
        most_rows=_MAX_MEMBERS,
        daily_requests=100_000,
        reports_failures=True,
        whole_modes=frozenset({"rebuild"}),
        accepts=GOOGLE_DATA_MANAGER_V1.fields,
        identifiers=(("email",), ("phone",)),
    )
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = PERSONS

    account: GoogleAccount
    login_account: GoogleAccount | None = None
    audience_id: str = Field(pattern=r"^\d+$")
    terms_of_service: Literal["accepted"]
    """The customer match terms, accepted by the account's owner."""
    ad_user_data: Consent | None = None
    ad_personalization: Consent | None = None
    country: str = Field("JP", pattern=r"^[A-Z]{2}$")
    """Country of phone numbers and postal codes where a row has none of its own."""
    mode: str = "upsert"
    """The sync's mode."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        told = only_leavers_leave(changes) if self.mode == "rebuild" else changes
        moves = movements(told, known_by=self._identifiers, outdated=no_longer, why=self._why)
        yield from still_in(moves.unusable, changes) if self.mode == "rebuild" else moves.unusable
        for run in in_runs(moves.leaving, _MAX_MEMBERS):
            yield self._request("remove", run)
        for run in in_runs(moves.present, _MAX_MEMBERS):
            yield self._request("ingest", run)

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        return outcomes_of(request, response)

    def erasures(self, changes: Sequence[Change]) -> Sequence[Request | Outcome]:
        """Off this list; Google has no call that takes a person off every list of an account."""
        return erased(changes, self.requests)

    def receipt(self, request: Request, response: Response) -> str:
        del request
        return "" if response.status >= 400 else str(json_of(response).get("requestId", ""))

    def inquiry(self, receipt: str) -> HttpRequest:
        return HttpRequest("GET", f"/v1/requestStatus:retrieve?requestId={quote(receipt, safe='')}", b"", ())

    def report(self, receipt: str, response: Response) -> Mapping[str, float] | None:
        del receipt
        return figures_of(json_of(response))

    def begins(self, changes: Sequence[Change], memory: State) -> Turn | None:
        """None where people are to be on the list and none can be matched: it is not emptied for that."""
        del memory
        present = [change.fields for change in changes if change.operation is not Operation.DELETE]
        finds_nobody = bool(present) and not any(map(self._identifiers, present))
        if self.mode != "rebuild" or finds_nobody:
            return None
        return Rebuild(self, changes).turn(first(changes, _MAX_MEMBERS))

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        return Rebuild(self, changes).answered(state, response)

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        return Rebuild(self, changes).turn(state)

    def look(self) -> HttpRequest:
        """The list itself: that it is there, before anything is done to it."""
        path = f"/v1/accountTypes/{self.account.type}/accounts/{self.account.id}/userLists/{self.audience_id}"
        login = self.login_account
        headers = {} if login is None else {"login-account": f"accountTypes/{login.type}/accounts/{login.id}"}
        return HttpRequest("GET", path, b"", (), headers)

    def ingest(self, changes: Sequence[Change]) -> HttpRequest | None:
        """Members to add, at most the vendor's size; None where none of them can be matched."""
        members = list(self._members(changes))
        return self._request("ingest", members) if members else None

    def remove_all(self, before: str) -> HttpRequest:
        """Everybody off who was not added since `before` (RFC 3339)."""
        body = {"destinations": [self._list()], "removeAsOfTime": before}
        return HttpRequest("POST", "/v1/audienceMembers:removeAll", json.dumps(body).encode(), (), HEADERS)

    def unusable(self, changes: Sequence[Change]) -> Mapping[str, Outcome]:
        """Rows that nobody can be matched by, of those who are to be on the list."""
        present = [change for change in changes if change.operation is not Operation.DELETE]
        moves = movements(present, known_by=self._identifiers, outdated=no_longer, why=self._why)
        return {outcome.key: outcome for outcome in moves.unusable}

    def _members(self, changes: Iterable[Change]) -> Iterator[Member]:
        for change in changes:
            found = self._identifiers(change.fields)
            if found:
                yield change.key, found

    def _identifiers(self, fields: Mapping[str, Any]) -> Identifiers:
        """Of a row that may be known by several, all of them once."""
        if EITHER_OF not in fields:
            return identifiers(fields, self.country)
        known = [each for either in fields[EITHER_OF] for each in self._identifiers(either)]
        return tuple(each for place, each in enumerate(known) if each not in known[:place])

    def _why(self, fields: Mapping[str, Any]) -> str:
        return why_unusable(GOOGLE_DATA_MANAGER_V1, fields, self.country)

    def _request(self, method: str, members: Sequence[Member]) -> HttpRequest:
        body: dict[str, Any] = {
            "destinations": [self._list()],
            "audienceMembers": [{"userData": {"userIdentifiers": list(known)}} for _, known in members],
            "encoding": "HEX",
        }
        if method == "ingest":
            body["termsOfService"] = {"customerMatchTermsOfServiceStatus": "ACCEPTED"}
            body |= consent_of(self.ad_user_data, self.ad_personalization)
        keys = tuple(key for key, _ in members)
        return HttpRequest("POST", f"/v1/audienceMembers:{method}", json.dumps(body).encode(), keys, HEADERS)

    def _list(self) -> dict[str, Any]:
        return place(self.audience_id, self.account, self.login_account)
