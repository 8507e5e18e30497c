"""HubSpot's stand-in: objects by unique properties, lists of record ids, tasks; batches partly refused with 207."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.contract import violations
from kumitate.sandbox.store import Store

_OBJECTS = re.compile(r"/crm/(?:v3/objects|objects/20\d\d-\d\d)/([a-z0-9_-]+)/(batch/\w+|gdpr-delete)")
_MEMBERS = re.compile(r"/crm/(?:v3/lists|lists/20\d\d-\d\d)/(\d+)/memberships/add-and-remove")
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
_OWN = frozenset(
    {"hs_language", "hs_lead_status", "hs_task_body", "hs_task_priority", "hs_task_status", "hs_task_subject"}
    | {"hs_task_type", "hs_timestamp"}
)
"""HubSpot's properties that begin with `hs_`; others are taken for the owner's."""
_AT = "2026-11-22T00:00:00.000Z"


def answer(call: Call, store: Store) -> Answer:
    if call.bearer != TOKEN:
        return _refused(401, "INVALID_AUTHENTICATION", "Authentication credentials not found")
    try:
        body = call.json()
    except ValueError:
        return _refused(400, "VALIDATION_ERROR", "Invalid input JSON")
    members = _MEMBERS.fullmatch(call.path)
    if members and call.method == "PUT":
        return _checked("hubspot_members", body, lambda: _change_members(store, members[1], body))
    objects = _OBJECTS.fullmatch(call.path)
    route = _ROUTES.get(objects[2]) if objects and call.method == "POST" else None
    if objects is None or route is None:
        return Answer(404, {"status": "error", "message": "resource not found"})
    schema, work = route
    return _checked(schema, body, lambda: work(store, objects[1], body))


def _checked(schema: str, body: Any, work: Callable[[], Answer]) -> Answer:
    broken = violations(schema, body)
    if broken:
        return _refused(400, "VALIDATION_ERROR", f"{broken[0].rule} at {list(broken[0].path)}")
    return work()


def _refused(status: int, category: str, message: str, *, code: str = "") -> Answer:
    errors = [{"message": message, "code": code}] if code else []
    return Answer(status, {"status": "error", "category": category, "message": message, "errors": errors})


def _upsert(store: Store, kind: str, body: Mapping[str, Any]) -> Answer:
    ids = [record["id"] for record in body["inputs"]]
    if len(set(ids)) < len(ids):
        return _refused(400, "VALIDATION_ERROR", "Duplicate IDs found in batch input", code="DUPLICATE_ID")
    results, errors = [], []
    for record in body["inputs"]:
        wrong = _wrong(record["properties"])
        if wrong:
            errors.append(_error(record["objectWriteTraceId"], wrong))
            continue
        known = _id_by(store, kind, record["idProperty"], value=record["id"])
        other = _id_by(store, kind, "email", value=record["properties"].get("email", "").lower())
        if kind == "contacts" and other not in (None, known):
            taken = _error(record["objectWriteTraceId"], f"Contact already exists. Existing ID: {other}")
            errors.append({**taken, "category": "CONFLICT"})
            continue
        id_ = known or _created(store, kind)
        _put(store, kind, id_, properties=record["properties"], unique=record["idProperty"])
        results.append({**_shown(store, kind, id_), "new": known is None, "objectWriteTraceId": record["id"]})
    return _batch(results, errors)


def _update(store: Store, kind: str, body: Mapping[str, Any]) -> Answer:
    """As an upsert of those that are there."""
    found = {one["id"]: _id_by(store, kind, one["idProperty"], value=one["id"]) for one in body["inputs"]}
    there = [one for one in body["inputs"] if found[one["id"]]]
    absent = [
        {**_error(key, "record not found"), "category": "OBJECT_NOT_FOUND"} for key, id_ in found.items() if not id_
    ]
    if not there:
        return _batch([], absent)
    done = _upsert(store, kind, {"inputs": there})
    return _batch(done.body["results"], [*done.body.get("errors", []), *absent])


def _read(store: Store, kind: str, body: Mapping[str, Any]) -> Answer:
    found = [(value["id"], _id_by(store, kind, body["idProperty"], value=value["id"])) for value in body["inputs"]]
    errors = [
        {**_error("", "Could not get some objects"), "category": "OBJECT_NOT_FOUND", "context": {"ids": [value]}}
        for value, id_ in found
        if id_ is None
    ]
    return _batch([_shown(store, kind, id_) for _, id_ in found if id_ is not None], errors)


def _archive(store: Store, kind: str, body: Mapping[str, Any]) -> Answer:
    for record in body["inputs"]:
        _forget(store, kind, record["id"])
    return Answer(204)


def _erase(store: Store, kind: str, body: Mapping[str, Any]) -> Answer:
    id_ = _id_by(store, kind, body["idProperty"], value=body["objectId"])
    if id_ is None:
        return _refused(404, "OBJECT_NOT_FOUND", "no contact with this id")
    _forget(store, kind, id_)
    return Answer(204)


def _create(store: Store, kind: str, body: Mapping[str, Any]) -> Answer:
    results, errors = [], []
    for task in body["inputs"]:
        trace = task["objectWriteTraceId"]
        unique = _unique_name(task)
        wrong = _wrong(task["properties"])
        lost = [to["to"]["id"] for to in task["associations"] if store.get("contacts", to["to"]["id"]) is None]
        if wrong or lost:
            errors.append(_error(trace, wrong or "association to a record that is not there"))
        elif _id_by(store, kind, unique, value=task["properties"][unique]):
            taken = _error(trace, f"{unique} already has that value")
            errors.append({**taken, "errors": [{"code": "CONFLICTING_UNIQUE_VALUE", "message": taken["message"]}]})
        else:
            id_ = _created(store, kind)
            to = [association["to"]["id"] for association in task["associations"]]
            _put(store, kind, id_, properties={**task["properties"], "associated": to}, unique=unique)
            results.append({**_shown(store, kind, id_), "objectWriteTraceId": trace})
    return _batch(results, errors, status=201)


def _change_members(store: Store, list_id: str, body: Mapping[str, Any]) -> Answer:
    kind, given = f"list {list_id}", [*body["recordIdsToAdd"], *body["recordIdsToRemove"]]
    missing = [id_ for id_ in given if store.get("contacts", id_) is None]
    added = [id_ for id_ in body["recordIdsToAdd"] if id_ not in missing]
    for id_ in added:
        store.put(kind, id_, {"recordId": id_})
    removed = [id_ for id_ in body["recordIdsToRemove"] if store.remove(kind, id_)]
    return Answer(200, {"recordsIdsAdded": added, "recordIdsRemoved": removed, "recordIdsMissing": missing})


_ROUTES: Mapping[str, tuple[str, Callable[[Store, str, Mapping[str, Any]], Answer]]] = {
    "batch/upsert": ("hubspot_upsert", _upsert),
    "batch/update": ("hubspot_upsert", _update),
    "batch/read": ("hubspot_read", _read),
    "batch/archive": ("hubspot_archive", _archive),
    "batch/create": ("hubspot_tasks", _create),
    "gdpr-delete": ("hubspot_gdpr_delete", _erase),
}


def _batch(results: list[Any], errors: list[Any], *, status: int = 200) -> Answer:
    body: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": _AT, "completedAt": _AT}
    if not errors:
        return Answer(status, body)
    return Answer(207, {**body, "numErrors": len(errors), "errors": errors})


def _error(trace: str, message: str) -> dict[str, Any]:
    context = {"objectWriteTraceId": [trace]}
    same = {"status": "error", "category": "VALIDATION_ERROR", "links": {}, "errors": []}
    return {**same, "message": message, "context": context}


def _wrong(properties: Mapping[str, str]) -> str:
    unknown = [name for name in properties if name.startswith("hs_") and name not in _OWN]
    if unknown:
        return f'Property "{unknown[0]}" does not exist'
    email = properties.get("email", "")
    return f"Email address {email} is invalid" if email and not _EMAIL.fullmatch(email) else ""


def _unique_name(task: Mapping[str, Any]) -> str:
    """The property that holds what the task is traced by."""
    trace: str = task["objectWriteTraceId"]
    names: Mapping[str, str] = task["properties"]
    return next(name for name, value in names.items() if value == trace and not name.startswith("hs_"))


def _created(store: Store, kind: str) -> str:
    id_ = str(50_000 + store.next_number())
    store.put(kind, id_, {"hs_object_id": id_})
    return id_


def _put(store: Store, kind: str, id_: str, *, properties: Mapping[str, Any], unique: str) -> None:
    store.put(kind, id_, {**(store.get(kind, id_) or {}), **properties})
    store.put(f"{kind} by {unique}", properties[unique], {"id": id_})
    if properties.get("email"):
        store.put(f"{kind} by email", properties["email"].lower(), {"id": id_})


def _forget(store: Store, kind: str, id_: str) -> None:
    """The index keeps pointing where nothing is."""
    store.remove(kind, id_)


def _id_by(store: Store, kind: str, unique: str, *, value: str) -> str | None:
    found = store.get(f"{kind} by {unique}", value)
    record = store.get(kind, found["id"]) if found else None
    return str(found["id"]) if found and record and str(record.get(unique, "")).lower() == value.lower() else None


def _shown(store: Store, kind: str, id_: str) -> dict[str, Any]:
    properties = store.get(kind, id_) or {}
    return {"id": id_, "properties": properties, "createdAt": _AT, "updatedAt": _AT, "archived": False}
