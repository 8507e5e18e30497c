"""Google Data Manager's events: offline conversions of a conversion action, by click ids and hashed match keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from pydantic import Field

from kumitate.activation.destinations.answers import NO_MATCH_KEY, json_of
from kumitate.activation.destinations.base import Destination, Terms, batches
from kumitate.activation.destinations.conversions import currency, moment, moment_of, worth
from kumitate.activation.destinations.google_account import (
    BASE_URL,
    HEADERS,
    SCOPE,
    SIGN_IN_URL,
    Consent,
    GoogleAccount,
    consent_of,
    identifiers,
    place,
)
from kumitate.activation.destinations.google_answers import figures_of, outcomes_of
from kumitate.activation.destinations.members import PERSONS, why_unusable
from kumitate.activation.matchkeys import GOOGLE_DATA_MANAGER_V1
from kumitate.errors import RecordError
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

_MAX_EVENTS = 2_000
_CLICKS = ("gclid", "gbraid", "wbraid")


class GoogleEvent(Destination):
    """Tells Google of conversions of the action `conversion_action_id`, each once: the row's key, or its
    `transaction_id`, is what Google drops duplicates by.

    A row has `event_time`, then a click id (`gclid`, `gbraid`, `wbraid`) or match keys, and perhaps `value` and
    `currency`.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"append"}),
        base_url=BASE_URL,
        sign_in_url=SIGN_IN_URL,
        scope=SCOPE,
        seconds_between_requests=0.2,
        most_rows=_MAX_EVENTS,
        daily_requests=100_000,
        reports_failures=True,
        needs=frozenset({"event_time"}),
        accepts=frozenset(
            {*GOOGLE_DATA_MANAGER_V1.fields, *_CLICKS, "event_time", "transaction_id", "value", "currency"}
        ),
        erase_by_hand=(
            "Google keeps conversions without a call to erase one person's: adjust or retract the conversions in "
            "Google Ads by their transaction ids, or ask Google's support."
        ),
    )
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = PERSONS

    account: GoogleAccount
    login_account: GoogleAccount | None = None
    conversion_action_id: str = Field(pattern=r"^\d+$")
    event_source: Literal["WEB", "APP", "IN_STORE", "PHONE", "MESSAGE", "OTHER"] = "WEB"
    currency: str = Field("JPY", pattern=r"^[A-Z]{3}$")
    """Currency of values where a row has none of its own."""
    terms_of_service: Literal["accepted"] | None = None
    """The account's word on customer match; events do not carry it."""
    ad_user_data: Consent | None = None
    ad_personalization: Consent | None = None
    country: str = Field("JP", pattern=r"^[A-Z]{2}$")
    """Country of phone numbers and postal codes where a row has none of its own."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        events = {change.key: self._event(change) for change in changes}
        sent = []
        for change in changes:
            event = events[change.key]
            if isinstance(event, Outcome):
                yield event
            else:
                sent.append(change)
        for run in batches(sent, _MAX_EVENTS):
            yield self._request(run, [events[change.key] for change in run])

    def most_days(self) -> int:
        """Google imports what happened at most so long after the click; no event is before its click."""
        return 90

    def happened(self, change: Change) -> datetime | None:
        return moment_of(change.fields)

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        return outcomes_of(request, response)

    def receipt(self, request: Request, response: Response) -> str:
        del request
        return "" if response.status >= 400 else str(json_of(response).get("requestId", ""))

    def inquiry(self, receipt: str) -> HttpRequest:
        return HttpRequest("GET", f"/v1/requestStatus:retrieve?requestId={quote(receipt, safe='')}", b"", ())

    def report(self, receipt: str, response: Response) -> Mapping[str, float] | None:
        del receipt
        return figures_of(json_of(response))

    def _event(self, change: Change) -> dict[str, Any] | Outcome:
        fields = change.fields
        try:
            event = {"eventTimestamp": f"{moment(fields):%Y-%m-%dT%H:%M:%SZ}", **self._worth(fields)}
        except RecordError as error:
            return Outcome(change.key, Verdict.REJECTED, error.reason)
        clicks = {name: str(fields[name]) for name in _CLICKS if fields.get(name)}
        people = identifiers(fields, self.country)
        if not clicks and not people:
            words = why_unusable(GOOGLE_DATA_MANAGER_V1, fields, self.country)
            return Outcome(change.key, Verdict.REJECTED, NO_MATCH_KEY, words)
        event |= {"transactionId": str(fields.get("transaction_id") or change.key), "eventSource": self.event_source}
        event |= {"adIdentifiers": clicks} if clicks else {}
        return event | ({"userData": {"userIdentifiers": list(people)}} if people else {})

    def _worth(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        value = worth(fields)
        return {} if value is None else {"conversionValue": value, "currency": currency(fields, self.currency)}

    def _request(self, changes: Sequence[Change], events: Sequence[Any]) -> HttpRequest:
        body = {
            "destinations": [place(self.conversion_action_id, self.account, self.login_account)],
            "events": list(events),
            "encoding": "HEX",
            **consent_of(self.ad_user_data, self.ad_personalization),
        }
        keys = tuple(change.key for change in changes)
        return HttpRequest("POST", "/v1/events:ingest", json.dumps(body).encode(), keys, HEADERS)
