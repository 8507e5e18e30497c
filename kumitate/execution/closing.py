"""A run that was killed while delivering: which it was, what left of it, and what the ledger may forget after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from shutil import copy
from typing import TYPE_CHECKING

from kumitate.activation.changes import changes
from kumitate.activation.settlement import state
from kumitate.activation.statements import string
from kumitate.activation.tables import OUTCOMES
from kumitate.errors import FatalError
from kumitate.execution.controls import controls_of, forgotten
from kumitate.execution.ledger import SqliteLedger
from kumitate.execution.outcomes import Settlement
from kumitate.model.request import Outcome, Verdict
from kumitate.model.step import Query, Run
from kumitate.pipeline import step_name

if TYPE_CHECKING:
    from kumitate.execution.overlay import Overlay
    from kumitate.execution.runs import LoggedRun
    from kumitate.execution.workspace import Workspace
    from kumitate.ports import Engine

INTERRUPTED = "interrupted"
"""The note in the run log."""
LEFT = Outcome("", Verdict.RETRY, "run.interrupted")
"""What is said of rows that had not left when their run was killed: the next run plans them anew."""


@dataclass(frozen=True, slots=True)
class Closed:
    """What became of an interrupted run's rows; `left` are those that had not left, or may go again."""

    run_id: str
    accepted: int
    rejected: int
    unknown: int
    left: int


def was_delivering(workspace: Workspace, logged: LoggedRun) -> bool:
    """Whether something of the run may have left when it was killed."""
    if logged.delivering_at is not None:
        return True
    with _ledger(workspace) as ledger:
        return bool(ledger.syncs(logged.id))


def syncs_to_close(workspace: Workspace, run: Run) -> tuple[str, ...]:
    """The syncs whose changes are of this run, or that have notes of it.

    FatalError where the project no longer has one that was being delivered: forgotten, its rows would leave twice.
    """
    config = workspace.config
    with _ledger(workspace) as ledger:
        noted = ledger.syncs(run.id)
    gone = [sync for sync in noted if sync not in config.syncs]
    if gone:
        one = len(gone) == 1
        raise FatalError(
            f"{'sync' if one else 'syncs'} {', '.join(gone)} {'was' if one else 'were'} being delivered when run"
            f" {run.id} was interrupted; put {'it' if one else 'them'} back into the project, run once, then remove"
            f" {'it' if one else 'them'}"
        )
    return tuple(sync for sync in sorted(config.run_syncs) if sync in noted or _is_planned(workspace, run, sync))


def _is_planned(workspace: Workspace, run: Run, sync: str) -> bool:
    plan = changes(workspace.config, sync, run)
    return workspace.lake.done_by(plan.table, step_name(plan)) == run.id


def closed(workspace: Workspace, run_id: str) -> Closed:
    """What the lake says of the run's rows, once all are settled."""
    sql = f"select verdict, count(*) as rows from {OUTCOMES} where run_id = {string(run_id)} group by verdict"
    batches = workspace.engine.rows(Query("closed_run", sql))
    found = {row["verdict"]: row["rows"] for batch in batches for row in batch.to_pylist()}
    accepted, rejected, unknown, left = (found.get(name, 0) for name in ("accepted", "rejected", "unknown", "retry"))
    return Closed(run_id, accepted, rejected, unknown, left)


def forget_settled(workspace: Workspace, run_id: str) -> None:
    """Drop the ledger's notes of syncs whose outcomes and states of this run are in the lake; others stay."""
    if not (workspace.folder / _FILE).exists():
        return
    with _ledger(workspace) as ledger:
        done = [s for s in workspace.config.syncs if workspace.lake.done_by(OUTCOMES, f"deliver.{s}") == run_id]
        ledger.forget(run_id, done)


def as_if_closed(workspace: Workspace, overlay: Overlay, engine: Engine, *, last: LoggedRun, sync: str) -> bool:
    """Whether `last` was killed while delivering; then `overlay` holds what its notes say of the sync's rows.

    The ledger is read from a copy: to open it is to write to it.
    """
    if last.finished_at is not None:
        return False
    for path in workspace.folder.glob(f"{_FILE}*"):
        copy(path, overlay.folder / path.name)
    with closing(SqliteLedger(overlay.folder / _FILE, clock=lambda: datetime.now(UTC))) as ledger:
        if last.delivering_at is None and not ledger.syncs(last.id):
            return False
        notes = ledger.notes(last.id, sync)
    run = Run(last.id, last.as_of, forgotten=forgotten(controls_of(workspace.folder).decisions()))
    if not _is_planned(workspace, run, sync):
        return True
    if workspace.lake.done_by(OUTCOMES, f"deliver.{sync}") != run.id:
        idempotent = workspace.project.destinations[sync].terms.idempotent
        settlement = Settlement(run=run, sync=sync, notes=notes, idempotent=idempotent, rest=LEFT)
        names = ", ".join(column.name for column in OUTCOMES.columns)
        before = engine.rows(Query("outcomes_before", f"select {names} from {OUTCOMES}"))
        overlay.put(OUTCOMES, chain(before, settlement.batches(engine)))
    overlay.carry_out(state(workspace.config, run, sync), engine)
    return True


_FILE = "ledger.db"


@contextmanager
def _ledger(workspace: Workspace) -> Iterator[SqliteLedger]:
    with closing(SqliteLedger(workspace.folder / _FILE, clock=lambda: datetime.now(UTC))) as ledger:
        yield ledger
