"""X Ads: members of a custom audience, by hashed match keys, an operation a row; a request succeeds or fails whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from kumitate.activation.destinations.answers import (
    BATCH_REFUSED,
    BUSY,
    REQUEST_REFUSED,
    UNCONFIRMED,
    for_all,
    json_of,
)
from kumitate.activation.destinations.auth import OAuth1
from kumitate.activation.destinations.base import Destination, Terms, packed
from kumitate.activation.destinations.members import (
    CONTACTS,
    REFUSED,
    erased,
    movements,
    no_longer,
    spoiled,
    why_unusable,
)
from kumitate.activation.matchkeys import X_V12, match_keys
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

_MAX_OPERATIONS = 2_500
_MAX_BYTES = 5_000_000
_KEYS = {
    "email": "email",
    "phone": "phone_number",
    "device_id": "device_id",
    "handle": "handle",
    "twitter_id": "twitter_id",
    "partner_user_id": "partner_user_id",
}
_HEADERS = {"Content-Type": "application/json"}
_STEPS = {
    401: "make new access tokens for the app and put them into the secret",
    403: "give the app Ads API access, and its user the ads account",
    404: "check `account_id` and `audience_id`",
}

Known = tuple[tuple[str, str], ...]
"""(X's name of the key, its value)."""


class X(Destination):
    """Adds to and removes from the custom audience `audience_id` of the ads account `account_id`."""

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"upsert", "add", "mirror", "append", "delete"}),
        base_url="https://ads-api.x.com",
        auth=OAuth1(),
        seconds_between_requests=0.05,
        most_rows=_MAX_OPERATIONS,
        least_rows=100,
        accepts=X_V12.fields,
        identifiers=tuple((name,) for name in _KEYS),
    )
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = CONTACTS

    account_id: str = Field(pattern=r"^[0-9a-z]+$")
    audience_id: str = Field(pattern=r"^[0-9a-z]+$")
    api_version: str = Field("12", pattern=r"^\d+$")
    country: str = Field("JP", pattern=r"^[A-Z]{2}$")
    """Country of phone numbers where a row has none of its own."""

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        moves = movements(changes, known_by=self._known, outdated=no_longer, why=self._why)
        yield from moves.unusable
        for type_, rows in (("Delete", moves.leaving), ("Update", moves.present)):
            yield from self._packed(changes, {key: _operation(type_, known) for key, known in rows})

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        answer = json_of(response)
        if response.status >= 400:
            return self._refusal(request, response.status, answer)
        counted = answer.get("data", {})
        if counted.get("success_count") == counted.get("total_count") == len(request.keys):
            return for_all(request, Verdict.ACCEPTED, UNCONFIRMED)
        words = f"{counted.get('success_count')} of {len(request.keys)} operations taken; X wants them sent again"
        return for_all(request, Verdict.RETRY, BUSY, message=words)

    def erasures(self, changes: Sequence[Change]) -> Sequence[Request | Outcome]:
        """Out of this audience; X has no call that takes a person out of every audience of an account."""
        return erased(changes, self.requests)

    def _refusal(self, request: Request, status: int, answer: Mapping[str, Any]) -> tuple[Outcome, ...]:
        """Operations that X names are refused, the others go again without them."""
        bad = {number: words for number, words in _bad_operations(answer) if number < len(request.keys)}
        if bad:
            return tuple(
                Outcome(key, Verdict.REJECTED, REFUSED, bad[number])
                if number in bad
                else Outcome(key, Verdict.RETRY, BATCH_REFUSED)
                for number, key in enumerate(request.keys)
            )
        words = "; ".join(f"{error.get('code', '')}: {error.get('message', '')}" for error in answer.get("errors", []))
        if status in (400, 413):
            return spoiled(request, words)
        words += f" ({_STEPS[status]})" if status in _STEPS else ""
        return for_all(request, Verdict.RETRY, REQUEST_REFUSED, message=words)

    def _packed(self, changes: Sequence[Change], operations: Mapping[str, bytes]) -> Iterator[HttpRequest]:
        """Requests within X's number of operations and its bytes, the brackets and commas counted."""
        sent = [change for change in changes if change.key in operations]
        path = f"/{self.api_version}/accounts/{self.account_id}/custom_audiences/{self.audience_id}/users"
        size = {key: len(operation) + 1 for key, operation in operations.items()}
        for run in packed(sent, most=_MAX_OPERATIONS, most_bytes=_MAX_BYTES - 2, size=lambda change: size[change.key]):
            keys = tuple(change.key for change in run)
            body = b"[" + b",".join(operations[key] for key in keys) + b"]"
            yield HttpRequest("POST", path, body, keys, _HEADERS)

    def _known(self, fields: Mapping[str, Any]) -> Known:
        keys = match_keys(X_V12, fields, country=self.country).values
        return tuple((theirs, keys[ours]) for ours, theirs in _KEYS.items() if ours in keys)

    def _why(self, fields: Mapping[str, Any]) -> str:
        return why_unusable(X_V12, fields, self.country)


def _operation(type_: str, known: Known) -> bytes:
    user = {name: [value] for name, value in known}
    return json.dumps({"operation_type": type_, "params": {"users": [user]}}, separators=(",", ":")).encode()


def _bad_operations(answer: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """(place, words): `operation_errors` has a place per operation, empty where it has nothing to say."""
    for number, errors in enumerate(answer.get("operation_errors", [])):
        listed = errors if isinstance(errors, list) else [errors] if errors else []
        if listed:
            yield number, "; ".join(f"{error.get('code', '')}: {error.get('message', '')}" for error in listed)
