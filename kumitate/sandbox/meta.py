"""Meta's stand-in: custom audiences that take rows of hashes and answer with counts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.contract import violations
from kumitate.sandbox.store import Store

_USERS = re.compile(r"/v\d+\.0/(\d+)/users")
_MOST_SAMPLES = 100


def answer(call: Call, store: Store) -> Answer:
    if call.bearer != TOKEN:
        return _refused(401, 190, "Invalid OAuth access token.")
    audience = _USERS.fullmatch(call.path)
    if audience is None or call.method not in ("POST", "DELETE"):
        return _refused(400, 100, "Unsupported request.")
    try:
        body = call.json()
    except ValueError:
        return _refused(400, 100, "Invalid parameter")
    if violations("meta_users", body):
        return _refused(400, 100, "Invalid parameter")
    schema, rows = body["payload"]["schema"], body["payload"]["data"]
    if any(len(row) != len(schema) for row in rows):
        return _refused(400, 100, "Invalid parameter: a row does not fit the schema")
    invalid = [row for row in rows if not _apply(store, audience[1], _named(schema, row), adds=call.method == "POST")]
    counts = {"num_received": len(rows), "num_invalid_entries": len(invalid)}
    samples = {str(number): row for number, row in enumerate(invalid[:_MOST_SAMPLES])}
    return Answer(200, {"audience_id": audience[1], "session_id": "0", **counts, "invalid_entry_samples": samples})


def _named(schema: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    return {name: value for name, value in zip(schema, row, strict=True) if value}


def _apply(store: Store, audience: str, keys: Mapping[str, str], *, adds: bool) -> bool:
    """Whether there is anything to match by."""
    matchable = {name: value for name, value in keys.items() if name != "EXTERN_ID"}
    if not matchable:
        return False
    id_ = keys.get("EXTERN_ID") or "+".join(sorted(matchable.values()))
    if adds:
        store.put(audience, id_, matchable)
    else:
        store.remove(audience, id_)
    return True


def _refused(status: int, code: int, message: str) -> Answer:
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "sandbox"}
    return Answer(status, {"error": error})
