"""HubSpot's calls: the addresses of its dated API, values as text, and the reading of batch answers.

https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/batch/post-crm-v3-objects-contacts-batch-upsert
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from kumitate.activation.destinations.answers import (
    AUTH_REFUSED,
    BATCH_SPOILED,
    BUSY,
    REQUEST_REFUSED,
    for_all,
)
from kumitate.activation.destinations.one_value import one_text
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

MOST_INPUTS = 100
BASE_URL = "https://api.hubapi.com"
SIGN_IN_URL = f"{BASE_URL}/oauth/v1/token"
SECONDS_BETWEEN_REQUESTS = 0.1
"""100 calls in 10 seconds, the least of HubSpot's plans."""
DAILY_REQUESTS = 250_000
MODES = frozenset({"upsert", "mirror", "append", "delete"})
_OF_A_STATUS = {403: AUTH_REFUSED, 404: REQUEST_REFUSED, 413: BATCH_SPOILED, 423: BUSY}
_PASSING = frozenset({"INTERNAL_ERROR", "RATE_LIMIT", "RATE_LIMITS", "SERVICE_UNAVAILABLE", "TIMEOUT"})
"""Categories of an error of single rows that another try may mend."""
_ABSENT = "OBJECT_NOT_FOUND"
_TAKEN = "already"
"""A conflict with what is there says so: `Contact already exists`, `… already has that value`."""
_SAME_FOR_ALL = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE", "INVALID_OBJECT_TYPE", "ID_PROPERTY_NOT_UNIQUE"})
"""Codes of a refusal that lies with the mapping, not with a row."""


def _unique(name: str) -> str:
    if name in ("email", "hs_object_id"):
        raise ValueError(
            f"{name} will not do: HubSpot takes no partial upserts by it; "
            "make a contact property of your own with unique values (see docs/destinations/hubspot.md)"
        )
    return name


IdProperty = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$"), AfterValidator(_unique)]
"""A property of the owner's making whose values are unique."""
ApiVersion = Annotated[str, Field(pattern=r"^(v3|20\d\d-\d\d)$")]


def objects(version: str, kind: str) -> str:
    """`/crm/objects/2026-03/contacts`, or `/crm/v3/objects/contacts`."""
    return f"/crm/v3/objects/{kind}" if version == "v3" else f"/crm/objects/{version}/{kind}"


def lists(version: str) -> str:
    return "/crm/v3/lists" if version == "v3" else f"/crm/lists/{version}"


def call(method: str, path: str, body: Mapping[str, Any], *, keys: Sequence[str]) -> HttpRequest:
    content = json.dumps(body, ensure_ascii=False).encode()
    return HttpRequest(method, path, content, tuple(keys), {"Content-Type": "application/json"})


def upserted(path: str, group: Sequence[Change], *, id_property: str) -> HttpRequest:
    """At most 100 rows; each is traced by its key."""
    return _written(f"{path}/batch/upsert", group, id_property=id_property)


def updated(path: str, group: Sequence[Change], *, id_property: str) -> HttpRequest:
    """As `upserted`, and no record is created."""
    return _written(f"{path}/batch/update", group, id_property=id_property)


def _written(path: str, group: Sequence[Change], *, id_property: str) -> HttpRequest:
    inputs = [
        {
            "id": change.key,
            "idProperty": id_property,
            "properties": {**properties(change.fields), id_property: change.key},
            "objectWriteTraceId": change.key,
        }
        for change in group
    ]
    return call("POST", path, {"inputs": inputs}, keys=[change.key for change in group])


def read_by(path: str, values: Sequence[str], *, id_property: str, keys: Sequence[str]) -> HttpRequest:
    """Records by a unique property; those that are not there are missing from the answer."""
    body = {
        "idProperty": id_property,
        "inputs": [{"id": value} for value in values],
        "properties": [id_property],
        "propertiesWithHistory": [],
    }
    return call("POST", f"{path}/batch/read", body, keys=keys)


