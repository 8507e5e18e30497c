"""LINE's stand-in: audiences with jobs that take a while, pushes told apart by their retry key, narrowcasts.

A LINE user id that begins with `Uffff` is nobody's friend: it is taken, and not counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.contract import violations
from kumitate.sandbox.multipart import parts_of
from kumitate.sandbox.store import Store

GROUPS = "groups"
PUSHES = "pushes"
NARROWCASTS = "narrowcasts"
_RETRY_KEYS = "retry_keys"
_UPLOAD = "/v2/bot/audienceGroup/upload"
_GROUP = re.compile(r"/v2/bot/audienceGroup/(\d+)")
_USER = re.compile(r"U[0-9a-f]{32}")
_RETRY_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOST_IN_FILE = 1_500_000
_LEAST_TO_SEND = 50
_REMEMBERED_SECONDS = 24 * 3_600


def answer(call: Call, store: Store) -> Answer:
    if call.bearer != TOKEN:
        return _refused(401, "Authentication failed. Confirm that the access token in the request header is valid.")
    if call.path.startswith("/v2/bot/message/"):
        return _message(call, store)
    if call.path in (_UPLOAD, f"{_UPLOAD}/byFile"):
        return _upload(call, store)
    if call.path == "/v2/bot/audienceGroup/list" and call.method == "GET":
        return _listed(call, store)
    found = _GROUP.fullmatch(call.path)
    if found is None or call.method not in ("GET", "DELETE"):
        return _refused(404, "Not found")
    return _group(call.method, found[1], store)


def _refused(status: int, message: str, *details: Mapping[str, str]) -> Answer:
    return Answer(status, {"message": message, "details": list(details)} if details else {"message": message})


def _upload(call: Call, store: Store) -> Answer:
    body = _uploaded(call)
    if body is None:
        return _refused(400, "The request body has 1 error(s)")
    ids = [audience["id"] for audience in body.pop("audiences", [])]
    bad = next((number for number, id_ in enumerate(ids) if not _USER.fullmatch(id_)), None)
    if bad is not None and not body.get("isIfaAudience"):
        detail = {"message": "invalid user id", "property": f"audiences[{bad}].id"}
        return _refused(400, "The request body has 1 error(s)", detail)
    return _create(body, ids, store) if call.method == "POST" else _add(body, ids, store)


def _uploaded(call: Call) -> dict[str, Any] | None:
    """The body, whichever way it came; None where it is not what LINE takes."""
    if call.path.endswith("/byFile"):
        parts = parts_of(call)
        lines = parts.pop("file", b"").decode().splitlines()
        body: dict[str, Any] = {name: value.decode() for name, value in parts.items()}
        if not lines or len(lines) > _MOST_IN_FILE:
            return None
        return {**body, "audiences": [{"id": line} for line in lines]}
    try:
        found: dict[str, Any] = call.json()
    except ValueError:
        return None
    return None if violations("line_audience", found) else found


def _create(body: Mapping[str, Any], ids: list[str], store: Store) -> Answer:
    id_ = 1_000_000_000 + store.next_number()
    record = {"description": body["description"], "ids": ids, "jobs": ["WORKING"]}
    store.put(GROUPS, str(id_), record)
    return Answer(202, {"audienceGroupId": id_, "createRoute": "MESSAGING_API", "type": "UPLOAD", **_named(record)})


def _add(body: Mapping[str, Any], ids: list[str], store: Store) -> Answer:
    id_ = str(body["audienceGroupId"])
    group = store.get(GROUPS, id_)
    if group is None:
        return _not_found()
    if group["jobs"].count("WORKING") >= 10:
        return _refused(429, "The API rate limit has been exceeded. Try again later.")
    jobs = [*_moved(group["jobs"]), "WORKING"]
    store.put(GROUPS, id_, {**group, "ids": list(dict.fromkeys([*group["ids"], *ids])), "jobs": jobs})
    return Answer(202, {})


def _moved(jobs: list[str]) -> list[str]:
    """The oldest job under way is finished."""
    place = jobs.index("WORKING") if "WORKING" in jobs else len(jobs)
    return [*jobs[:place], *["FINISHED"][: len(jobs) - place], *jobs[place + 1 :]]


def _group(method: str, id_: str, store: Store) -> Answer:
    group = store.get(GROUPS, id_)
    if group is None:
        return _not_found()
    if method == "DELETE":
        store.remove(GROUPS, id_)
        return Answer(200, {})
    shown = {"audienceGroup": _shown(id_, group), "jobs": [{"jobStatus": status} for status in group["jobs"]]}
    store.put(GROUPS, id_, {**group, "jobs": ["FINISHED"] * len(group["jobs"])})
    return Answer(200, shown)


def _shown(id_: str, group: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"audienceGroupId": int(id_), "type": "UPLOAD", **_named(group), "audienceCount": _friends(group)}
    if "WORKING" in group["jobs"]:
        return {**shown, "status": "IN_PROGRESS"}
    if not _friends(group):
        return {**shown, "status": "FAILED", "failedType": "AUDIENCE_GROUP_AUDIENCE_INSUFFICIENT"}
    return {**shown, "status": "READY"}


def _named(group: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": group["description"], "permission": "READ_WRITE", "isIfaAudience": False}


def _friends(group: Mapping[str, Any]) -> int:
    return sum(not id_.startswith("Uffff") for id_ in group["ids"])


def _listed(call: Call, store: Store) -> Answer:
    wanted = call.query.get("description", "").lower()
    groups = [_shown(id_, group) for id_, group in store.all(GROUPS).items() if wanted in group["description"].lower()]
    return Answer(200, {"audienceGroups": groups[:40], "hasNextPage": len(groups) > 40, "totalCount": len(groups)})


def _not_found() -> Answer:
    return _refused(400, "audience group not found", {"message": "AUDIENCE_GROUP_NOT_FOUND"})


def _message(call: Call, store: Store) -> Answer:
    if call.method == "GET" and call.path == "/v2/bot/message/progress/narrowcast":
        return _progress(call.query.get("requestId", ""), store)
    kind = call.path.rsplit("/", 1)[1]
    if call.method != "POST" or kind not in ("push", "narrowcast"):
        return _refused(404, "Not found")
    try:
        body = call.json()
    except ValueError:
        return _refused(400, "The request body could not be parsed as JSON")
    broken = violations(f"line_{kind}", body)
    if broken:
        place = ".".join(map(str, broken[0].path))
        return _refused(400, "The request body has 1 error(s)", {"message": broken[0].rule, "property": place})
    return _once(call, kind, store, body=body)


def _once(call: Call, kind: str, store: Store, *, body: Mapping[str, Any]) -> Answer:
    """A retry key is taken once; again it is a conflict that names the request before. After a day it is forgotten."""
    key = call.headers.get("x-line-retry-key", "")
    if not _RETRY_KEY.fullmatch(key):
        return _refused(400, "Invalid retry key")
    id_ = f"request-{store.next_number():06d}"
    before = store.get(_RETRY_KEYS, key)
    if before is not None and store.now() - before["at"] < _REMEMBERED_SECONDS:
        headers = {"X-Line-Request-Id": id_, "X-Line-Accepted-Request-Id": before["request"]}
        return Answer(409, {"message": "The retry key is already accepted"}, headers)
    store.put(_RETRY_KEYS, key, {"request": id_, "at": store.now()})
    headers = {"X-Line-Request-Id": id_}
    if kind == "narrowcast":
        store.put(NARROWCASTS, id_, {**body, "asked": 0})
        return Answer(202, {}, headers)
    store.put(PUSHES, id_, body)
    return Answer(200, {"sentMessages": [{"id": str(store.next_number())} for _ in body["messages"]]}, headers)


def _progress(id_: str, store: Store) -> Answer:
    sent = store.get(NARROWCASTS, id_)
    if sent is None:
        return _refused(404, "Not found")
    store.put(NARROWCASTS, id_, {**sent, "asked": sent["asked"] + 1})
    accepted = {"acceptedTime": "2026-01-01T00:00:00.000Z"}
    if not sent["asked"]:
        return Answer(200, {"phase": "sending", **accepted})
    group = store.get(GROUPS, str(sent["recipient"]["audienceGroupId"]))
    if group is None or _friends(group) < _LEAST_TO_SEND:
        return Answer(200, {"phase": "failed", "errorCode": 4, "failedDescription": "too few recipients", **accepted})
    counts = {"targetCount": _friends(group), "successCount": _friends(group), "failureCount": 0}
    return Answer(200, {"phase": "succeeded", **counts, **accepted})
