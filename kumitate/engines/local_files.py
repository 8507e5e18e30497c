"""Inbox and raw area on this machine: the project's folder, and the lake's."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

from kumitate.errors import FatalError
from kumitate.model.fingerprint import fingerprint
from kumitate.ports import Found, Kept

_READ_ONLY = 0o444
_STREAMED = "streamed"


class LocalInbox:
    """Files in the project's folder `root`; copies go to the lake's `folder`.

    A source's collected events lie in the lake's folder already, under `streamed/<source>/`, as in the raw zone.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self._folder = folder

    def delivered(self, source: str, path: str) -> Iterator[Found]:
        names = glob.glob(path, root_dir=self._root, recursive=True)
        for name in sorted(name for name in names if self._is_delivered(self._root / name)):
            yield self._found(name)
        for collected in sorted((self._folder / _STREAMED / source).glob("**/*.jsonl.gz")):
            yield replace(self._found(str(collected)), file=collected.relative_to(self._folder).as_posix())

    def _is_delivered(self, path: Path) -> bool:
        """Not a folder, and not one of the lake's own copies."""
        return not path.is_dir() and self._folder not in path.parents

    def _found(self, name: str) -> Found:
        file = Path(name).as_posix()
        try:
            with (self._root / name).open("rb") as stream:
                return Found(file, name, *fingerprint(stream))
        except OSError:
            return Found(file, name)

    def keep(self, found: Found, name: str) -> Kept:
        target = self._folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with (self._root / found.place).open("rb") as source, _appearing(target) as copy:
                return Kept(name, *fingerprint(source, copy))
        except OSError as error:
            raise FatalError(
                f"{found.file}: could not be copied to {target.parent.parent} ({error.strerror}); "
                "check the space on the disk and the rights of both, then run again"
            ) from error


class LocalRawArea:
    """Files below the lake's `folder`, read-only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self, prefix: str) -> tuple[str, ...]:
        parent, _, beginning = prefix.rpartition("/")
        tops = (self._folder / parent).glob(f"{glob.escape(beginning)}*")
        paths = (path for top in tops for path in (top.rglob("*") if top.is_dir() else (top,)))
        return tuple(sorted(path.relative_to(self._folder).as_posix() for path in paths if path.is_file()))

    def open(self, name: str) -> IO[bytes]:
        try:
            return (self._folder / name).open("rb")
        except OSError as error:
            raise FatalError(
                f"{self._folder / name}: the stored copy cannot be read ({error.strerror}); "
                "restore it from a backup of the lake, then run again"
            ) from error

    @contextmanager
    def add(self, name: str) -> Iterator[IO[bytes]]:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with _appearing(path) as file:
            yield file


@contextmanager
def _appearing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name, read-only, when all of it is on the disk."""
    temporary = path.with_name(path.name + ".part")
    with temporary.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    temporary.chmod(_READ_ONLY)
    temporary.replace(path)
