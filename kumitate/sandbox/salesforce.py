"""Salesforce's stand-in: sign-in, collections upserted by external id, composites, bulk jobs; its rules by field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.contract import violations
from kumitate.sandbox.salesforce_jobs import bulk
from kumitate.sandbox.store import Store

_UPSERT = re.compile(r"/services/data/v\d+\.0/composite/sobjects/(\w+)/(\w+)")
_COMPOSITE = re.compile(r"/services/data/v\d+\.0/composite")
_ROW = re.compile(r"/services/data/v\d+\.0/sobjects/(\w+)/(\w+)/([^/]+)")
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
_CUSTOM = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*__c")
_NAMES = {"FirstName": 40, "LastName": 80, "Salutation": 40}
_PLACE = {
    "City": 40,
    "Country": 80,
    "PostalCode": 20,
    "State": 80,
    "Street": 255,
}
_PERSON = {**_NAMES, "Description": 32_000, "Email": 80, "Fax": 40, "MobilePhone": 40, "Phone": 40, "Title": 128}
_FIELDS: Mapping[str, Mapping[str, int]] = {
    "Account": {
        "AccountNumber": 40,
        "Description": 32_000,
        "Industry": 255,
        "Name": 255,
        "Phone": 40,
        "Website": 255,
        **{f"Billing{name}": size for name, size in _PLACE.items()},
    },
    "Contact": {
        **_PERSON,
        "AccountId": 18,
        "Birthdate": 10,
        "Department": 80,
        "HomePhone": 40,
        "LeadSource": 255,
        **{f"Mailing{name}": size for name, size in _PLACE.items()},
    },
    "Lead": {**_PERSON, **_PLACE, "Company": 255, "LeadSource": 255, "Rating": 255, "Status": 255, "Website": 255},
    "Task": {
        "ActivityDate": 10,
        "Description": 32_000,
        "OwnerId": 18,
        "Priority": 255,
        "Status": 255,
        "Subject": 255,
        "WhatId": 18,
        "WhoId": 18,
    },
}
"""Standard fields and their lengths; objects and fields of the owner's making end in __c."""
_REQUIRED = {"Account": ("Name",), "Contact": ("LastName",), "Lead": ("LastName", "Company"), "Task": ()}
_PREFIX = {"Account": "001", "Contact": "003", "Lead": "00Q", "Task": "00T"}
_CUSTOM_LENGTH = 255
_OURS = "kumitate_external_id"


def answer(call: Call, store: Store) -> Answer:
    if call.path == "/services/oauth2/token":
        return _sign_in(call)
    if call.bearer != TOKEN:
        return _refused(401, "INVALID_SESSION_ID", "Session expired or invalid")
    if "/jobs/ingest" in call.path:
        return bulk(call, store, upsert=upserted)
    try:
        body = call.json()
    except ValueError:
        return _refused(400, "JSON_PARSER_ERROR", "the body is not JSON")
    upsert = _UPSERT.fullmatch(call.path)
    if upsert and call.method == "PATCH":
        return _upsert_all(store, body, sobject=upsert[1], external_id=upsert[2])
    if _COMPOSITE.fullmatch(call.path) and call.method == "POST":
        return _composite(store, body)
    return _refused(404, "NOT_FOUND", "The requested resource does not exist")


def _sign_in(call: Call) -> Answer:
    form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
    if form.get("grant_type") != "client_credentials":
        return Answer(400, {"error": "unsupported_grant_type"})
    if (form.get("client_id"), form.get("client_secret")) != (TOKEN, TOKEN):
        return Answer(401, {"error": "invalid_client", "error_description": "invalid client credentials"})
    return Answer(200, {"access_token": TOKEN, "token_type": "Bearer", "instance_url": "", "scope": "api"})


def _refused(status: int, code: str, message: str) -> Answer:
    return Answer(status, [{"errorCode": code, "message": message}])


def _upsert_all(store: Store, body: Any, *, sobject: str, external_id: str) -> Answer:
    broken = violations("salesforce_upsert", body)
    if broken:
        return _refused(400, "JSON_PARSER_ERROR", f"{broken[0].rule} at {list(broken[0].path)}")
    if sobject not in _FIELDS and not _CUSTOM.fullmatch(sobject):
        return _refused(404, "NOT_FOUND", "The requested resource does not exist")
    records = body["records"]
    if {record["attributes"]["type"] for record in records} != {sobject}:
        return _refused(400, "INVALID_TYPE", "records of one type are expected")
    keys = [record.get(external_id) for record in records]
    results = []
    for record, key in zip(records, keys, strict=True):
        if not isinstance(key, str) or not key:
            results.append(_failed("MISSING_ARGUMENT", f"{external_id} not specified", external_id))
        elif keys.count(key) > 1:
            results.append(_failed("DUPLICATE_VALUE", f"duplicate external id {external_id}", external_id))
        else:
            results.append(upserted(store, sobject, record, external_id=external_id))
    return Answer(200, results)


