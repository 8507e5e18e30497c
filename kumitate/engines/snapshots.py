"""A lake table's past: which commit came from which step, and what of it is let go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.snapshots import Snapshot as IcebergSnapshot

DONE = "kumitate.done."
STEP = "kumitate.step"
RUN_ID = "kumitate.run_id"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of a table that can still be read."""

    id: int
    at: datetime
    rows: int
    step: str
    run_id: str


def done_by(table: IcebergTable, step: str) -> str:
    """The run that last committed `step`: as its newest snapshot says, or the table's own note, if that is newer.

    The note outlives the snapshot; an engine that cannot write both in one commit writes the snapshot first. An empty
    step asks for any.
    """
    committed = (_note(state, RUN_ID) for state in _states(table) if step in ("", _note(state, STEP)))
    noted = (run for key, run in table.properties.items() if key == DONE + step or (not step and key.startswith(DONE)))
    return max((*noted, *committed), default="")


def history_of(table: IcebergTable) -> tuple[Snapshot, ...]:
    """The states that can be read, oldest first."""
    return tuple(_snapshot(snapshot) for snapshot in _states(table))


def _states(table: IcebergTable) -> list[IcebergSnapshot]:
    """Snapshots a step ended with; the emptied table between a replacement's two halves is none."""
    return sorted(
        (snapshot for snapshot in table.snapshots() if _note(snapshot, STEP)),
        key=lambda snapshot: snapshot.sequence_number or 0,
    )


def _snapshot(snapshot: IcebergSnapshot) -> Snapshot:
    at = datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)
    rows = int(_note(snapshot, "total-records") or 0)
    return Snapshot(snapshot.snapshot_id, at, rows, _note(snapshot, STEP), _note(snapshot, RUN_ID))


def _note(snapshot: IcebergSnapshot, key: str) -> str:
    return snapshot.summary.additional_properties.get(key, "") if snapshot.summary else ""


def expire_snapshots(table: IcebergTable, keep: int) -> bool:
    """Forget all but the newest `keep` states; whether there was anything to forget."""
    states = _states(table)
    if len(states) <= keep:
        return False
    kept = {snapshot.snapshot_id for snapshot in states[-keep:]} | {table.metadata.current_snapshot_id}
    old = [snapshot.snapshot_id for snapshot in table.snapshots() if snapshot.snapshot_id not in kept]
    table.maintenance.expire_snapshots().by_ids(old).commit()
    return True


def remove_unreferenced(table: IcebergTable) -> None:
    """Delete the table's files that no state needs, also what a killed write left; nobody may be writing."""
    needed = {local_path(location) for location in _needed(table)}
    for path in Path(local_path(table.location())).rglob("*"):
        if path.is_file() and str(path) not in needed:
            path.unlink()


def local_path(location: str) -> str:
    """A location as a path: ours are paths already, other tools write file:// before them."""
    return location.removeprefix("file://")


def _needed(table: IcebergTable) -> Iterator[str]:
    yield table.metadata_location
    yield from (entry.metadata_file for entry in table.metadata.metadata_log)
    seen = set()
    for snapshot in table.snapshots():
        yield snapshot.manifest_list
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path not in seen:
                seen.add(manifest.manifest_path)
                yield manifest.manifest_path
                for entry in manifest.fetch_manifest_entry(table.io):
                    yield entry.data_file.file_path
