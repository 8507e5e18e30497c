"""Bytes read once for their fingerprint, and copied on the way where somebody wants them."""

from __future__ import annotations

import hashlib
from typing import IO

_CHUNK_BYTES = 2**20


def fingerprint(source: IO[bytes], copy: IO[bytes] | None = None) -> tuple[str, int]:
    """Sha256 and size of all bytes, which also go to `copy`."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
        if copy is not None:
            copy.write(chunk)
    return digest.hexdigest(), size
