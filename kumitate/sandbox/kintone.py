"""kintone's stand-in: one app's records by an update key, taken all or none; errors name the records."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.contract import violations
from kumitate.sandbox.store import Store

_PATH = re.compile(r"/k/(?:guest/\d+/)?v1/records\.json")
_QUERY = re.compile(r"(\S+) in \((.+)\) limit \d+")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_NUMBERS = re.compile(r"(?:.*_)?(?:ltv|number|points|amount)", re.IGNORECASE)
"""Fields that the stand-in takes for numbers."""
_CHOICES = re.compile(r"(?:.*_)?(?:choices|interests)", re.IGNORECASE)
"""Fields that the stand-in takes for check boxes."""


def answer(call: Call, store: Store) -> Answer:
    if call.headers.get("x-cybozu-api-token") != TOKEN:
        return _refused(401, "CB_WA01", "Password authentication failed.")
    if not _PATH.fullmatch(call.path):
        return _refused(404, "CB_NF01", "no such endpoint")
    try:
        body = call.json()
    except ValueError:
        return _refused(400, "CB_IJ01", "Invalid JSON string.")
    is_question = call.headers.get("x-http-method-override") == "GET"
    method = "GET" if call.method == "POST" and is_question else call.method
    route = _ROUTES.get(method)
    if route is None:
        return _refused(405, "CB_MA01", "Method not allowed.")
    schema, work = route
    broken = violations(schema, body)
    if broken:
        where = ".".join(map(str, broken[0].path))
        return _refused(400, "CB_VA01", "Missing or invalid input.", errors={where: {"messages": [broken[0].rule]}})
    return work(store, body)


def _refused(status: int, code: str, message: str, *, errors: Mapping[str, Any] | None = None) -> Answer:
    body = {"code": code, "id": "1505999166-897850006", "message": message}
    return Answer(status, {**body, "errors": errors} if errors else body)


def _upsert(store: Store, body: Mapping[str, Any]) -> Answer:
    errors = {}
    for place, row in enumerate(body["records"]):
        for field, value in row["record"].items():
            wrong = _wrong(field, value["value"])
            if wrong:
                errors[f"records[{place}].record.{field}.value"] = {"messages": [wrong]}
    if errors:
        return _refused(400, "CB_VA01", "Missing or invalid input.", errors=errors)
    keys = [row["updateKey"]["value"] for row in body["records"]]
    if len(set(keys)) < len(keys):
        return _refused(400, "GAIA_UN03", "The same update key is given twice.")
    kind, index = f"app {body['app']}", f"app {body['app']} by {body['records'][0]['updateKey']['field']}"
    if not body["upsert"] and any(store.get(index, key) is None for key in keys):
        return _refused(404, "GAIA_RE20", "The record with the update key was not found.")
    return Answer(200, {"records": [_put(store, row, kind=kind, index=index) for row in body["records"]]})


def _put(store: Store, row: Mapping[str, Any], *, kind: str, index: str) -> dict[str, Any]:
    key = row["updateKey"]["value"]
    found = store.get(index, key)
    id_ = str(found["id"]) if found else str(store.next_number())
    before = store.get(kind, id_) or {row["updateKey"]["field"]: {"value": key}}
    revision = int(before.get("$revision", {"value": 0})["value"]) + 1
    now = {**before, **row["record"], "$revision": {"value": str(revision)}, "$id": {"value": id_}}
    store.put(kind, id_, {**now, "$index": index, "$key": key})
    store.put(index, key, {"id": id_})
    return {"id": id_, "revision": str(revision), "operation": "UPDATE" if found else "INSERT"}


def _records(store: Store, body: Mapping[str, Any]) -> Answer:
    query = _QUERY.fullmatch(body["query"])
    if query is None:
        return _refused(400, "CB_VA01", "Missing or invalid input.", errors={"query": {"messages": ["invalid query"]}})
    keys = [json.loads(text) for text in _TEXT.findall(query[2])]
    found = (store.get(f"app {body['app']} by {query[1]}", key) for key in keys)
    return Answer(200, {"records": [{"$id": {"type": "__ID__", "value": one["id"]}} for one in found if one]})


def _delete(store: Store, body: Mapping[str, Any]) -> Answer:
    kind = f"app {body['app']}"
    records = [store.get(kind, id_) for id_ in body["ids"]]
    if None in records:
        return _refused(404, "GAIA_RE01", "The specified record is not found.")
    for id_, record in zip(body["ids"], records, strict=True):
        store.remove(kind, id_)
        if record is not None:
            store.remove(record["$index"], record["$key"])
    return Answer(200, {})


_ROUTES = {
    "PUT": ("kintone_upsert", _upsert),
    "GET": ("kintone_records", _records),
    "DELETE": ("kintone_delete", _delete),
}


def _wrong(field: str, value: Any) -> str:
    if _NUMBERS.fullmatch(field) and not _is_number(value):
        return "Only numbers are allowed."
    if _CHOICES.fullmatch(field) and not isinstance(value, list):
        return "The value must be an array."
    return ""


def _is_number(value: Any) -> bool:
    return value == "" or (isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value) is not None)
