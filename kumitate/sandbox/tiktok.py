"""TikTok's stand-in: files of hashes by path, audiences that grow, shrink and are replaced by them; always HTTP 200."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from email import message_from_bytes
from typing import Any

from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.contract import violations
from kumitate.sandbox.store import Store

_LEAST = 1_000
"""People that an audience must have after every operation."""
_ROUTE = re.compile(r"/open_api/v\d+\.\d+/dmp/custom_audience/(file/upload|update|get)")
_HASH = re.compile(r"(?!e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855)[0-9a-f]{64}")
_MULTIPLE = "MULTIPLE_TYPES"
_FILES = "files"


def answer(call: Call, store: Store) -> Answer:
    if call.headers.get("access-token") != TOKEN:
        return _told(40105, "Access token is incorrect or has been revoked.")
    route = _ROUTE.fullmatch(call.path.removesuffix("/"))
    if route is None:
        return _told(40007, "The object or URL does not exist.")
    if call.method == "GET" and route[1] == "get":
        return _audiences(call, store)
    if call.method != "POST":
        return _told(40002, "Method not allowed.")
    return _uploaded(call, store) if route[1] == "file/upload" else _updated(call, store)


def _uploaded(call: Call, store: Store) -> Answer:
    parts = _parts(call)
    if violations("tiktok_upload", parts):
        return _told(40002, "Invalid parameter.")
    content = str(parts["file"])
    if hashlib.md5(content.encode(), usedforsecurity=False).hexdigest() != parts["file_signature"]:
        return _told(40002, "file_signature does not match the file.")
    hashes = _hashes(content, is_multiple=parts["calculate_type"] == _MULTIPLE)
    if not hashes or any(not _HASH.fullmatch(each) for each in hashes):
        return _told(40908, "The file format is not supported.")
    path = f"sandbox/{parts['file_signature']}-{store.next_number()}"
    store.put(_FILES, path, {"type": parts["calculate_type"], "hashes": hashes})
    return _told(0, "OK", data={"file_path": path})


def _parts(call: Call) -> dict[str, Any]:
    """The form's parts by name; empty where it is no form."""
    head = f"Content-Type: {call.headers.get('content-type', '')}\r\n\r\n".encode()
    message = message_from_bytes(head + call.body)
    if not message.is_multipart():
        return {}
    parts = [part for part in message.walk() if not part.is_multipart()]
    contents = [part.get_payload(decode=True) for part in parts]
    names = [str(part.get_param("name", header="content-disposition")) for part in parts]
    return {name: text.decode() for name, text in zip(names, contents, strict=True) if isinstance(text, bytes)}


def _hashes(content: str, *, is_multiple: bool) -> list[str]:
    lines = content.splitlines()
    cells = [cell for line in lines[1:] for cell in line.split(",")] if is_multiple else lines
    return [cell for cell in cells if cell or not is_multiple]


def _updated(call: Call, store: Store) -> Answer:
    try:
        body = call.json()
    except ValueError:
        return _told(40002, "Invalid JSON.")
    if violations("tiktok_update", body):
        return _told(40002, "Invalid parameter.")
    files = [store.get(_FILES, path) for path in body["file_paths"]]
    if any(file is None for file in files):
        return _told(40007, "The file does not exist.")
    given = {each for file in files if file is not None for each in file["hashes"]}
    audience = f"audience {body['custom_audience_id']}"
    before = set(store.all(audience))
    after = {"APPEND": before | given, "REMOVE": before - given, "REPLACE": given}[body["action"]]
    if len(after) < _LEAST:
        return _told(40002, "The audience size must be at least 1000 after the operation.")
    for gone in before - after:
        store.remove(audience, gone)
    for new in sorted(after - before):
        store.put(audience, new, {})
    return _told(0, "OK")


def _audiences(call: Call, store: Store) -> Answer:
    try:
        ids = [str(id_) for id_ in json.loads(call.query.get("custom_audience_ids", "[]"))]
    except ValueError:
        return _told(40002, "Invalid parameter.")
    details = [
        {"audience_id": id_, "cover_num": len(store.all(f"audience {id_}")), "is_valid": True, "error_msg": None}
        for id_ in ids
    ]
    return _told(0, "OK", data={"list": [{"audience_details": each, "audience_history": []} for each in details]})


def _told(code: int, message: str, *, data: Mapping[str, Any] | None = None) -> Answer:
    return Answer(200, {"code": code, "message": message, "request_id": "sandbox", "data": dict(data or {})})
