"""Yahoo! JAPAN Ads' Conversion API (Display Ads): one conversion a request, told apart by its transaction id."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from pydantic import Field

from kumitate.activation.destinations.answers import (
    AUTH_REFUSED,
    NO_MATCH_KEY,
    REQUEST_REFUSED,
    UNCONFIRMED,
    for_all,
    json_of,
)
from kumitate.activation.destinations.auth import Token
from kumitate.activation.destinations.base import Destination, Terms
from kumitate.activation.destinations.ly_events import happened, number, transaction_id, unix_seconds
from kumitate.activation.destinations.usual_fields import EMAIL, PHONE
from kumitate.activation.matchkeys import YAHOO_CONVERSION_V1, match_keys
from kumitate.errors import RecordError
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

_HASHED = {"email": "hashed_email", "phone": "hashed_phone_number"}
_CLICKS = ("yclid", "yjr_yjad")


class YahooConversion(Destination):
    """A conversion per row: hashed `email` and `phone` (`09012345678`, as within Japan) or the clicks' `yclid` and
    `yjr_yjad`, `event_time` (Unix seconds, or ISO 8601 with its offset), and perhaps `value`.

    `transaction_id` is the row's key unless mapped; a conversion with the same one is counted once, so a request
    may be repeated. Yahoo answers 201 to conversions that it leaves out, too: older than 90 days, counted before.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"append"}),
        base_url="https://ads-cv.yahooapis.jp",
        auth=Token("User-Agent", "Yahoo AppID: "),
        seconds_between_requests=0.002,
        needs=frozenset({"event_time"}),
        accepts=YAHOO_CONVERSION_V1.fields | {*_CLICKS, "country", "event_time", "transaction_id", "value"},
        most_rows=1,
        erase_by_hand="Yahoo! JAPAN Ads offers no way to take a conversion back; ask its support to delete what was "
        "sent about the person.",
    )

    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {"email": EMAIL, "phone": PHONE}

    conversion_io: str = Field(pattern=r"^[!-~]+$")
    """The account's `yahoo_ydn_conv_io`."""
    conversion_label: str = Field(pattern=r"^[!-~]+$")
    """The conversion's `yahoo_ydn_conv_label`."""
    country: str = Field("JP", pattern=r"^[A-Z]{2}$")
    """Country of phone numbers where a row has none of its own."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        for change in changes:
            try:
                yield self._conversion(change)
            except RecordError as error:
                yield Outcome(change.key, Verdict.REJECTED, error.reason, error.field)

    def most_days(self) -> int:
        return 90

    def happened(self, change: Change) -> datetime | None:
        return happened(change.fields.get("event_time"))

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        if response.status < 300:
            return for_all(request, Verdict.ACCEPTED, UNCONFIRMED)
        answer = json_of(response)
        error = answer.get("Error") if isinstance(answer, dict) else None
        words = f"{response.status} {(error or {}).get('Message', '')}".strip()
        if response.status == 400:
            return for_all(request, Verdict.REJECTED, "vendor.http_400", message=words)
        reason = AUTH_REFUSED if response.status == 403 else REQUEST_REFUSED
        return for_all(request, Verdict.RETRY, reason, message=words)

    def _conversion(self, change: Change) -> HttpRequest:
        value = number(change.fields.get("value"), "value")
        body = {
            **self._person(change.fields),
            "event_time": unix_seconds(change.fields.get("event_time")),
            "yahoo_ydn_conv_io": self.conversion_io,
            "yahoo_ydn_conv_label": self.conversion_label,
            "yahoo_ydn_conv_transaction_id": transaction_id(change),
            **({} if value is None else {"yahoo_ydn_conv_value": value}),
        }
        headers = {"Content-Type": "application/json"}
        return HttpRequest("POST", "/v1/", json.dumps(body).encode(), (change.key,), headers)

    def _person(self, fields: Mapping[str, Any]) -> Mapping[str, str]:
        keys = match_keys(YAHOO_CONVERSION_V1, fields, country=self.country)
        clicks = {name: str(fields[name]).strip() for name in _CLICKS if str(fields.get(name) or "").strip()}
        found = {theirs: keys.values[ours] for ours, theirs in _HASHED.items() if ours in keys.values} | clicks
        if not found:
            why = ", ".join(f"{name}: {reason}" for name, reason in sorted(keys.dropped.items()))
            raise RecordError(NO_MATCH_KEY, why or "no match key and no click mapped")
        return found
