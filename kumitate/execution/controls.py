"""What people decided about syncs (paused, cancelled, approved, reset), and which syncs a run must not deliver."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kumitate.errors import FatalError
from kumitate.model.decision import Action as Action
from kumitate.model.decision import Decision as Decision
from kumitate.model.step import Query

if TYPE_CHECKING:  # a delivery function asks whether it may go on, and loads no Arrow for it
    from kumitate.model.step import Run
    from kumitate.ports import Engine

PAUSED, CANCELLED = "paused", "cancelled"
"""Why a sync is held, where it is none of `activation.sync_holds` (`guard.adds`, `guard.removes`, `approval`)."""


class Controls(Protocol):
    """Every decision ever taken, and a place for the next: nothing is changed or taken back."""

    def decisions(self) -> Sequence[Decision]:
        """Oldest first."""
        ...

    def note(self, decision: Decision) -> None:
        """Durable before the call returns."""
        ...


@dataclass(frozen=True, slots=True)
class FileControls:
    """Decisions on a laptop: one line of JSON each (`controls.jsonl` beside the lake)."""

    path: Path

    def decisions(self) -> Sequence[Decision]:
        if not self.path.exists():
            return ()
        lines = self.path.read_text(encoding="utf-8").splitlines()
        try:
            return tuple(Decision.from_json(json.loads(line)) for line in lines if line.strip())
        except (ValueError, TypeError, KeyError):
            raise FatalError(f"{self.path.name} cannot be read; mend the line that is no decision") from None

    def note(self, decision: Decision) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(decision.to_json(), ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())


def controls_of(folder: Path) -> FileControls:
    """The decisions of the workspace in `folder`."""
    return FileControls(folder / "controls.jsonl")


def paused(decisions: Iterable[Decision]) -> Mapping[str, Decision]:
    """Syncs that are paused now, by the decision that did it."""
    newest = {d.sync: d for d in decisions if d.action in (Action.PAUSE, Action.RESUME)}
    return {sync: decision for sync, decision in newest.items() if decision.action is Action.PAUSE}


def is_cancelled(decisions: Iterable[Decision], sync: str, run_id: str) -> bool:
    """Whether nothing more of the sync may leave in this run: the run was cancelled, or the sync is paused by now."""
    own = [decision for decision in decisions if decision.sync == sync]
    return sync in paused(own) or any(d.action is Action.CANCEL and d.run_id == run_id for d in own)


def forgotten(decisions: Iterable[Decision]) -> Mapping[str, str]:
    """Per sync that was reset, the run up to which its accepted state no longer counts (`Run.forgotten`)."""
    return {d.sync: d.run_id for d in decisions if d.action is Action.RESET}


def holds(engine: Engine, controls: Controls, run: Run) -> Mapping[str, str]:
    """Sync -> the reason it must not begin to deliver in `run`; nothing of it leaves, and it has no outcomes.

    Asked before anything of the run has left. A sync that has notes of this run in the ledger was under way when it
    was paused or cancelled: it is stopped by `is_cancelled`, and what became of its rows is settled.
    """
    decisions = controls.decisions()
    held = dict.fromkeys(paused(decisions), PAUSED)
    held |= {d.sync: CANCELLED for d in decisions if d.action is Action.CANCEL and d.run_id == run.id}
    return {**unapproved(engine, decisions, run), **held}


def unapproved(engine: Engine, decisions: Iterable[Decision], run: Run) -> Mapping[str, str]:
    """Sync -> why a person must approve first what it has to bring in `run`.

    An approval is one of what an earlier run was held for: no run lets itself go.
    """
    approved = {d.sync: d.run_id for d in decisions if d.action is Action.APPROVE and d.run_id < run.id}
    rows = _held_rows(engine, {run.id, *approved.values()})
    held: dict[str, str] = {}
    for sync, reason, figures in ((sync, reason, f) for (id_, sync, reason), f in rows.items() if id_ == run.id):
        granted = [f for (id_, name, _), f in rows.items() if name == sync and id_ == approved.get(sync)]
        if (
            not granted
            or not figures.within(granted[0])
            or _delivered_since(engine, sync, after=approved[sync], before=run.id)
        ):
            held.setdefault(sync, reason)
    return held


def stopped_in(engine: Engine, controls: Controls, run_id: str, *, ended: datetime) -> Mapping[str, str]:
    """Sync -> why nothing of it may have left in a run that has ended; what was approved since left in a later one."""
    held = {sync: reason for (_, sync, reason) in _held_rows(engine, [run_id])}
    return {**held, **dict.fromkeys(paused(d for d in controls.decisions() if d.at <= ended), PAUSED)}


@dataclass(frozen=True, slots=True)
class Held:
    """How many changes of each kind a held sync had."""

    creates: int
    updates: int
    deletes: int

    def within(self, approved: Held) -> bool:
        """Whether there are no more of any kind than were approved."""
        return (
            self.creates <= approved.creates and self.updates <= approved.updates and self.deletes <= approved.deletes
        )


def _held_rows(engine: Engine, run_ids: Iterable[str]) -> dict[tuple[str, str, str], Held]:
    """(run, sync, reason) -> figures."""
    from kumitate.activation.guard import holds_query

    found = (row for batch in engine.rows(holds_query(run_ids)) for row in batch.to_pylist())
    return {
        (row["run_id"], row["sync"], row["reason"]): Held(row["creates"], row["updates"], row["deletes"])
        for row in found
    }


def _delivered_since(engine: Engine, sync: str, *, after: str, before: str) -> bool:
    """An approval is used up by the first run after it that delivers; what failed then goes again without one."""
    from kumitate.activation.statements import string
    from kumitate.activation.tables import OUTCOMES

    sql = (
        f"select count(*) as rows from {OUTCOMES}"
        f" where sync = {string(sync)} and run_id > {string(after)} and run_id < {string(before)}"
        " and (reason is null or not starts_with(reason, 'settled.'))"  # a person's word is no delivery
    )
    return any(row["rows"] > 0 for batch in engine.rows(Query("delivered", sql)) for row in batch.to_pylist())


@dataclass(slots=True, kw_only=True)
class Watch:
    """Asked before every request whether a sync may still deliver; looks at the decisions now and then."""

    controls: Controls
    sync: str
    run_id: str
    clock: Callable[[], datetime]
    every: timedelta = timedelta(seconds=2)
    _looked: datetime | None = field(default=None, init=False)
    _is_stopped: bool = field(default=False, init=False)

    def is_stopped(self) -> bool:
        """True once the sync was paused or its run cancelled; it stays so in this run."""
        now = self.clock()
        if not self._is_stopped and (self._looked is None or now - self._looked >= self.every):
            self._looked = now
            self._is_stopped = is_cancelled(self.controls.decisions(), self.sync, self.run_id)
        return self._is_stopped
