"""Criteo's stand-in: contact lists that take identifiers a kind at a time and answer with counts and samples."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs

from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.contract import violations
from kumitate.sandbox.store import Store

_LIST = re.compile(r"/\d{4}-\d{2}/marketing-solutions/audience-segments/(\d+)/contact-list(/statistics)?")
_MOST_SAMPLES = 100
_UNUSABLE = re.compile(r"0{8}-0{4}-0{4}-0{4}-0{12}|([0-9a-f])\1{63}")
"""A device that limits tracking, or a hash of one sign: what Criteo counts as invalid."""


def answer(call: Call, store: Store) -> Answer:
    if call.path == "/oauth2/token":
        return _sign_in(call)
    if call.bearer != TOKEN:
        return _refused(401, "authorization-token-invalid", "The authorization token is invalid or has expired.")
    known = _LIST.fullmatch(call.path)
    if known is None:
        return _refused(404, "route-not-found", "There is no such route.")
    if known[2] and call.method == "GET":
        return _statistics(store, known[1])
    if known[2] or call.method != "PATCH":
        return _refused(404, "route-not-found", "There is no such route.")
    try:
        body = call.json()
    except ValueError:
        return _refused(400, "model-validation-error", "The body is not JSON.")
    if violations("criteo_contact_list", body):
        return _refused(400, "model-validation-error", "The amendment is not valid.")
    return _amended(store, known[1], body["data"]["attributes"])


def _sign_in(call: Call) -> Answer:
    form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
    if (form.get("client_id"), form.get("client_secret")) != (TOKEN, TOKEN):
        return Answer(401, {"error": "invalid_client"})
    if form.get("grant_type") != "client_credentials":
        return Answer(400, {"error": "unsupported_grant_type"})
    return Answer(200, {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 900})


def _amended(store: Store, list_: str, wanted: dict[str, Any]) -> Answer:
    invalid = [identifier for identifier in wanted["identifiers"] if _UNUSABLE.fullmatch(identifier)]
    for identifier in wanted["identifiers"]:
        if identifier in invalid:
            continue
        if wanted["operation"] == "add":
            store.put(list_, identifier, {"kind": wanted["identifierType"]})
        else:
            store.remove(list_, identifier)
    told = {
        "contactListId": int(list_),
        "operation": wanted["operation"],
        "identifierType": wanted["identifierType"],
        "nbValidIdentifiers": len(wanted["identifiers"]) - len(invalid),
        "nbInvalidIdentifiers": len(invalid),
        "sampleInvalidIdentifiers": invalid[:_MOST_SAMPLES],
    }
    return Answer(200, {"data": {"type": "ContactlistAmendment", "attributes": told}, "errors": [], "warnings": []})


def _statistics(store: Store, list_: str) -> Answer:
    count = len(store.all(list_))
    told = {"numberOfIdentifiers": count, "numberOfMatches": count, "matchRate": 1.0 if count else 0.0}
    return Answer(200, {"data": {"id": list_, "type": "ContactListStatistics", "attributes": told}, "errors": []})


def _refused(status: int, code: str, detail: str) -> Answer:
    error = {"traceId": "sandbox", "type": "validation", "code": code, "title": detail, "detail": detail}
    return Answer(status, {"errors": [error], "warnings": []})
