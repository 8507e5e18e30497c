"""Meta's Conversions API: events of a dataset (pixel), by hashed match keys; each counts once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, Literal

from pydantic import Field

from kumitate.activation.destinations.abilities import TOO_OLD
from kumitate.activation.destinations.answers import (
    BATCH_REFUSED,
    NO_MATCH_KEY,
    UNAVAILABLE,
    UNCONFIRMED,
    UNREADABLE,
    for_all,
    own_answer,
)
from kumitate.activation.destinations.base import Destination, Terms, batches
from kumitate.activation.destinations.conversions import currency, moment, moment_of, worth
from kumitate.activation.destinations.members import PERSONS, spoiled, why_unusable
from kumitate.activation.destinations.meta_answers import (
    LATER,
    code_of,
    error_of,
    minutes_to_wait,
    refusal,
    subcode_of,
    words_of,
)
from kumitate.activation.destinations.usual_fields import BIRTHDATE, CITY, GENDER
from kumitate.activation.matchkeys import META_CONVERSIONS_V26, match_keys
from kumitate.errors import RecordError
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

_MAX_EVENTS = 1_000
_INVALID = 100
_DATA_SUBCODES = range(2_804_000, 2_805_000)
"""Subcodes of code 100 that lie with an event; 33 (no access, no such dataset) and all others lie with the account."""
_SECONDS_KNOWN = 48 * 3600.0
_PERSON = {
    "email": "em",
    "phone": "ph",
    "given_name": "fn",
    "family_name": "ln",
    "gender": "ge",
    "birthdate": "db",
    "city": "ct",
    "state": "st",
    "postal_code": "zp",
    "country": "country",
    "external_id": "external_id",
    "madid": "madid",
}
_ONE_VALUE = frozenset({"madid"})
"""What Meta takes as a text; all else may have several values and is a list."""
_BROWSER = {"user_agent": "client_user_agent", "ip_address": "client_ip_address", "fbc": "fbc", "fbp": "fbp"}
_OWN = frozenset({"event_time", "event_name", "event_id", "value", "currency", "source_url", *_BROWSER})
_HEADERS = {"Content-Type": "application/json"}
IN_FUTURE = "event.in_future"


class MetaConversion(Destination):
    """Tells the dataset `dataset_id` of events; Meta drops a second one of the same name and id within 48 hours.

    A row has `event_time`, match keys (or what the browser left: `fbc`, `fbp`), and perhaps `event_name`,
    `event_id` (else the row's key), `value`, `currency`, `source_url`, `user_agent`, `ip_address`.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"append"}),
        base_url="https://graph.facebook.com",
        seconds_between_requests=0.2,
        most_rows=_MAX_EVENTS,
        idempotent=False,
        repeatable_seconds=_SECONDS_KNOWN,
        needs=frozenset({"event_time"}),
        accepts=META_CONVERSIONS_V26.fields | _OWN,
        erase_by_hand=(
            "Meta has no call that erases a person's events: ask for it in Events Manager (dataset > Settings) or "
            "through Meta's support, naming the dataset and the time."
        ),
    )
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **PERSONS,
        "gender": GENDER,
        "birthdate": BIRTHDATE,
        "city": CITY,
    }

    dataset_id: str = Field(pattern=r"^\d+$")
    """The dataset's (pixel's) number in Events Manager."""
    event_name: str = Field("Purchase", min_length=1, max_length=50)
    """What happened, where a row has no name of its own."""
    action_source: Literal[
        "website",
        "app",
        "email",
        "phone_call",
        "chat",
        "physical_store",
        "system_generated",
        "business_messaging",
        "other",
    ] = "physical_store"
    currency: str = Field("JPY", pattern=r"^[A-Z]{3}$")
    """Currency of values where a row has none of its own."""
    test_event_code: str | None = None
    """Shows the events under Test Events in Events Manager; leave it out in earnest."""
    ad_account: str | None = Field(None, pattern=r"^\d+$")
    """The account's own; events do not need it."""
    api_version: str = Field("v26.0", pattern=r"^v\d+\.0$")
    country: str = Field("JP", pattern=r"^[A-Z]{2}$")
    """Country of phone numbers and postal codes where a row has none of its own."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        events = {change.key: self._event(change) for change in changes}
        yield from (event for event in events.values() if isinstance(event, Outcome))
        sent = [change for change in changes if not isinstance(events[change.key], Outcome)]
        for run in batches(sent, _MAX_EVENTS):
            body: dict[str, Any] = {"data": [events[change.key] for change in run]}
            body |= {"test_event_code": self.test_event_code} if self.test_event_code else {}
            path = f"/{self.api_version}/{self.dataset_id}/events"
            keys = tuple(change.key for change in run)
            yield HttpRequest("POST", path, json.dumps(body).encode(), keys, _HEADERS)

    def most_days(self) -> int:
        return 62 if self.action_source == "physical_store" else 7

    def happened(self, change: Change) -> datetime | None:
        return moment_of(change.fields)

    def asks_to_wait(self, response: Response) -> float:
        """Meta's throttling has no status 429 and no `Retry-After`."""
        return 60.0 * minutes_to_wait(response) if response.status >= 400 else 0.0

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        if response.status >= 400:
            return self._refusal(request, response)
        received = int(own_answer(response, "events_received")["events_received"])
        if not received:
            raise RecordError(UNREADABLE)
        if received == len(request.keys):
            return for_all(request, Verdict.ACCEPTED)
        words = f"{received} of {len(request.keys)} events received, not named"
        return for_all(request, Verdict.ACCEPTED, UNCONFIRMED, message=words)

    def _refusal(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        """One bad event spoils the whole request; those that are too old are told by Meta's own clock."""
        error = error_of(response)
        if LATER.get(code_of(error)) == UNAVAILABLE:
            return for_all(request, Verdict.UNKNOWN, UNAVAILABLE, message=words_of(error))
        lies_with_an_event = code_of(error) == _INVALID and subcode_of(error) in _DATA_SUBCODES
        if not lies_with_an_event or not isinstance(request, HttpRequest):
            return refusal(request, response)
        untimely = self._untimely(request, response)
        if not untimely:
            return spoiled(request, words_of(error))
        return tuple(
            Outcome(key, Verdict.REJECTED, untimely[key])
            if key in untimely
            else Outcome(key, Verdict.RETRY, BATCH_REFUSED)
            for key in request.keys
        )

    def _untimely(self, request: HttpRequest, response: Response) -> dict[str, str]:
        """Why by key, of events outside what Meta takes; none where the answer bears no date."""
        told = next((value for name, value in response.headers.items() if name.lower() == "date"), "")
        try:
            now = parsedate_to_datetime(told).timestamp()
        except (TypeError, ValueError):
            return {}
        oldest = now - timedelta(days=self.most_days()).total_seconds()
        times = {
            key: event["event_time"] for key, event in zip(request.keys, json.loads(request.body)["data"], strict=True)
        }
        late = {key: TOO_OLD for key, at in times.items() if at < oldest}
        return late | {key: IN_FUTURE for key, at in times.items() if at > now + 60}

    def _event(self, change: Change) -> dict[str, Any] | Outcome:
        fields = change.fields
        try:
            event = {"event_time": int(moment(fields).timestamp()), **self._worth(fields)}
        except RecordError as error:
            return Outcome(change.key, Verdict.REJECTED, error.reason)
        person = self._person(fields)
        if not person:
            words = why_unusable(META_CONVERSIONS_V26, fields, self.country)
            return Outcome(change.key, Verdict.REJECTED, NO_MATCH_KEY, words)
        missing = [name for name in ("source_url", "user_agent") if not fields.get(name)]
        if self.action_source == "website" and missing:
            return Outcome(change.key, Verdict.REJECTED, "field.missing", ", ".join(missing))
        event |= {
            "event_name": str(fields.get("event_name") or self.event_name),
            "event_id": str(fields.get("event_id") or change.key),
            "action_source": self.action_source,
            "user_data": person,
        }
        return event | ({"event_source_url": str(fields["source_url"])} if fields.get("source_url") else {})

    def _person(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """`user_data`; empty where nothing in it finds a person."""
        keys = match_keys(META_CONVERSIONS_V26, fields, country=self.country).values
        browser = {theirs: str(fields[ours]) for ours, theirs in _BROWSER.items() if fields.get(ours)}
        if not META_CONVERSIONS_V26.finds(keys) and not browser.keys() & {"fbc", "fbp"}:
            return {}
        hashed = {_PERSON[name]: keys[name] for name in _PERSON if name in keys}
        return {name: value if name in _ONE_VALUE else [value] for name, value in hashed.items()} | browser

    def _worth(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        value = worth(fields)
        own = {} if value is None else {"value": value, "currency": currency(fields, self.currency)}
        return {"custom_data": own} if own else {}
