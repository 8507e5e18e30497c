"""Braze's stand-in: users by external id, attributes set and unset, errors by an object's place with 201."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.contract import violations
from kumitate.sandbox.store import Store

_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)


def answer(call: Call, store: Store) -> Answer:
    if call.bearer != TOKEN:
        return Answer(401, {"message": "Invalid API Key"})
    schema = {"/users/track": "braze_track", "/users/delete": "braze_delete"}.get(call.path)
    if schema is None or call.method != "POST":
        return Answer(404, {"message": "not found"})
    try:
        body = call.json()
    except ValueError:
        return Answer(400, {"message": "Provided data is not valid JSON"})
    broken = violations(schema, body)
    if broken:
        return Answer(400, {"message": f"{broken[0].rule} at {list(broken[0].path)}", "errors": []})
    return _track(store, body) if call.path == "/users/track" else _delete(store, body)


def _track(store: Store, body: Mapping[str, Any]) -> Answer:
    errors = []
    for place, attributes in enumerate(body["attributes"]):
        wrong = _wrong(attributes)
        if wrong:
            errors.append({"type": wrong, "input_array": "attributes", "index": place})
        else:
            _set(store, attributes)
    processed = len(body["attributes"]) - len(errors)
    said = {"message": "success", "attributes_processed": processed}
    return Answer(201, {**said, "errors": errors} if errors else said)


def _set(store: Store, attributes: Mapping[str, Any]) -> None:
    key = attributes["external_id"]
    known = store.get("users", key)
    if known is None and attributes.get("_update_existing_only"):
        return
    now = {**(known or {}), **attributes}
    now.pop("_update_existing_only", None)
    store.put("users", key, {name: value for name, value in now.items() if value is not None})


def _delete(store: Store, body: Mapping[str, Any]) -> Answer:
    gone = [key for key in body["external_ids"] if store.remove("users", key)]
    return Answer(201, {"message": "success", "deleted": len(gone)})


def _wrong(attributes: Mapping[str, Any]) -> str:
    email = attributes.get("email")
    if email is not None and not _EMAIL.fullmatch(str(email)):
        return "'email' is not a valid address"
    reserved = [name for name in attributes if name.startswith("braze_")]
    return f"'{reserved[0]}' is reserved" if reserved else ""
