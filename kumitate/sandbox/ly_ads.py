"""LY Display Ads' stand-in: lists of customer data, files that take a while to be read, errors inside HTTP 200."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from typing import Any

from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.contract import violations
from kumitate.sandbox.multipart import parts_of
from kumitate.sandbox.store import Store

LISTS = "lists"
_JOBS = "jobs"
_PATH = re.compile(r"/api/v\d+/AudienceListService/(\w+)")
_LEAST_LINES = 100
_MOST_BYTES = 2**30
_LINE = {
    "MAIL_ADDRESS_AND_PHONE_NUMBER": re.compile(r"[0-9a-f]{64}"),
    "IDFA": re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}"),
    "AAID": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
}


def answer(call: Call, store: Store) -> Answer:
    found = _PATH.fullmatch(call.path)
    if call.bearer != TOKEN:
        return Answer(401, _failed("0111", "Authentication failed."))
    if not call.headers.get("x-z-base-account-id", "").isdecimal():
        return Answer(400, _failed("R0001", "Require.", "x-z-base-account-id"))
    if found is None or call.method != "POST":
        return Answer(404, _failed("0001", "Invalid Request."))
    if found[1] == "uploadUserList":
        return Answer(200, _upload(call, store))
    works = {"add": _add, "get": _get, "remove": _remove, "getUploadUserListStatus": _status}
    body = _body(call, found[1])
    if found[1] not in works or body is None:
        return Answer(200, _failed("0001", "Invalid Request."))
    return Answer(200, works[found[1]](body, store))


def _body(call: Call, method: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = call.json()
    except ValueError:
        return None
    return None if violations(f"ly_{method}", found) else found


def _failed(code: str, message: str, key: str = "") -> dict[str, Any]:
    details = [{"requestKey": key, "requestValue": None}] if key else []
    return {"rid": "sandbox", "rval": None, "errors": [{"code": code, "message": message, "details": details}]}


def _told(*values: Mapping[str, Any]) -> dict[str, Any]:
    return {"rid": "sandbox", "rval": {"totalNumEntries": len(values), "values": list(values)}, "errors": None}


def _value(**shown: Any) -> dict[str, Any]:
    return {"operationSucceeded": True, "errors": None, **shown}


def _add(body: Mapping[str, Any], store: Store) -> dict[str, Any]:
    (operand,) = body["operand"]
    id_ = 3_000_000_000 + store.next_number()
    store.put(LISTS, str(id_), {**operand, "lines": []})
    return _told(_value(audienceList={**operand, "audienceListId": id_}))


def _get(_body: Mapping[str, Any], store: Store) -> dict[str, Any]:
    lists = store.all(LISTS).items()
    named = ({"audienceListId": int(id_), "audienceListName": found["audienceListName"]} for id_, found in lists)
    return _told(*(_value(audienceList=found) for found in named))


def _remove(body: Mapping[str, Any], store: Store) -> dict[str, Any]:
    (operand,) = body["operand"]
    if store.remove(LISTS, str(operand["audienceListId"])):
        return _told(_value(audienceList=operand))
    error = {"code": "110005", "message": "Not a valid id.", "details": []}
    return _told({"operationSucceeded": False, "errors": [error], "audienceList": None})


def _upload(call: Call, store: Store) -> dict[str, Any]:
    query = call.query
    if not query.get("accountId", "").isdecimal() or query.get("uploadType") not in _LINE:
        return _failed("V0001", "Invalid value.", "uploadType")
    found = store.get(LISTS, query.get("audienceListId", ""))
    if found is None:
        return _failed("110005", "Not a valid id.", "audienceListId")
    lines = _lines(parts_of(call).get("file", b""), query.get("compressType", ""))
    pattern = _LINE[query["uploadType"]]
    fits = lines is not None and len(lines) >= _LEAST_LINES and all(pattern.fullmatch(line) for line in lines)
    if fits and lines is not None:
        known = list(dict.fromkeys([*found["lines"], *lines]))
        store.put(LISTS, query["audienceListId"], {**found, "lines": known})
    job = f"job-{store.next_number():06d}"
    store.put(_JOBS, job, {"status": "RECEIVED" if fits else "INVALID_FILE", "asked": 0})
    return _told(_value(uploadJob={"uploadJobId": job, "jobStatus": "RECEIVING"}))


def _lines(content: bytes, compressed: str) -> list[str] | None:
    """The file's lines; None where it is not what it is said to be, or begins with a byte order mark."""
    try:
        text = gzip.decompress(content) if compressed == "GZIP" else content
        lines = text.decode("ascii").splitlines()
    except (OSError, EOFError, UnicodeDecodeError):
        return None
    return None if len(text) > _MOST_BYTES else lines


def _status(body: Mapping[str, Any], store: Store) -> dict[str, Any]:
    shown = []
    for id_ in body["uploadJobIds"]:
        job = store.get(_JOBS, id_)
        if job is not None:
            store.put(_JOBS, id_, {**job, "asked": job["asked"] + 1})
            status = job["status"] if job["asked"] else "RECEIVING"
            shown.append(_value(uploadJob={"uploadJobId": id_, "jobStatus": status}))
    return _told(*shown)
