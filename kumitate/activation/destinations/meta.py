"""Meta: members of a custom audience, by hashed match keys beside our own id."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from kumitate.activation.destinations.answers import (
    AUTH_REFUSED,
    REQUEST_REFUSED,
    THROTTLED,
    UNAVAILABLE,
    UNCONFIRMED,
    for_all,
    json_of,
)
from kumitate.activation.destinations.base import Destination, Terms, split
from kumitate.activation.matchkeys import META_V26, NONE, match_keys
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

_MAX_ROWS = 10_000
_SCHEMA = {
    "email": "EMAIL",
    "phone": "PHONE",
    "given_name": "FN",
    "family_name": "LN",
    "postal_code": "ZIP",
    "country": "COUNTRY",
}
_STRONG = frozenset({"email", "phone"})
"""Keys that can match alone; names count beside a postal code and a country."""
_WEAK = frozenset({"given_name", "family_name", "postal_code", "country"})
_LATER = {
    **dict.fromkeys((4, 17, 32, 613, 80003, 80004), THROTTLED),
    **dict.fromkeys((1, 2), UNAVAILABLE),
    190: AUTH_REFUSED,
}

Keys = Mapping[str, str]


class Meta(Destination):
    """Adds to and removes from the custom audience `audience_id`; rows carry the sync's key as EXTERN_ID."""

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"upsert", "mirror", "append", "delete"}),
        base_url="https://graph.facebook.com",
        seconds_between_requests=0.5,
        accepts=frozenset(META_V26.rules),
        most_rows=_MAX_ROWS,
    )

    audience_id: str = Field(pattern=r"^\d+$")
    api_version: str = Field("v26.0", pattern=r"^v\d+\.0$")
    country: str = Field("JP", pattern=r"^[A-Z]{2}$")
    """Country of phone numbers and postal codes where a row has none of its own."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        removals, members = split(changes)
        usable = {change.key: self._keys(change.fields) for change in changes}
        for change in changes:
            if not usable[change.key]:
                yield Outcome(change.key, Verdict.REJECTED, NONE, self._why_none(change))
        gone = [(change.key, usable[change.key]) for change in removals]
        gone += [(change.key, self._outdated(change, usable[change.key])) for change in members]
        yield from self._in_batches("DELETE", gone)
        yield from self._in_batches("POST", [(change.key, usable[change.key]) for change in members])

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        answer = json_of(response)
        if response.status >= 400:
            return _refusal(request, answer.get("error", {}))
        invalid = int(answer.get("num_invalid_entries", 0))
        words = f"{invalid} of {len(request.keys)} entries invalid, not named" if invalid else ""
        return for_all(request, Verdict.ACCEPTED, UNCONFIRMED, message=words)

    def _keys(self, fields: Mapping[str, Any]) -> Keys:
        keys = match_keys(META_V26, fields, country=self.country).values
        return keys if _STRONG & keys.keys() or keys.keys() >= _WEAK else {}

    def _outdated(self, change: Change, now: Keys) -> Keys:
        """The row as the audience was given it earlier, where it differs now."""
        before = self._keys(change.previous) if change.previous else {}
        return before if before != now else {}

    def _why_none(self, change: Change) -> str:
        dropped = match_keys(META_V26, change.fields, country=self.country).dropped
        return ", ".join(f"{name}: {reason}" for name, reason in sorted(dropped.items())) or "no match key mapped"

    def _in_batches(self, method: str, members: Iterable[tuple[str, Keys]]) -> Iterator[HttpRequest]:
        known = [member for member in members if member[1]]
        for start in range(0, len(known), _MAX_ROWS):
            yield self._request(method, known[start : start + _MAX_ROWS])

    def _request(self, method: str, members: Sequence[tuple[str, Keys]]) -> HttpRequest:
        data = [[key, *(keys.get(name, "") for name in _SCHEMA)] for key, keys in members]
        body = {"payload": {"schema": ["EXTERN_ID", *_SCHEMA.values()], "data": data}}
        path = f"/{self.api_version}/{self.audience_id}/users"
        headers = {"Content-Type": "application/json"}
        return HttpRequest(method, path, json.dumps(body).encode(), tuple(key for key, _ in members), headers)


def _refusal(request: Request, error: Mapping[str, Any]) -> tuple[Outcome, ...]:
    code = int(error.get("code", 0))
    words = f"{code}/{error.get('error_subcode', '')}: {error.get('message', '')}"
    return for_all(request, Verdict.RETRY, _LATER.get(code, REQUEST_REFUSED), message=words)
