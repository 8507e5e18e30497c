"""Marketo's stand-in: leads by a lookup field, static lists; refusals with HTTP 200 and a code in the body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.contract import violations
from kumitate.sandbox.store import Store

_MEMBERS = re.compile(r"/rest/v1/lists/(\d+)/leads\.json")
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
_READ_ONLY = frozenset({"id", "createdAt", "updatedAt", "leadScoreCalculated"})
_MAX_BYTES = 1_000_000


def answer(call: Call, store: Store) -> Answer:
    if call.path == "/identity/oauth/token":
        return _sign_in(call)
    if call.bearer != TOKEN:
        return _refused("601", "Access token invalid")
    if len(call.body) > _MAX_BYTES:
        return Answer(413, b"Request Entity Too Large")
    if call.path == "/rest/v1/leads.json" and call.query.get("_method") == "GET":
        return _lookup(store, {name: values[0] for name, values in parse_qs(call.body.decode()).items()})
    try:
        body = call.json()
    except ValueError:
        return _refused("609", "Invalid JSON")
    return _routed(call, store, body)


def _routed(call: Call, store: Store, body: Any) -> Answer:
    members = _MEMBERS.fullmatch(call.path)
    if members and call.method in ("POST", "DELETE"):
        return _by_id(body, lambda id_: _member(store, members[1], id_, is_removal=call.method == "DELETE"))
    if call.method == "POST" and call.path == "/rest/v1/leads/delete.json":
        return _by_id(body, lambda id_: _deleted(store, id_))
    if call.method == "POST" and call.path == "/rest/v1/leads.json":
        broken = violations("marketo_leads", body)
        return _refused("609", f"{broken[0].rule} at {list(broken[0].path)}") if broken else _sync(store, body)
    return _refused("610", "Requested resource not found")


def _sign_in(call: Call) -> Answer:
    form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()} | dict(call.query)
    if form.get("grant_type") != "client_credentials":
        return Answer(400, {"error": "invalid_request", "error_description": "unsupported grant type"})
    if (form.get("client_id"), form.get("client_secret")) != (TOKEN, TOKEN):
        return Answer(401, {"error": "invalid_client", "error_description": "Bad client credentials"})
    return Answer(200, {"access_token": TOKEN, "token_type": "bearer", "expires_in": 3599, "scope": "api@example.jp"})


def _refused(code: str, message: str) -> Answer:
    return Answer(200, {"requestId": "e42b#1", "success": False, "errors": [{"code": code, "message": message}]})


def _answered(results: list[dict[str, Any]]) -> Answer:
    return Answer(200, {"requestId": "e42b#1", "success": True, "result": results})


def _skipped(code: str, message: str) -> dict[str, Any]:
    return {"status": "skipped", "reasons": [{"code": code, "message": message}]}


def _sync(store: Store, body: Mapping[str, Any]) -> Answer:
    field, action = body["lookupField"], body["action"]
    return _answered([_synced(store, lead, field=field, action=action) for lead in body["input"]])


def _synced(store: Store, lead: Mapping[str, Any], *, field: str, action: str) -> dict[str, Any]:
    read_only = sorted(_READ_ONLY & lead.keys())
    email = lead.get("email")
    if read_only:
        return _skipped("1006", f"Field '{read_only[0]}' not found")
    if email and not _EMAIL.fullmatch(str(email)):
        return _skipped("1003", f"Invalid email address: {email}")
    known = store.get(f"leads by {field}", str(lead[field]))
    if known is None and action == "updateOnly":
        return _skipped("1004", "Lead not found")
    if known is not None and action == "createOnly":
        return _skipped("1005", "Lead already exists")
    id_ = int(known["id"]) if known else 1_000 + store.next_number()
    before = store.get("leads", str(id_)) or {}
    store.put("leads", str(id_), {**before, **lead, "id": id_, "kumitate_field": field})
    store.put(f"leads by {field}", str(lead[field]), {"id": id_})
    return {"id": id_, "status": "updated" if known else "created"}


def _lookup(store: Store, form: Mapping[str, str]) -> Answer:
    field, values = form.get("filterType", ""), form.get("filterValues", "").split(",")
    if not field or len(values) > 300:
        return _refused("1003", "at most 300 filterValues")
    found = (store.get(f"leads by {field}", value) for value in values)
    leads = (store.get("leads", str(one["id"])) for one in found if one)
    return _answered([{"id": lead["id"], field: lead[field]} for lead in leads if lead])


def _by_id(body: Any, work: Any) -> Answer:
    broken = violations("marketo_ids", body)
    if broken:
        return _refused("609", f"{broken[0].rule} at {list(broken[0].path)}")
    return _answered([work(one["id"]) for one in body["input"]])


def _deleted(store: Store, id_: int) -> dict[str, Any]:
    lead = store.get("leads", str(id_))
    if lead is None:
        return {"id": id_, **_skipped("1004", "Lead not found")}
    field = lead["kumitate_field"]
    store.remove(f"leads by {field}", str(lead[field]))
    store.remove("leads", str(id_))
    return {"id": id_, "status": "deleted"}


def _member(store: Store, list_id: str, id_: int, *, is_removal: bool) -> dict[str, Any]:
    if store.get("leads", str(id_)) is None:
        return {"id": id_, **_skipped("1004", "Lead not found")}
    kind = f"list {list_id}"
    if is_removal:
        return {"id": id_, "status": "removed" if store.remove(kind, str(id_)) else "notmemberof"}
    known = store.get(kind, str(id_))
    store.put(kind, str(id_), {"id": id_})
    return {"id": id_, "status": "memberof" if known else "added"}
