"""Google Data Manager's stand-in: strict about every field, fails the whole request for one bad member."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.contract import Violation, violations
from kumitate.sandbox.store import Store

_SCHEMAS = {
    "/v1/audienceMembers:ingest": "google_ingest",
    "/v1/audienceMembers:remove": "google_remove",
    "/v1/audienceMembers:removeAll": "google_remove_all",
    "/v1/events:ingest": "google_events",
}
_LIST = re.compile(r"/v1/accountTypes/\w+/accounts/\d+/userLists/(\d+)")
_CAPITAL = re.compile(r"([A-Z])")
_REASONS = {
    "emailAddress": "INVALID_SHA256_FORMAT",
    "phoneNumber": "INVALID_SHA256_FORMAT",
    "givenName": "INVALID_SHA256_FORMAT",
    "familyName": "INVALID_SHA256_FORMAT",
    "postalCode": "INVALID_POSTAL_CODE",
    "regionCode": "INVALID_REGION_CODE",
    "currency": "INVALID_CURRENCY_CODE",
    "eventTimestamp": "EVENT_TIME_INVALID",
}
_BEFORE_ALL = "0001-01-01T00:00:00Z"


def answer(call: Call, store: Store) -> Answer:
    if call.bearer != TOKEN:
        return _refused(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
    if call.method == "GET":
        return _told(call, store)
    if call.method != "POST" or call.path not in _SCHEMAS:
        return _refused(404, "NOT_FOUND", "Method not found.")
    try:
        body = call.json()
    except ValueError:
        return _refused(400, "INVALID_ARGUMENT", "Invalid JSON payload received.")
    broken = violations(_SCHEMAS[call.path], body)
    if broken:
        return _invalid(broken)
    request_id = f"request-{hashlib.sha256(call.body).hexdigest()[:12]}"
    if not body.get("validateOnly"):
        status = _applied(store, body, call.path.partition(":")[2] if "audience" in call.path else "events")
        if store.get("requests", request_id) is None:
            store.put("requests", request_id, status)
    return Answer(200, {"requestId": request_id})


def _told(call: Call, store: Store) -> Answer:
    """A list, which is there for whoever asks and notes the time; or a request's status."""
    known = _LIST.fullmatch(call.path)
    if known:
        store.put("looks", known[1], {"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"})
        return Answer(200, {"id": known[1], "displayName": known[1], "membershipStatus": "OPEN"})
    status = (
        store.get("requests", call.query.get("requestId", "")) if call.path == "/v1/requestStatus:retrieve" else None
    )
    if status is None:
        return _refused(404, "NOT_FOUND", "Requested entity was not found.")
    return Answer(200, {"requestStatusPerDestination": [status]})


def _applied(store: Store, body: Mapping[str, Any], what: str) -> Mapping[str, Any]:
    """The status that Google would come to, a list or conversion action at a time; the last one's."""
    status: Mapping[str, Any] = {}
    for destination in body["destinations"]:
        id_ = destination["productDestinationId"]
        if what == "events":
            status = _convert(store, id_, body["events"])
        elif what == "removeAll":
            status = _remove_before(store, id_, body.get("removeAsOfTime"))
        else:
            status = _move(store, id_, body["audienceMembers"], adds=what == "ingest")
    return status


def _move(store: Store, list_: str, members: list[Mapping[str, Any]], *, adds: bool) -> Mapping[str, Any]:
    look = (store.get("looks", list_) or {}).get("at")
    count = 0
    for key, record in _identifiers(members):
        count += 1
        if adds:
            store.put(list_, key, {**record, **({"since": look} if look else {})})
        else:
            store.remove(list_, key)
    counted = {"recordCount": str(len(members)), "userIdentifierCount": str(count)}
    if not adds:
        status: Mapping[str, Any] = {"audienceMembersRemovalStatus": {"userDataRemovalStatus": counted}}
    else:
        counted["uploadMatchRateRange"] = "MATCH_RATE_RANGE_91_TO_100"
        status = {"audienceMembersIngestionStatus": {"userDataIngestionStatus": counted}}
    return {"requestStatus": "SUCCESS", **status}


def _remove_before(store: Store, list_: str, moment: str | None) -> Mapping[str, Any]:
    """Members carry the moment of the last look before they were added; who asks for `moment` looked just then."""
    looked = str((store.get("looks", list_) or {}).get("at", moment))
    for key, record in store.all(list_).items():
        if moment is None or record.get("since", _BEFORE_ALL) < min(moment, looked):
            store.remove(list_, key)
    return {"requestStatus": "SUCCESS", "removeAllAudienceMembersStatus": {}}


def _convert(store: Store, action: str, events: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    twice = 0
    for event in events:
        if store.get(action, event["transactionId"]) is None:
            store.put(action, event["transactionId"], event)
        else:
            twice += 1
    status: dict[str, Any] = {"eventsIngestionStatus": {"recordCount": str(len(events))}}
    if not twice:
        return {"requestStatus": "SUCCESS", **status}
    reason = "PROCESSING_ERROR_REASON_DUPLICATE_TRANSACTION_ID"
    errors = {"errorCounts": [{"reason": reason, "recordCount": str(twice)}]}
    return {"requestStatus": "PARTIAL_SUCCESS", "errorInfo": errors, **status}


def _identifiers(members: list[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A list holds identifiers: the hash itself, or a hash over the parts of an address."""
    for member in members:
        for identifier in member["userData"]["userIdentifiers"]:
            ((kind, value),) = identifier.items()
            text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
            yield (text if kind != "address" else hashlib.sha256(text.encode()).hexdigest()), {"kind": kind}


def _refused(status: int, code: str, message: str, *, details: tuple[Mapping[str, Any], ...] = ()) -> Answer:
    return Answer(status, {"error": {"code": status, "message": message, "status": code, "details": list(details)}})


def _invalid(broken: list[Violation]) -> Answer:
    fields = [{"field": _field(violation), "description": _reason(violation)} for violation in broken]
    detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": fields}
    return _refused(400, "INVALID_ARGUMENT", "There was a problem with the request.", details=(detail,))


def _field(violation: Violation) -> str:
    """Google's way to write a path: `audience_members.audience_members[3].user_data`."""
    path = ""
    for step in violation.path:
        path += f"[{step}]" if isinstance(step, int) else "." + _CAPITAL.sub(r"_\1", step).lower()
    path = path.removeprefix(".")
    return f"audience_members.{path}" if path.startswith("audience_members") else path


def _reason(violation: Violation) -> str:
    last = next((step for step in reversed(violation.path) if isinstance(step, str)), "")
    return _REASONS.get(last, f"INVALID_VALUE ({violation.rule})")
