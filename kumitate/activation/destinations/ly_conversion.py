"""LY Ads' Conversion API (LINE Yahoo): a thousand conversions a request, by the access token of a tracking tag."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from pydantic import Field

from kumitate.activation.destinations.answers import (
    AUTH_REFUSED,
    BATCH_SPOILED,
    NO_MATCH_KEY,
    REQUEST_REFUSED,
    UNCONFIRMED,
    for_all,
)
from kumitate.activation.destinations.auth import Token
from kumitate.activation.destinations.base import Destination, Terms, batches
from kumitate.activation.destinations.conversions import currency
from kumitate.activation.destinations.ly_events import happened, number, transaction_id, unix_seconds
from kumitate.activation.destinations.usual_fields import EMAIL, PHONE
from kumitate.activation.matchkeys import LINE_V2, RuleSet, e164, email, match_keys
from kumitate.errors import RecordError
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

MOST_EVENTS = 1_000
RULES = RuleSet("ly_conversion.v1", {"email": email, "phone": e164})
"""https://ads-developers.yahoo.co.jp/ja/conversion-api/post/30590611.html: `+819001234567`, then SHA-256."""
_HASHED = {"email": "hashed_email", "phone": "hashed_phone_number"}
_CLICKS = ("ly_su", "ly_c", "ly_r")
_ROW_STATUSES = frozenset({400, 413, 422})


class LyConversion(Destination):
    """A conversion per row: `event_type` (`purchase`), `event_time` (Unix seconds, or ISO 8601 with its offset), and
    a person by hashed `email` and `phone` (`+819012345678`), by `line_user_id`, or by the tag's cookies `ly_su`,
    `ly_c`, `ly_r`; perhaps `value` with `currency`, `label`, `snippet_id`, `url`.

    `transaction_id` is the row's key unless mapped; conversions with the same one count once, so a request may be
    repeated. LY takes a request as a whole: what it then leaves out it does not say.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"append"}),
        base_url="https://conversion-api.yahooapis.jp",
        auth=Token("X-TagAccessToken", ""),
        seconds_between_requests=0.01,
        needs=frozenset({"event_type", "event_time"}),
        accepts=RULES.fields
        | LINE_V2.fields
        | {*_CLICKS, "country", "currency", "event_time", "event_type", "label", "snippet_id", "transaction_id"}
        | {"url", "value"},
        most_rows=MOST_EVENTS,
        erase_by_hand="LY Ads offers no way to take a conversion back; ask its support to delete what was sent about "
        "the person.",
    )

    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {"email": EMAIL, "phone": PHONE}

    tag_id: str = Field(pattern=r"^[!-~]+$")
    """The tracking tag's id; the secret is its access token."""
    channel_id: int | None = Field(None, gt=0)
    """The LINE channel that `line_user_id` is of."""
    currency: str = Field("JPY", pattern=r"^[A-Z]{3}$")
    """Of `value` where a row has none of its own."""
    test: bool = False
    """Conversions are marked as a test and not counted."""
    country: str = Field("JP", pattern=r"^[A-Z]{2}$")
    """Country of phone numbers where a row has none of its own."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        events: dict[str, Mapping[str, Any]] = {}
        for change in changes:
            try:
                events[change.key] = self._event(change)
            except RecordError as error:
                yield Outcome(change.key, Verdict.REJECTED, error.reason, error.field)
        for group in batches([change for change in changes if change.key in events], MOST_EVENTS):
            keys = tuple(change.key for change in group)
            body = {"tag_id": self.tag_id, **self._channel(), "data": [events[key] for key in keys]}
            headers = {"Content-Type": "application/json"}
            yield HttpRequest("POST", "/v1/", json.dumps(body, ensure_ascii=False).encode(), keys, headers)

    def most_days(self) -> int:
        return 90

    def happened(self, change: Change) -> datetime | None:
        return happened(change.fields.get("event_time"))

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        words = f"HTTP {response.status}"
        if response.status < 300:
            return for_all(request, Verdict.ACCEPTED, UNCONFIRMED)
        if response.status not in _ROW_STATUSES:
            reason = AUTH_REFUSED if response.status == 403 else REQUEST_REFUSED
            return for_all(request, Verdict.RETRY, reason, message=words)
        if len(request.keys) > 1:
            return for_all(request, Verdict.RETRY, BATCH_SPOILED, message=words)
        return for_all(request, Verdict.REJECTED, f"vendor.http_{response.status}", message=words)

    def _channel(self) -> Mapping[str, int]:
        return {} if self.channel_id is None else {"channel_id": self.channel_id}

    def _event(self, change: Change) -> Mapping[str, Any]:
        kind = str(change.fields.get("event_type") or "").strip()
        if not kind:
            raise RecordError("field.missing", "event_type")
        event = {
            "event_type": kind,
            "event_time": unix_seconds(change.fields.get("event_time")),
            "action_source": "web",
            "transaction_id": transaction_id(change, signs=True),
            **({"test_flag": True} if self.test else {}),
            **_texts(change.fields, {"snippet_id": "event_snippet_id"}),
        }
        found = {"event": event, "user": self._person(change.fields)}
        parts = {"web": _texts(change.fields, {"url": "url"}), "custom": self._custom(change.fields)}
        return found | {name: part for name, part in parts.items() if part}

    def _custom(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        value = number(fields.get("value"), "value")
        label = _texts(fields, {"label": "label"})
        if value is None:
            return label
        return {**label, "value": value, "currency": currency(fields, self.currency)}

    def _person(self, fields: Mapping[str, Any]) -> Mapping[str, str]:
        keys = match_keys(RULES, fields, country=self.country)
        found = {theirs: keys.values[ours] for ours, theirs in _HASHED.items() if ours in keys.values}
        found |= _texts(fields, {name: name for name in _CLICKS})
        users = match_keys(LINE_V2, fields, country=self.country)
        if self.channel_id is not None and "line_user_id" in users.values:
            found["line_uid"] = users.values["line_user_id"]
        if not found:
            dropped = {**keys.dropped, **users.dropped}
            why = ", ".join(f"{name}: {reason}" for name, reason in sorted(dropped.items()))
            raise RecordError(NO_MATCH_KEY, why or "no match key and no cookie mapped")
        return found


def _texts(fields: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    given = {theirs: str(fields.get(ours) or "").strip() for ours, theirs in names.items()}
    return {name: text for name, text in given.items() if text}
