"""Meta's stand-in: custom audiences that take rows of hashes and answer with counts, sessions, and events."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.contract import violations
from kumitate.sandbox.store import Store

_ROUTE = re.compile(r"/v\d+\.0/(act_\d+|\d+)(?:/(\w+))?")
_MOST_SAMPLES = 100
_OLDEST_SECONDS = {"physical_store": 62 * 86_400}
_WEEK_SECONDS = 7 * 86_400
_OPEN = "open sessions"
_CLOSED = "closed sessions"
_NOT_AUDIENCES = frozenset({_OPEN, _CLOSED})


def answer(call: Call, store: Store) -> Answer:
    if call.bearer != TOKEN:
        return _refused(401, 190, "Invalid OAuth access token.")
    route = _ROUTE.fullmatch(call.path)
    if route is None:
        return _unsupported()
    id_, edge = route[1], route[2] or ""
    if call.method == "GET" and not edge:
        return _audience(store, id_)
    try:
        body = call.json()
    except ValueError:
        return _refused(400, 100, "Invalid parameter")
    if edge == "events" and call.method == "POST" and not id_.startswith("act_"):
        return _events(store, id_, body)
    return _members(call.method, edge, store, id_=id_, body=body)


def _members(method: str, edge: str, store: Store, *, id_: str, body: Any) -> Answer:
    known = {("POST", "users"), ("DELETE", "users"), ("POST", "usersreplace"), ("DELETE", "usersofanyaudience")}
    if (method, edge) not in known or id_.startswith("act_") is not (edge == "usersofanyaudience"):
        return _unsupported()
    if violations("meta_users", body):
        return _refused(400, 100, "Invalid parameter")
    schema, rows = body["payload"]["schema"], body["payload"]["data"]
    if any(len(row) != len(schema) for row in rows):
        return _refused(400, 100, "Invalid parameter: a row does not fit the schema")
    named = [_named(schema, row) for row in rows]
    if edge == "usersreplace":
        return _replace(store, id_, named, session=body.get("session"))
    audiences = [id_] if edge == "users" else [kind for kind in store.kinds() if kind not in _NOT_AUDIENCES]
    invalid = [row for row in named if not _matchable(row)]
    for audience in audiences:
        for row in named:
            _apply(store, audience, row, adds=method == "POST")
    return _counted(id_, len(rows), invalid=invalid)


def _replace(store: Store, audience: str, rows: Sequence[Mapping[str, str]], *, session: Any) -> Answer:
    """Batches in order; the last one swaps the members."""
    if not session:
        return _refused(400, 100, "Invalid parameter: session")
    id_, batch = str(session["session_id"]), session["batch_seq"]
    if store.get(_CLOSED, id_) is not None:
        return _refused(400, 2650, "The session is finished.", subcode=1870159)
    open_ = store.get(_OPEN, audience)
    if open_ is not None and open_["id"] != id_:
        return _refused(400, 2650, "A replacement is in progress.", subcode=1870145)
    held = open_ or {"id": id_, "batch": 0, "rows": []}
    if batch not in (held["batch"], held["batch"] + 1):
        first_missing = held["batch"] == 0
        return _refused(400, 2650, "A batch is missing.", subcode=1870147 if first_missing else 1870148)
    if batch == held["batch"] + 1:
        held = {"id": id_, "batch": batch, "rows": [*held["rows"], *rows]}
    store.put(_OPEN, audience, held)
    if session["last_batch_flag"]:
        _swap(store, audience, held["rows"])
        store.put(_CLOSED, id_, {"audience": audience})
        store.remove(_OPEN, audience)
    return _counted(audience, len(held["rows"]), invalid=[row for row in held["rows"] if not _matchable(row)])


def _swap(store: Store, audience: str, rows: Sequence[Mapping[str, str]]) -> None:
    for key in store.all(audience):
        store.remove(audience, key)
    for row in rows:
        _apply(store, audience, row, adds=True)


def _counted(audience: str, received: int, *, invalid: Sequence[Mapping[str, str]]) -> Answer:
    counts = {"num_received": received, "num_invalid_entries": len(invalid)}
    samples = {str(number): list(row.values()) for number, row in enumerate(invalid[:_MOST_SAMPLES])}
    return Answer(200, {"audience_id": audience, "session_id": "0", **counts, "invalid_entry_samples": samples})


def _audience(store: Store, audience: str) -> Answer:
    size = len(store.all(audience))
    normal = {"code": 200, "description": "Normal"}
    bounds = {"approximate_count_lower_bound": size, "approximate_count_upper_bound": size}
    return Answer(200, {"id": audience, "operation_status": normal, "delivery_status": normal, **bounds})


def _events(store: Store, dataset: str, body: Any) -> Answer:
    """All or nothing; a second event of the same name and id is dropped."""
    broken = violations("meta_events", body)
    if broken:
        return _refused(400, 100, "Invalid parameter", subcode=2804019)
    now = time.time()
    for event in body["data"]:
        oldest = now - _OLDEST_SECONDS.get(event["action_source"], _WEEK_SECONDS)
        if not oldest <= event["event_time"] <= now + 60:
            return _refused(400, 100, "Invalid parameter", subcode=2804003)
    for event in body["data"]:
        key = f"{event['event_name']}:{event['event_id']}"
        if store.get(dataset, key) is None:
            store.put(dataset, key, event)
    return Answer(200, {"events_received": len(body["data"]), "messages": [], "fbtrace_id": "sandbox"})


def _named(schema: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    return {name: value for name, value in zip(schema, row, strict=True) if value}


def _matchable(keys: Mapping[str, str]) -> dict[str, str]:
    """What there is to match by."""
    return {name: value for name, value in keys.items() if name != "EXTERN_ID"}


def _apply(store: Store, audience: str, keys: Mapping[str, str], *, adds: bool) -> None:
    matchable = _matchable(keys)
    if not matchable:
        return
    id_ = keys.get("EXTERN_ID") or "+".join(sorted(matchable.values()))
    if adds:
        store.put(audience, id_, matchable)
    else:
        store.remove(audience, id_)


def _unsupported() -> Answer:
    """As to an object of another kind, one that is not there, or that the token may not see."""
    return _refused(400, 100, "Unsupported request: no such object, or no permission for it.", subcode=33)


def _refused(status: int, code: int, message: str, *, subcode: int | None = None) -> Answer:
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "sandbox"}
    return Answer(status, {"error": error | ({} if subcode is None else {"error_subcode": subcode})})
