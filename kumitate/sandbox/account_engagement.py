"""Account Engagement's stand-in: imports created, filled, started, worked on at the next look; a file of errors."""

from __future__ import annotations

import csv
import email
import email.policy
import io
import re
from collections.abc import Mapping
from typing import Any

from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.contract import violations
from kumitate.sandbox.store import Store

_IMPORTS = re.compile(r"/api/v5/imports(?:/(\d+))?(?:/(batches|errors))?")
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
_UNIT = re.compile(r"0Uv[A-Za-z0-9]{12}([A-Za-z0-9]{3})?")
_MAX_BYTES = 10_000_000
_OURS = frozenset({"matchEmail", "addToList", "removeFromList"})


def answer(call: Call, store: Store) -> Answer:
    if call.bearer != TOKEN:
        return _refused(401, 184, "access_token is invalid, unknown, or malformed")
    if not _UNIT.fullmatch(call.headers.get("pardot-business-unit-id", "")):
        return _refused(400, 181, "Business Unit ID is missing or invalid")
    route = _IMPORTS.fullmatch(call.path)
    if route is None:
        return _refused(404, 1, "no such endpoint")
    if route[1] is None:
        return _create(call, store)
    found = store.get("imports", route[1])
    if found is None:
        return _refused(404, 109, "Requested record not found.")
    return _of_one(call, store, found, what=route[2])


def _of_one(call: Call, store: Store, found: dict[str, Any], *, what: str | None) -> Answer:
    match call.method, what:
        case "POST", "batches":
            return _add(call, store, found)
        case "PATCH", None:
            return _start(call, store, found)
        case "GET", None:
            return Answer(200, _shown(_worked(store, found)))
        case "GET", "errors":
            return Answer(200, found["errors"].encode(), {"Content-Type": "text/csv"})
    return _refused(405, 1, "no such call")


def _refused(status: int, code: int, message: str) -> Answer:
    return Answer(status, {"code": code, "message": message})


def _create(call: Call, store: Store) -> Answer:
    body = call.json()
    broken = violations("account_engagement_import", body)
    if broken or call.method != "POST":
        return _refused(400, 61, f"invalid input: {broken[0].rule if broken else call.method}")
    id_ = store.next_number()
    made = {**body, "id": id_, "status": "Open", "content": "", "errors": "", "created": 0, "updated": 0, "refused": 0}
    store.put("imports", str(id_), made)
    return Answer(201, _shown(made))


def _add(call: Call, store: Store, found: Mapping[str, Any]) -> Answer:
    if found["status"] != "Open" or found["content"]:
        return _refused(400, 113, "the import takes no other batch")
    head = f"Content-Type: {call.headers.get('content-type', '')}\r\n\r\n".encode()
    parts = list(email.message_from_bytes(head + call.body, policy=email.policy.HTTP).iter_parts())
    if len(parts) != 1 or len(call.body) > _MAX_BYTES:
        return _refused(400, 61, "one file of at most 10 MB is expected")
    content = parts[0].get_payload(decode=True)
    store.put("imports", str(found["id"]), {**found, "content": bytes(content).decode()})
    return Answer(201, {"message": "batch accepted"})


def _start(call: Call, store: Store, found: Mapping[str, Any]) -> Answer:
    if violations("account_engagement_start", call.json()) or found["status"] != "Open" or not found["content"]:
        return _refused(400, 113, "the import cannot be started")
    started = {**found, "status": "Waiting"}
    store.put("imports", str(found["id"]), started)
    return Answer(200, _shown(started))


def _worked(store: Store, found: dict[str, Any]) -> dict[str, Any]:
    if found["status"] == "Waiting":
        found = {**found, "status": "Processing"}
    elif found["status"] == "Processing":
        found = _ended(store, found)
    store.put("imports", str(found["id"]), found)
    return found


def _ended(store: Store, found: dict[str, Any]) -> dict[str, Any]:
    rows = list(csv.DictReader(io.StringIO(found["content"], newline="")))
    names = list(rows[0])
    text = io.StringIO()
    writer = csv.DictWriter(text, [*names, "error"], lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    for row in rows:
        known = store.get("prospects", row["matchEmail"].lower())
        wrong = _wrong(row, is_known=known is not None, creates=found["createOnNoMatch"])
        if wrong:
            writer.writerow({**row, "error": wrong})
            found["refused"] += 1
            continue
        # An empty cell clears its field.
        fields = {name: value for name, value in row.items() if name not in _OURS}
        lists = [name for name in (known or {}).get("lists", []) if name != row.get("removeFromList")]
        lists += [row["addToList"]] if row.get("addToList") else []
        store.put("prospects", row["matchEmail"].lower(), {**(known or {}), **fields, "lists": sorted(set(lists))})
        found["updated" if known else "created"] += 1
    return {**found, "status": "Complete", "errors": text.getvalue()}


def _wrong(row: Mapping[str, str], *, is_known: bool, creates: bool) -> str:
    if not _EMAIL.fullmatch(row["matchEmail"]):
        return "Invalid email address"
    return "" if is_known or creates else "No matching prospect"


def _shown(found: Mapping[str, Any]) -> dict[str, Any]:
    counts = {"createdCount": found["created"], "updatedCount": found["updated"], "errorCount": found["refused"]}
    return {"id": found["id"], "status": found["status"], "isExpired": False, **counts}
