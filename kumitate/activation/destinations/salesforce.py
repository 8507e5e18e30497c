"""Salesforce: records upserted by an external id in sObject Collections, deleted by the same id."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import Field

from kumitate.activation.destinations.answers import (
    BUSY,
    REQUEST_REFUSED,
    THROTTLED,
    UNAVAILABLE,
    UNREADABLE,
    for_all,
    json_of,
)
from kumitate.activation.destinations.base import Destination, Terms, batches, split
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

_LATER = {
    "UNABLE_TO_LOCK_ROW": BUSY,
    "SERVER_UNAVAILABLE": UNAVAILABLE,
    "REQUEST_LIMIT_EXCEEDED": THROTTLED,
}
_MAX_RECORDS = 200
_MAX_SUBREQUESTS = 25


class Salesforce(Destination):
    """Writes one object (`Contact`, `Task`, …); `external_id` is its field that holds the sync's key."""

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"upsert", "mirror", "append", "delete"}),
        sign_in_url="/services/oauth2/token",
        most_rows=_MAX_RECORDS,
    )

    sobject: str = Field(alias="object", pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    external_id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    api_version: str = Field("67.0", pattern=r"^\d{2,3}\.0$")

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        removals, records = split(changes)
        for group in batches(removals, _MAX_SUBREQUESTS):
            yield self._delete(group)
        for group in batches(records, _MAX_RECORDS):
            yield self._upsert(group)

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        answer = json_of(response)
        if response.status >= 400:
            return _refusal(request, answer)
        if isinstance(answer, dict):
            answer = [_as_result(part) for part in answer.get("compositeResponse", [])]
        if len(answer) != len(request.keys):
            return for_all(request, Verdict.RETRY, UNREADABLE, message="one result per record was expected")
        return tuple(_outcome(key, result) for key, result in zip(request.keys, answer, strict=True))

    @property
    def _data(self) -> str:
        return f"/services/data/v{self.api_version}"

    def _upsert(self, group: Sequence[Change]) -> HttpRequest:
        path = f"{self._data}/composite/sobjects/{self.sobject}/{self.external_id}"
        records = [self._record(change) for change in group]
        return _request("PATCH", path, {"allOrNone": False, "records": records}, group=group)

    def _record(self, change: Change) -> dict[str, Any]:
        fields = {name: ";".join(value) if isinstance(value, list) else value for name, value in change.fields.items()}
        return {"attributes": {"type": self.sobject}, **fields, self.external_id: change.key}

    def _delete(self, group: Sequence[Change]) -> HttpRequest:
        rows = f"{self._data}/sobjects/{self.sobject}/{self.external_id}"
        parts = [
            {"method": "DELETE", "url": f"{rows}/{quote(change.key, safe='')}", "referenceId": f"row{number}"}
            for number, change in enumerate(group)
        ]
        return _request("POST", f"{self._data}/composite", {"allOrNone": False, "compositeRequest": parts}, group=group)


def _request(method: str, path: str, body: Mapping[str, Any], *, group: Sequence[Change]) -> HttpRequest:
    return HttpRequest(
        method,
        path,
        json.dumps(body, ensure_ascii=False).encode(),
        tuple(change.key for change in group),
        {"Content-Type": "application/json"},
    )


def _refusal(request: Request, answer: Any) -> tuple[Outcome, ...]:
    errors = answer if isinstance(answer, list) and answer else [{}]
    code = str(errors[0].get("errorCode", ""))
    words = f"{code}: {errors[0].get('message', '')}"
    return for_all(request, Verdict.RETRY, _LATER.get(code, REQUEST_REFUSED), message=words)


def _as_result(part: Mapping[str, Any]) -> dict[str, Any]:
    """A composite subrequest's answer in the shape of a collection's result; what is gone already is deleted."""
    if part.get("httpStatusCode") in (200, 204, 404):
        return {"success": True}
    errors = part.get("body") or [{}]
    return {
        "success": False,
        "errors": [{"statusCode": errors[0].get("errorCode"), "message": errors[0].get("message")}],
    }


def _outcome(key: str, result: Mapping[str, Any]) -> Outcome:
    if result.get("success"):
        return Outcome(key, Verdict.ACCEPTED)
    error = (result.get("errors") or [{}])[0]
    code = str(error.get("statusCode", "UNKNOWN"))
    message = f"{code}: {error.get('message', '')}"
    if code in _LATER:
        return Outcome(key, Verdict.RETRY, _LATER[code], message)
    return Outcome(key, Verdict.REJECTED, f"vendor.{code.lower()}", message)
