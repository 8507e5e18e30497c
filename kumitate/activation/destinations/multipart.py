"""Files in a request: multipart/form-data whose boundary comes from the content, so that same makes same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from urllib3.filepost import encode_multipart_formdata

Upload = tuple[str, bytes, str]
"""(file name, content, content type)."""


def multipart(parts: Mapping[str, str | Upload]) -> tuple[bytes, str]:
    """The body and its Content-Type; text parts as they are, files with name and type of their own."""
    digest = hashlib.sha256()
    for name, part in parts.items():
        content = part.encode() if isinstance(part, str) else part[1]
        digest.update(f"{name}:{len(content)}:".encode() + content)
    return encode_multipart_formdata(parts, boundary=f"kumitate-{digest.hexdigest()[:32]}")
