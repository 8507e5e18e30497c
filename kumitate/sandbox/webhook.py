"""A receiver of webhooks: checks the signature, keeps rows by key, and takes no request twice."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from typing import Any

from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.contract import violations
from kumitate.sandbox.store import Store

ROWS = "rows"
REQUESTS = "requests"
_MOST_BYTES = 1_100_000
_SIGNATURE = re.compile(r"t=(\d+),v1=([0-9a-f]{64})")
_TOLERANCE_SECONDS = 300


def answer(call: Call, store: Store) -> Answer:
    if not _is_signed(call):
        return Answer(401, {"error": "the signature is missing, wrong or old"})
    if call.method != "POST":
        return Answer(405, {"error": "POST only"})
    if len(call.body) > _MOST_BYTES:
        return Answer(413, {"error": "larger than this receiver takes"})
    try:
        body = call.json()
    except ValueError:
        return Answer(400, {"error": "not JSON"})
    if violations("webhook_rows", body):
        return Answer(422, {"error": "not of the documented shape"})
    key = call.headers.get("idempotency-key", "")
    if store.get(REQUESTS, key) is None:
        for row in body.get("rows", [body]):
            _apply(store, row)
        store.put(REQUESTS, key, {"rows": len(body.get("rows", [body]))})
    return _told(body)


def _is_signed(call: Call) -> bool:
    found = _SIGNATURE.fullmatch(call.headers.get("x-kumitate-signature", ""))
    if found is None or abs(time.time() - int(found[1])) > _TOLERANCE_SECONDS:
        return False
    wanted = hmac.new(TOKEN.encode(), f"{found[1]}.".encode() + call.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted, found[2])


def _apply(store: Store, row: Mapping[str, Any]) -> None:
    if row["operation"] in ("delete", "erase"):
        store.remove(ROWS, row["key"])
    elif row["fields"]:
        store.put(ROWS, row["key"], row["fields"])


def _told(body: Mapping[str, Any]) -> Answer:
    """A list's rows are told of one by one; a row without fields is refused."""
    if "rows" not in body:
        return Answer(200, b"ok", {"Content-Type": "text/plain"})
    return Answer(200, {"results": [_result(row) for row in body["rows"]]})


def _result(row: Mapping[str, Any]) -> dict[str, str]:
    if row["fields"] or row["operation"] in ("delete", "erase"):
        return {"key": row["key"], "status": "accepted"}
    return {"key": row["key"], "status": "rejected", "message": "no fields"}
