"""Google Data Manager's stand-in: strict about every field, fails the whole request for one bad member."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.contract import Violation, violations
from kumitate.sandbox.store import Store

_SCHEMAS = {"/v1/audienceMembers:ingest": "google_ingest", "/v1/audienceMembers:remove": "google_remove"}
_CAPITAL = re.compile(r"([A-Z])")
_REASONS = {
    "emailAddress": "INVALID_SHA256_FORMAT",
    "phoneNumber": "INVALID_SHA256_FORMAT",
    "givenName": "INVALID_SHA256_FORMAT",
    "familyName": "INVALID_SHA256_FORMAT",
    "postalCode": "INVALID_POSTAL_CODE",
    "regionCode": "INVALID_REGION_CODE",
}


def answer(call: Call, store: Store) -> Answer:
    if call.bearer != TOKEN:
        return _refused(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
    if call.method != "POST" or call.path not in _SCHEMAS:
        return _refused(404, "NOT_FOUND", "Method not found.")
    try:
        body = call.json()
    except ValueError:
        return _refused(400, "INVALID_ARGUMENT", "Invalid JSON payload received.")
    broken = violations(_SCHEMAS[call.path], body)
    if broken:
        return _invalid(broken)
    if not body.get("validateOnly"):
        _apply(store, body, adds=call.path.endswith(":ingest"))
    return Answer(200, {"requestId": f"request-{hashlib.sha256(call.body).hexdigest()[:12]}"})


def _apply(store: Store, body: Mapping[str, Any], *, adds: bool) -> None:
    for destination in body["destinations"]:
        for key, record in _identifiers(body["audienceMembers"]):
            if adds:
                store.put(destination["productDestinationId"], key, record)
            else:
                store.remove(destination["productDestinationId"], key)


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
