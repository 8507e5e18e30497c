"""What a sync has to bring, read from the lake, and what became of it, as rows for the lake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.activation.changes import changes_in_order
from kumitate.activation.destinations.answers import UNAVAILABLE
from kumitate.activation.tables import OUTCOMES, PLATFORM_FIGURES
from kumitate.execution.figures import figure_rows, noted_figures
from kumitate.model.request import Change, Operation, Outcome, Verdict
from kumitate.model.step import Mode, Run
from kumitate.model.written import written
from kumitate.ports import Engine, LakeWriter, Mark, Memory

ROWS_AT_ONCE = 10_000
_OPERATIONS = {operation.value: operation for operation in Operation}
NEXT_TIME = Outcome("", Verdict.RETRY, UNAVAILABLE)


def changes_of(engine: Engine, sync: str, rows_at_once: int = ROWS_AT_ONCE) -> Iterator[list[Change]]:
    """What a sync has to bring, in pieces of at most `rows_at_once`; removals first."""
    for batch in engine.rows(changes_in_order(sync)):
        for start in range(0, batch.num_rows, rows_at_once):
            yield _changes(batch.slice(start, rows_at_once))


def _changes(batch: pa.RecordBatch) -> list[Change]:
    keys, operations, persons = (batch.column(name).to_pylist() for name in ("key", "operation", "person_id"))
    fields, told = written(batch.column("fields").to_pylist()), batch.column("previous_fields")
    before: Sequence[Mapping[str, Any]] = [{}] * len(told)
    if told.null_count < len(told):
        before = written([text or "{}" for text in told.to_pylist()])
    since = [run_id or "" for run_id in batch.column("accepted_run_id").to_pylist()]
    shared = [tuple((names or "").split()) for names in batch.column("shared").to_pylist()]
    return list(map(Change, keys, map(_OPERATIONS.__getitem__, operations), fields, persons, before, since, shared))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The ledger's notes of one sync, read as outcomes of its changes."""

    run: Run
    sync: str
    notes: Mapping[str, Outcome | datetime]
    idempotent: bool
    rest: Outcome = NEXT_TIME
    """What is said of rows that have not been sent."""

    def batches(self, engine: Engine) -> Iterator[pa.RecordBatch]:
        """One row per change: its verdict, or that it comes again; without a verdict where it may have left.

        Rows that are kept when a whole is built anew are no change, unless they are refused: these are out of it.
        """
        for batch in engine.rows(changes_in_order(self.sync)):
            kept = pc.equal(batch.column("operation"), Operation.KEEP.value)
            yield self._rows(batch.filter(pc.invert(kept)))
            if pc.any(kept).as_py():
                members = batch.filter(kept)
                yield self._rows(members.filter(pa.array(map(self._is_refused, members.column("key").to_pylist()))))

    def _is_refused(self, key: str) -> bool:
        note = self.notes.get(key)
        return isinstance(note, Outcome) and note.verdict is Verdict.REJECTED

    def _rows(self, changes: pa.RecordBatch) -> pa.RecordBatch:
        found = [self._outcome(key) for key in changes.column("key").to_pylist()]
        at = self.run.as_of.astimezone(UTC).replace(tzinfo=None)
        columns = {
            "run_id": pa.repeat(self.run.id, len(found)),
            "at": pa.repeat(pa.scalar(at, OUTCOMES.schema.field("at").type), len(found)),
            "sync": pa.repeat(self.sync, len(found)),
            "key": changes.column("key"),
            "person_id": changes.column("person_id"),
            "operation": changes.column("operation"),
            "verdict": pa.array([outcome.verdict.value for outcome in found], pa.string()),
            "reason": pa.array([outcome.reason for outcome in found], pa.string()),
            "message": pa.array([outcome.message for outcome in found], pa.string()),
        }
        schema = OUTCOMES.schema
        return pa.RecordBatch.from_arrays(
            [columns[name].cast(schema.field(name).type) for name in schema.names], schema=schema
        )

    def _outcome(self, key: str) -> Outcome:
        note = self.notes.get(key)
        if isinstance(note, Outcome):
            return note
        may_have_left = note is not None and not self.idempotent
        verdict = Verdict.UNKNOWN if may_have_left else Verdict.RETRY
        return Outcome(key, verdict, self.rest.reason, self.rest.message)


def write_figures(lake: LakeWriter, memory: Memory, sync: str, *, run_id: str) -> int:
    """What platforms have told since the run before goes into the lake, once, and is forgotten; how many rows."""
    notes, mark = noted_figures(memory, sync), Mark(Mode.APPEND, f"figures.{sync}", run_id)
    rows = 0
    if notes and lake.done_by(PLATFORM_FIGURES, mark.step) != run_id:
        rows = lake.write(PLATFORM_FIGURES, _figure_batches(notes, sync), mark)
    for name in notes:
        memory.remember(sync, name, None)
    return rows


def _figure_batches(notes: Mapping[str, Mapping[str, Any]], sync: str) -> Iterator[pa.RecordBatch]:
    """Noted figures as rows of `activation.platform_figures`."""
    names = PLATFORM_FIGURES.schema.names
    rows = [dict(zip(names, row, strict=True)) for row in figure_rows(notes, sync)]
    for row in rows:
        row["at"] = datetime.fromisoformat(str(row["at"])).astimezone(UTC).replace(tzinfo=None)
    yield pa.RecordBatch.from_pylist(rows, schema=PLATFORM_FIGURES.schema)