def ids_of(answer: Mapping[str, Any], id_property: str) -> dict[str, str]:
    """HubSpot's record ids by the value of the unique property, or by the trace; LookupError where an answer lacks
    its results: who is not named in it is not gone.
    """
    found = {}
    for record in answer["results"]:
        value = (record.get("properties") or {}).get(id_property) or record.get("objectWriteTraceId")
        found[str(value)] = str(record["id"])
    return found


def properties(fields: Mapping[str, Any]) -> dict[str, str]:
    """Text alone is taken; an empty one clears a property."""
    return {name: one_text(value) for name, value in fields.items()}


def refusal(request: Request, response: Response, answer: Mapping[str, Any]) -> tuple[Outcome, ...]:
    """A request refused as a whole: by its status, else one of its rows is to blame."""
    category = str(answer.get("category", ""))
    words = f"{category or response.status}: {answer.get('message', '')}"
    codes = {str(error.get("code", "")) for error in answer.get("errors") or []}
    if response.status in _OF_A_STATUS:
        return for_all(request, Verdict.RETRY, _OF_A_STATUS[response.status], message=words)
    if codes & _SAME_FOR_ALL:
        return for_all(request, Verdict.RETRY, REQUEST_REFUSED, message=words)
    if len(request.keys) > 1:
        return for_all(request, Verdict.RETRY, BATCH_SPOILED, message=words)
    if response.status == 409 and _TAKEN not in words:  # two calls at once for one record
        return for_all(request, Verdict.RETRY, BUSY, message=words)
    return for_all(request, Verdict.REJECTED, _reason(category), message=words)


def is_absent(response: Response, answer: Mapping[str, Any]) -> bool:
    """Whether a 404 says that the record is not there, and not that the address or its version is wrong."""
    return response.status == 404 and answer.get("category") == _ABSENT


def untold(keys: Sequence[str], answer: Mapping[str, Any], ids: Mapping[str, str]) -> list[Outcome]:
    """Rows of which a lookup's answer says neither that they are there nor that they are not."""
    errors = answer.get("errors") or []
    others = [error for error in errors if error.get("category") != _ABSENT]
    if not others and (errors or not answer.get("numErrors")):
        return []
    named = {key for error in others for key in _named(error)}
    words = f"{others[0].get('category', '')}: {others[0].get('message', '')}" if others else "an error without a word"
    reason = BUSY if named else BATCH_SPOILED
    return [Outcome(k, Verdict.RETRY, reason, words) for k in keys if k not in ids and (k in named or not named)]


def batch_outcomes(request: Request, answer: Mapping[str, Any], *, done: Mapping[str, str]) -> tuple[Outcome, ...]:
    """One per row: those `done`, those an error names; `numErrors` counts on any 2xx, not on 207 alone."""
    errors = answer.get("errors") or []
    if not errors and not answer.get("numErrors"):
        return for_all(request, Verdict.ACCEPTED)
    named = {key: error for error in errors for key in _named(error)}
    return tuple(_row_outcome(key, named.get(key), is_done=key in done) for key in request.keys)


def _row_outcome(key: str, error: Mapping[str, Any] | None, *, is_done: bool) -> Outcome:
    if error is not None:
        category = str(error.get("category", ""))
        words = f"{category}: {error.get('message', '')}"
        if category in _PASSING:
            return Outcome(key, Verdict.RETRY, BUSY, words)
        return Outcome(key, Verdict.REJECTED, _reason(category), words)
    if is_done:
        return Outcome(key, Verdict.ACCEPTED)
    return Outcome(key, Verdict.RETRY, BATCH_SPOILED, "HubSpot counts an error and names no row")


def _named(error: Mapping[str, Any]) -> list[str]:
    context = error.get("context") or {}
    return [str(key) for name in ("objectWriteTraceId", "ids", "id") for key in context.get(name) or []]


def _reason(category: str) -> str:
    return f"vendor.{category.lower() or 'refused'}"
