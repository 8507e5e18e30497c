"""One run at a time: a lock file that the operating system frees when its holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kumitate.errors import FatalError


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Hold `<folder>/lock`; FatalError naming the process that has it."""
    path = folder / "lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _take(descriptor, path)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode() or "not yet known"
        raise FatalError(
            f"{path}: another run is under way (process {holder}); wait for its end, or end it, and run again"
        ) from None
