"""Webhooks: rows as JSON to an address of the owner's, signed, and told apart when they come twice."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from kumitate.activation.destinations.answers import (
    AUTH_REFUSED,
    BATCH_SPOILED,
    BUSY,
    REQUEST_REFUSED,
    UNREADABLE,
    for_all,
    json_of,
)
from kumitate.activation.destinations.auth import Signature
from kumitate.activation.destinations.base import Destination, Terms, packed
from kumitate.errors import RecordError
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

MOST_ROWS = 1_000
MOST_BYTES = 1_000_000
_NAMES = uuid.UUID("6f4f7a7e-2b0b-5d6e-9f55-2a1d6f2f3c01")
_VERDICTS = {"accepted": Verdict.ACCEPTED, "rejected": Verdict.REJECTED, "retry": Verdict.RETRY}
_ROW_STATUSES = frozenset({400, 413, 422})

Rows = list[dict[str, Any]]


class Webhook(Destination):
    """POSTs `{"sync", "operation", "key", "fields"}`, or `{"sync", "rows": […]}` where a request carries several.

    The header `X-Kumitate-Signature` is `t=<unix seconds>,v1=<HMAC-SHA256 of "<t>.<body>" under the secret>`. The
    header `Idempotency-Key` is the same when the same change comes again, and another when the same values change
    again: a receiver that remembers it takes nothing twice and misses nothing. An answer may tell of each row:
    `{"results": [{"key", "status", "message"}]}` with the status `accepted`, `rejected` or `retry`; any other 2xx
    takes them all.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"insert", "update", "upsert", "mirror", "append", "delete"}),
        auth=Signature(),
        most_rows=MOST_ROWS,
    )

    path: str = Field(pattern=r"^/[!-~]*$")
    """Below the account's `url`, `/hooks/kumitate`."""
    rows_per_request: int = Field(1, ge=1, le=MOST_ROWS)
    """One row a request is an object of its own; more are a list of at most a megabyte."""
    sync: str

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        return self._requests(changes, {change.key: change.operation.value for change in changes})

    def erasures(self, changes: Sequence[Change]) -> Sequence[Request | Outcome]:
        """Rows with the operation `erase` and no fields: the receiver forgets the key for good."""
        return list(self._requests(changes, {change.key: "erase" for change in changes}))

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        results = _results(response)
        if results is not None:
            unsure = Verdict.RETRY if self.terms.idempotent else Verdict.UNKNOWN
            return tuple(_outcome(key, results.get(key), unsure=unsure) for key in request.keys)
        if response.status < 300:
            return self._taken(request, response)
        words = _words(response)
        if response.status == 409:
            return for_all(request, Verdict.ACCEPTED, "accepted.before", message=words)
        if response.status not in _ROW_STATUSES:
            reason = AUTH_REFUSED if response.status == 403 else REQUEST_REFUSED
            return for_all(request, Verdict.RETRY, reason, message=words)
        if len(request.keys) > 1:
            return for_all(request, Verdict.RETRY, BATCH_SPOILED, message=words)
        return for_all(request, Verdict.REJECTED, f"vendor.http_{response.status}", message=words)

    def _taken(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        trouble = _unreadable(response)
        if not trouble:
            return for_all(request, Verdict.ACCEPTED)
        verdict = Verdict.RETRY if self.terms.idempotent else Verdict.UNKNOWN
        return for_all(request, verdict, UNREADABLE, message=trouble)

    def _requests(self, changes: Sequence[Change], operations: Mapping[str, str]) -> Iterator[HttpRequest]:
        rows = {change.key: _row(change, operations[change.key]) for change in changes}
        groups = packed(
            changes, most=self.rows_per_request, most_bytes=MOST_BYTES, size=lambda change: len(_json(rows[change.key]))
        )
        for group in groups:
            yield self._request(group, [rows[change.key] for change in group])

    def _request(self, group: Sequence[Change], rows: Rows) -> HttpRequest:
        shown = rows[0] if self.rows_per_request == 1 else {"rows": rows}
        content = _json({"sync": self.sync, **shown})
        before = _json([[change.key, dict(change.previous), change.since] for change in group])
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Accept": "*/*",
            "Idempotency-Key": str(uuid.uuid5(_NAMES, (content + b"\n" + before).hex())),
        }
        return HttpRequest("POST", self.path, content, tuple(change.key for change in group), headers)


class WebhookOnce(Webhook):
    """The same requests for what must not happen twice, where the receiver does not remember `Idempotency-Key`.

    A row whose answer never came is held as `delivery.unknown` instead of being sent again.
    """

    terms: ClassVar[Terms] = Terms(modes=frozenset({"append"}), auth=Signature(), idempotent=False, most_rows=MOST_ROWS)


def _row(change: Change, operation: str) -> dict[str, Any]:
    fields = {} if operation == "erase" else dict(change.fields)
    return {"operation": operation, "key": change.key, "fields": fields}


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str).encode()


def _unreadable(response: Response) -> str:
    """Why a 2xx is no answer of the receiver's; empty where it is one, be it `ok` or nothing at all."""
    if b"<html" in response.body[:500].lower():
        return "a page came instead of an answer"
    if not response.body.lstrip().startswith((b"{", b"[")):
        return ""
    try:
        json_of(response)
    except RecordError:
        return "the answer is broken JSON, which may have told of rows"
    return ""


def _words(response: Response) -> str:
    """The status, and what the receiver says of it: `{"message": …}`, `{"error": …}`, or a line of text."""
    try:
        answer = json_of(response)
    except RecordError:
        answer = response.body.decode("utf-8", "replace")
    if isinstance(answer, dict):
        answer = answer.get("message") or answer.get("error") or answer.get("detail")
    said = answer.strip() if isinstance(answer, str) else ""
    return f"HTTP {response.status}" if not said or said.startswith("<") else f"HTTP {response.status}: {said}"


def _results(response: Response) -> Mapping[str, Mapping[str, Any]] | None:
    """What the answer says of each row, by key; None where it says nothing of rows."""
    try:
        answer = json_of(response)
    except RecordError:
        return None
    found = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(found, list):
        return None
    return {str(result.get("key")): result for result in found if isinstance(result, dict)}


def _outcome(key: str, result: Mapping[str, Any] | None, *, unsure: Verdict) -> Outcome:
    verdict = _VERDICTS.get(str((result or {}).get("status")))
    if result is None or verdict is None:
        return Outcome(key, unsure, UNREADABLE, "the answer's results do not tell of this row")
    reasons = {Verdict.ACCEPTED: "", Verdict.REJECTED: "vendor.refused", Verdict.RETRY: BUSY}
    return Outcome(key, verdict, reasons[verdict], str(result.get("message") or ""))
