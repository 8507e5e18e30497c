"""What a sync has to bring, read from the lake, and what became of it, as rows for the lake."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from kumitate.activation.changes import changes_in_order
from kumitate.activation.destinations.answers import UNAVAILABLE
from kumitate.activation.tables import OUTCOMES, PLATFORM_FIGURES
from kumitate.execution.figures import figure_rows
from kumitate.model.request import Change, Operation, Outcome, Verdict
from kumitate.model.step import Run
from kumitate.ports import Engine

ROWS_AT_ONCE = 10_000
NEXT_TIME = Outcome("", Verdict.RETRY, UNAVAILABLE)


def changes_of(engine: Engine, sync: str, rows_at_once: int = ROWS_AT_ONCE) -> Iterator[list[Change]]:
    """What a sync has to bring, in pieces of at most `rows_at_once`; removals first."""
    for batch in engine.rows(changes_in_order(sync)):
        for start in range(0, batch.num_rows, rows_at_once):
            yield [_change(row) for row in batch.slice(start, rows_at_once).to_pylist()]


def _change(row: Mapping[str, str]) -> Change:
    previous = json.loads(row["previous_fields"]) if row["previous_fields"] else {}
    return Change(row["key"], Operation(row["operation"]), json.loads(row["fields"]), row["person_id"], previous)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The ledger's notes of one sync, read as outcomes of its changes."""

    run: Run
    sync: str
    notes: Mapping[str, Outcome | datetime]
    idempotent: bool
    rest: Outcome = NEXT_TIME
    """What is said of rows that have not been sent."""

    def batches(self, changes: Iterable[list[Change]]) -> Iterator[pa.RecordBatch]:
        """One row per change: its verdict, or that it comes again; without a verdict where it may have left.

        Rows that are kept when a whole is built anew are no change.
        """
        for chunk in changes:
            rows = [self._row(change) for change in chunk if change.operation is not Operation.KEEP]
            yield pa.RecordBatch.from_pylist(rows, schema=OUTCOMES.schema)

    def _row(self, change: Change) -> dict[str, object]:
        outcome = self._outcome(change)
        return {
            "run_id": self.run.id,
            "at": self.run.as_of.astimezone(UTC).replace(tzinfo=None),
            "sync": self.sync,
            "key": change.key,
            "person_id": change.person_id,
            "operation": change.operation.value,
            "verdict": outcome.verdict.value,
            "reason": outcome.reason,
            "message": outcome.message,
        }

    def _outcome(self, change: Change) -> Outcome:
        note = self.notes.get(change.key)
        if isinstance(note, Outcome):
            return note
        may_have_left = note is not None and not self.idempotent
        verdict = Verdict.UNKNOWN if may_have_left else Verdict.RETRY
        return Outcome(change.key, verdict, self.rest.reason, self.rest.message)


def figure_batches(notes: Mapping[str, Mapping[str, Any]], sync: str) -> Iterator[pa.RecordBatch]:
    """Noted figures as rows of `activation.platform_figures`."""
    names = PLATFORM_FIGURES.schema.names
    rows = [dict(zip(names, row, strict=True)) for row in figure_rows(notes, sync)]
    for row in rows:
        row["at"] = datetime.fromisoformat(str(row["at"])).astimezone(UTC).replace(tzinfo=None)
    yield pa.RecordBatch.from_pylist(rows, schema=PLATFORM_FIGURES.schema)
