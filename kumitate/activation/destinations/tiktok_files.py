"""What TikTok takes: a file of hashes as multipart, signed with its MD5, and an update that says what to do with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from urllib3.filepost import encode_multipart_formdata

from kumitate.model.request import HttpRequest

_HEADER = {"Content-Type": "application/json"}


def upload(
    version: str, advertiser_id: str, calculate_type: str, *, content: bytes, keys: tuple[str, ...]
) -> HttpRequest:
    """The same content makes the same body: the boundary comes from it."""
    signature = hashlib.md5(content, usedforsecurity=False).hexdigest()  # the checksum that TikTok asks for
    fields: dict[str, str | tuple[str, bytes, str]] = {
        "advertiser_id": advertiser_id,
        "calculate_type": calculate_type,
        "file_signature": signature,
        "file": (f"{signature}.csv", content, "text/csv"),
    }
    boundary = hashlib.sha256(content).hexdigest()[:32]
    body, content_type = encode_multipart_formdata(fields, boundary=boundary)
    path = f"/open_api/{version}/dmp/custom_audience/file/upload/"
    return HttpRequest("POST", path, body, keys, {"Content-Type": content_type})


def update(version: str, advertiser_id: str, audience_id: str, *, action: str, paths: Sequence[str]) -> HttpRequest:
    """Always with its action: TikTok's own default is to replace the whole audience."""
    body = {
        "advertiser_id": advertiser_id,
        "custom_audience_id": audience_id,
        "action": action,
        "file_paths": list(paths),
    }
    path = f"/open_api/{version}/dmp/custom_audience/update/"
    return HttpRequest("POST", path, json.dumps(body).encode(), (), _HEADER)
