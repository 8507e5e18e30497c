"""Landing: before anything is read, a run's files are copied into the lake's raw area and written down for good.

A run that is taken up again finds its manifest and reads the very same bytes, whatever became of the files.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

from kumitate.config.project import Config
from kumitate.config.source import Source
from kumitate.errors import FatalError
from kumitate.ingest.delivery import (
    FILE_EMPTY,
    FILE_MISSING,
    FILE_UNREADABLE,
    REPLAY_PREFIX,
    Delivery,
    Known,
    from_manifest,
    known_from,
    manifest,
)
from kumitate.ingest.tables import DELIVERIES
from kumitate.model.step import Query
from kumitate.ports import Engine

FILES = "files"
_CHUNK_BYTES = 2**20
_READ_ONLY = 0o444


def known_deliveries(engine: Engine) -> Known:
    """What the lake knows of earlier deliveries."""
    query = Query(
        "known_deliveries",
        f"select delivery_id, source, file, sha256, duplicate_of from {DELIVERIES} order by run_id, delivery_id",
    )
    rows = (row for batch in engine.rows(query) for row in batch.to_pylist())
    return known_from(
        Delivery(row["delivery_id"], row["source"], row["file"], row["sha256"], duplicate_of=row["duplicate_of"] or "")
        for row in rows
    )


def land(config: Config, folder: Path, *, run_id: str, known: Known) -> tuple[Delivery, ...]:
    """The run's deliveries, in the order of sources and paths; copied and written down on the first call."""
    written = folder / FILES / f"{run_id}.json"
    if written.exists():
        return from_manifest(written.read_text(encoding="utf-8"))
    landing = _Landing(config.root, folder, run_id=run_id, known=known)
    for name, source in config.sources.items():
        landing.take_files(name, source)
        landing.take_replays(name)
    written.parent.mkdir(parents=True, exist_ok=True)
    with appearing(written) as file:
        file.write(manifest(landing.deliveries).encode())
    return tuple(landing.deliveries)


def stored_deliveries(folder: Path) -> dict[str, Delivery]:
    """Every delivery whose bytes are in the raw area, by id."""
    manifests = sorted((folder / FILES).glob("*.json"))
    deliveries = (delivery for path in manifests for delivery in from_manifest(path.read_text(encoding="utf-8")))
    return {delivery.id: delivery for delivery in deliveries if delivery.stored}


class _Landing:
    """One run's landing under way."""

    def __init__(self, root: Path, folder: Path, *, run_id: str, known: Known) -> None:
        self._root = root
        self._folder = folder
        self._run_id = run_id
        self._known = known
        self.deliveries: list[Delivery] = []

    def take_files(self, name: str, source: Source) -> None:
        """Files whose content the lake has not read; known ones only where they lie under a new path."""
        files = sorted(file for file in self._matching(source.path) if self._is_delivered(self._root / file))
        if not files and not self._known.is_unchanged(name, source.path, ""):
            self._add(Delivery(self._next_id(), name, source.path, problem=FILE_MISSING))
        for file in files:
            self._take(name, Path(file).as_posix())

    def take_replays(self, name: str) -> None:
        """Rows sent back from quarantine since the last run."""
        for path in sorted((self._folder / FILES / name).glob(f"{REPLAY_PREFIX}*.jsonl")):
            if (name, path.name) not in self._known.latest:
                sha256, size = _fingerprint(path)
                stored = path.relative_to(self._folder).as_posix()
                self._add(Delivery(path.stem, name, path.name, sha256, size, stored))

    def _matching(self, pattern: str) -> list[str]:
        return glob.glob(pattern, root_dir=self._root, recursive=True)

    def _is_delivered(self, path: Path) -> bool:
        """Not a folder, and not one of the lake's own copies."""
        return not path.is_dir() and self._folder not in path.parents

    def _take(self, name: str, file: str) -> None:
        try:
            sha256, size = _fingerprint(self._root / file)
        except OSError:
            sha256, size = "", 0
        if self._known.is_unchanged(name, file, sha256):
            return
        delivery = Delivery(self._next_id(), name, file, sha256, size)
        if not sha256:
            delivery = replace(delivery, problem=FILE_UNREADABLE)
        elif not size:
            delivery = replace(delivery, problem=FILE_EMPTY)
        elif first := self._known.first_of(name, sha256):
            delivery = replace(delivery, duplicate_of=first)
        else:
            delivery = self._copied(delivery)
        self._add(delivery)

    def _copied(self, delivery: Delivery) -> Delivery:
        """The delivery with its bytes in the raw area; what was copied counts, should the file change meanwhile."""
        stored = f"{FILES}/{delivery.source}/{delivery.id}-{_plain(delivery.file)}"
        target = self._folder / stored
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with (self._root / delivery.file).open("rb") as source, appearing(target) as copy:
                sha256, size = _copy(source, copy)
        except OSError as error:
            raise FatalError(
                f"{delivery.file}: could not be copied to {self._folder / FILES} ({error.strerror}); "
                "check the space on the disk and the rights of both, then run again"
            ) from error
        return replace(delivery, sha256=sha256, bytes=size, stored=stored)

    def _add(self, delivery: Delivery) -> None:
        self._known.add(delivery)
        self.deliveries.append(delivery)

    def _next_id(self) -> str:
        return f"{self._run_id}-{len(self.deliveries) + 1:05d}"


def _fingerprint(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return _copy(file, None)


def _copy(source: IO[bytes], target: IO[bytes] | None) -> tuple[str, int]:
    """Sha256 and size of all bytes, which also go to `target`."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
        if target is not None:
            target.write(chunk)
    return digest.hexdigest(), size


@contextmanager
def appearing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name, read-only, when all of it is on the disk."""
    temporary = path.with_name(path.name + ".part")
    with temporary.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    temporary.chmod(_READ_ONLY)
    temporary.replace(path)


def _plain(file: str) -> str:
    """The file's own name, without what a file system or a shell may stumble over."""
    return re.sub(r"[^\w.-]", "_", Path(file).name)[-100:]
