"""S3's stand-in for exports: objects by bucket and key, their digest checked, refusals in S3's own XML."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import unquote

from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.store import Store

_XML = {"Content-Type": "application/xml"}


def answer(call: Call, store: Store) -> Answer:
    if f"Credential={TOKEN}/" not in call.headers.get("authorization", ""):
        return _refused(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
    bucket, _, key = unquote(call.path).lstrip("/").partition("/")
    if call.method != "PUT" or not key:
        return _refused(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
    digest = hashlib.sha256(call.body)
    stated = call.headers.get("x-amz-checksum-sha256", "")
    if stated and stated != base64.b64encode(digest.digest()).decode():
        return _refused(400, "BadDigest", "The SHA256 you specified did not match the calculated checksum.")
    record = {"bytes": len(call.body), "sha256": digest.hexdigest(), "content_type": call.headers.get("content-type")}
    store.put(bucket, key, {**record, "base64": base64.b64encode(call.body).decode()})
    return Answer(200, b"", {"ETag": f'"{digest.hexdigest()[:32]}"', **_XML})


def _refused(status: int, code: str, message: str) -> Answer:
    text = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Answer(status, text.encode(), _XML)
