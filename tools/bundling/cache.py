"""Work that is done once: a folder named by the hash of everything that it was made of."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path


def key_of(parts: Iterable[str | Path]) -> str:
    """A short name for texts and files; a file counts by its name and content."""
    digest = hashlib.sha256()
    for part in parts:
        data = f"{part.name}\0".encode() + part.read_bytes() if isinstance(part, Path) else part.encode()
        digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()[:16]


def made_once(folder: Path, make: Callable[[Path], None]) -> bool:
    """Have `folder` made, whole or not at all; tells whether there was work to do."""
    if folder.exists():
        return False
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    make(partial)
    partial.rename(folder)
    return True


def forget_others(folder: Path) -> None:
    """Drop earlier makings of the same thing (`lambda-arm64-<key>`)."""
    stem = folder.name.rpartition("-")[0]
    for other in folder.parent.glob(f"{stem}-*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
