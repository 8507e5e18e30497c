"""Landing: before anything is read, a run's files are copied into the lake's raw area and written down for good.

A run that is taken up again finds its manifest and reads the very same bytes, whatever became of the files.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath

from kumitate.blueprint.names import FILES
from kumitate.config.project import Config
from kumitate.config.source import Source
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
from kumitate.model.fingerprint import fingerprint
from kumitate.model.step import Query
from kumitate.ports import Engine, Found, Inbox, RawArea


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


def land(config: Config, inbox: Inbox, raw_area: RawArea, *, run_id: str, known: Known) -> tuple[Delivery, ...]:
    """The run's deliveries, in the order of sources and paths; copied and written down on the first call."""
    written = f"{FILES}/{run_id}.json"
    if written in raw_area.names(written):
        return _deliveries_of(raw_area, written)
    landing = _Landing(inbox, raw_area, run_id=run_id, known=known)
    for name, source in config.sources.items():
        landing.take_files(name, source)
        landing.take_replays(name)
    with raw_area.add(written) as file:
        file.write(manifest(landing.deliveries).encode())
    return tuple(landing.deliveries)


def stored_deliveries(raw_area: RawArea) -> dict[str, Delivery]:
    """Every delivery whose bytes are in the raw area, by id."""
    manifests = (name for name in raw_area.names(f"{FILES}/") if name.count("/") == 1 and name.endswith(".json"))
    deliveries = (delivery for name in manifests for delivery in _deliveries_of(raw_area, name))
    return {delivery.id: delivery for delivery in deliveries if delivery.stored}


def _deliveries_of(raw_area: RawArea, name: str) -> tuple[Delivery, ...]:
    with raw_area.open(name) as file:
        return from_manifest(file.read().decode())


class _Landing:
    """One run's landing under way."""

    def __init__(self, inbox: Inbox, raw_area: RawArea, *, run_id: str, known: Known) -> None:
        self._inbox = inbox
        self._raw_area = raw_area
        self._run_id = run_id
        self._known = known
        self.deliveries: list[Delivery] = []

    def take_files(self, name: str, source: Source) -> None:
        """Files whose content the lake has not read; known ones only where they lie under a new path."""
        none = True
        for found in self._inbox.delivered(name, source.path):
            none = False
            self._take(name, found)
        if none and not self._known.is_unchanged(name, source.path, ""):
            self._add(Delivery(self._next_id(), name, source.path, problem=FILE_MISSING))

    def take_replays(self, name: str) -> None:
        """Rows sent back from quarantine since the last run."""
        for stored in self._raw_area.names(f"{FILES}/{name}/{REPLAY_PREFIX}"):
            path = PurePosixPath(stored)
            if path.suffix == ".jsonl" and (name, path.name) not in self._known.latest:
                with self._raw_area.open(stored) as file:
                    sha256, size = fingerprint(file)
                self._add(Delivery(path.stem, name, path.name, sha256, size, stored))

    def _take(self, name: str, found: Found) -> None:
        if self._known.is_unchanged(name, found.file, found.sha256):
            return
        delivery = Delivery(self._next_id(), name, found.file, found.sha256, found.bytes)
        if not found.sha256:
            delivery = replace(delivery, problem=FILE_UNREADABLE)
        elif not found.bytes:
            delivery = replace(delivery, problem=FILE_EMPTY)
        elif first := self._known.first_of(name, found.sha256):
            delivery = replace(delivery, duplicate_of=first)
        else:
            kept = self._inbox.keep(found, f"{FILES}/{name}/{delivery.id}-{_plain(found.file)}")
            delivery = replace(delivery, sha256=kept.sha256, bytes=kept.bytes, stored=kept.name)
        self._add(delivery)

    def _add(self, delivery: Delivery) -> None:
        self._known.add(delivery)
        self.deliveries.append(delivery)

    def _next_id(self) -> str:
        return f"{self._run_id}-{len(self.deliveries) + 1:05d}"


def _plain(file: str) -> str:
    """The file's own name, without what a file system or a shell may stumble over."""
    return re.sub(r"[^\w.-]", "_", PurePosixPath(file).name)[-100:]