def upserted(store: Store, sobject: str, record: Mapping[str, Any], *, external_id: str) -> dict[str, Any]:
    """One record's result, for collections and jobs alike."""
    key = str(record[external_id])
    known = store.get(sobject, key)
    given = {name: value for name, value in record.items() if name != "attributes"}
    for code, message, name in _problems(store, sobject, given, is_new=known is None):
        return _failed(code, message, name)
    id_ = known["Id"] if known else f"{_PREFIX.get(sobject, 'a00')}{store.next_number():012d}AAA"
    plain = {name: value for name, value in given.items() if not isinstance(value, dict)}
    store.put(sobject, key, {**(known or {}), **plain, **_led_to(store, given), "Id": id_, _OURS: external_id})
    return {"id": id_, "success": True, "errors": [], "created": known is None}


def _led_to(store: Store, given: Mapping[str, Any]) -> dict[str, str]:
    """The ids that references lead to: `{"Who": {"attributes": {"type": "Contact"}, "Key__c": "p1"}}`."""
    led = {}
    for name, value in given.items():
        if isinstance(value, dict):
            found = store.get(value["attributes"]["type"], _referred(value))
            field = f"{name[:-1]}c" if name.endswith("__r") else f"{name}Id"
            led[field] = found["Id"] if found else ""
    return led


def _referred(reference: Mapping[str, Any]) -> str:
    return next(str(value) for name, value in reference.items() if name != "attributes")


def _problems(store: Store, sobject: str, given: Mapping[str, Any], *, is_new: bool) -> Iterator[tuple[str, str, str]]:
    lengths = _FIELDS.get(sobject, {"Name": 80})
    references = {name: value for name, value in given.items() if isinstance(value, dict)}
    for name, reference in references.items():
        if store.get(reference["attributes"]["type"], _referred(reference)) is None:
            words = f"Foreign key external ID: {_referred(reference)} not found for field {name}"
            yield "INVALID_FIELD", words, name
    plain = {name: value for name, value in given.items() if name not in references}
    yield from _problems_of_values(sobject, plain, lengths)
    for name in _REQUIRED.get(sobject, ()):
        if given.get(name) in (None, "") and (is_new or name in given):
            yield "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{name}]", name


def _problems_of_values(
    sobject: str, given: Mapping[str, Any], lengths: Mapping[str, int]
) -> Iterator[tuple[str, str, str]]:
    for name, value in given.items():
        if name not in lengths and not _CUSTOM.fullmatch(name):
            yield "INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject}", name
        elif isinstance(value, str) and len(value) > lengths.get(name, _CUSTOM_LENGTH):
            longest = lengths.get(name, _CUSTOM_LENGTH)
            yield "STRING_TOO_LONG", f"{name}: data value too large (max length={longest})", name
        elif name == "Email" and value is not None and not _EMAIL.fullmatch(str(value)):
            yield "INVALID_EMAIL_ADDRESS", f"Email: invalid email address: {value}", name


def _failed(code: str, message: str, field: str) -> dict[str, Any]:
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": [field]}]}


def _composite(store: Store, body: Any) -> Answer:
    broken = violations("salesforce_composite", body)
    if broken:
        return _refused(400, "JSON_PARSER_ERROR", f"{broken[0].rule} at {list(broken[0].path)}")
    return Answer(200, {"compositeResponse": [_part(store, part) for part in body["compositeRequest"]]})


def _part(store: Store, part: Mapping[str, Any]) -> dict[str, Any]:
    row = _ROW.fullmatch(part["url"].partition("?")[0])
    reference = {"httpHeaders": {}, "referenceId": part["referenceId"]}
    gone = [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
    key = unquote(row[3]) if row else ""
    if row is not None and not _CUSTOM.fullmatch(row[2]):
        words = f"Provided external ID field does not exist or is not accessible: {row[2]}"
        return {"body": [{"errorCode": "NOT_FOUND", "message": words}], "httpStatusCode": 404, **reference}
    if row is None or store.get(row[1], key) is None:
        return {"body": gone, "httpStatusCode": 404, **reference}
    if part["method"] == "DELETE":
        store.remove(row[1], key)
        return {"body": None, "httpStatusCode": 204, **reference}
    result = upserted(store, row[1], {**part["body"], row[2]: key}, external_id=row[2])
    errors = [{"errorCode": error["statusCode"], "message": error["message"]} for error in result["errors"]]
    return {"body": errors or result, "httpStatusCode": 400 if errors else 200, **reference}
