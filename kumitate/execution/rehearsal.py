"""A sync rehearsed: what it would bring, in how many calls and how long; nothing is written and nothing leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from kumitate.activation.destinations.abilities import requests_at
from kumitate.activation.destinations.talk import Ask, Conversing, Done, State, Wait
from kumitate.activation.guard import holds_query
from kumitate.activation.portions import ROWS_AT_ONCE, WHOLE, cut, portion_rows
from kumitate.activation.routes import seconds_between_requests
from kumitate.activation.stage import ACTIVATION, of_syncs
from kumitate.activation.tables import SYNC_COUNTS, changes_table
from kumitate.engines.duckdb import DuckDBEngine
from kumitate.execution.closing import as_if_closed
from kumitate.execution.controls import controls_of, paused, unapproved
from kumitate.execution.conversing import memory_for
from kumitate.execution.memory import SqliteMemory
from kumitate.execution.outcomes import changes_of
from kumitate.execution.overlay import Overlay, declared_tables
from kumitate.execution.run import planning_run
from kumitate.execution.runs import LoggedRun
from kumitate.execution.workspace import Workspace
from kumitate.model.request import Change, Outcome, Verdict
from kumitate.model.step import BatchStep, Query, QueryStep, Run
from kumitate.ports import Engine

if TYPE_CHECKING:  # a cold start pays for destinations when it knows which
    from kumitate.activation.destinations.base import Destination


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a person must approve first: what the run would bring, and how much may leave without."""

    reason: str
    creates: int
    updates: int
    deletes: int
    accepted: int
    limit_rows: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a sync would do: candidates by what becomes of them, changes by operation, those that cannot be sent by
    reason, calls and the seconds they take at the account's pace.
    """

    sync: str
    outcomes: dict[str, int]
    """As in `activation.sync_counts`: `create`, `update`, `retried`, `unchanged`, `held:<gate>`, `delete`, …"""
    invalid: dict[str, int]
    requests: int
    operations: dict[str, int] = field(default_factory=dict)
    """Rows that would be sent, also those tried before: `create`, `update`, `delete`, `keep`."""
    seconds: float = 0.0
    is_least: bool = False
    """More calls follow from the answers: there are jobs or sessions."""
    holds: tuple[Hold, ...] = ()
    """Not empty: nothing of it would leave before a person has approved it."""
    is_approved: bool = False
    """A person has approved as much as it has to bring, and no run has used that up."""
    is_paused: bool = False
    interrupted: str = ""
    """The run that was killed while delivering: the next one closes it first, which is counted as done here."""
    conversations: int = 0
    """Jobs, sessions and audiences built anew; `requests` counts the first call of each."""
    least_rows: int = 0
    """An audience of fewer people is of no use at the platform; 0 where it says nothing of it."""

    @property
    def people(self) -> int:
        """How many the audience would hold of those who are its candidates now."""
        brought = sum(self.outcomes.get(each, 0) for each in ("unchanged", "create", "update", "retried"))
        return max(0, brought - sum(self.invalid.values()))

    @property
    def is_too_small(self) -> bool:
        return 0 < self.people < self.least_rows

    def to_json(self) -> dict[str, Any]:
        counted = {f"{each}s": self.operations.get(each, 0) for each in ("create", "update", "delete")}
        held = {name.removeprefix("held:"): n for name, n in self.outcomes.items() if name.startswith("held:")}
        size = {"people": self.people, "is_too_small": self.is_too_small}
        return asdict(self) | counted | size | {"held": held, "holds": [asdict(each) for each in self.holds]}


def rehearse(workspace: Workspace, sync: str, last: LoggedRun) -> Rehearsal:
    """Plan `sync` as the run after `last` would, over the segments as they are now."""
    config = workspace.config
    run = replace(planning_run(workspace, last), id=f"r{int(last.id[1:]) + 1:06d}")
    with TemporaryDirectory(dir=workspace.folder) as name:
        overlay = Overlay(workspace.lake, declared_tables(config), Path(name))
        engine = DuckDBEngine(overlay, temp_directory=Path(name) / "tmp")
        try:
            closed = as_if_closed(workspace, overlay, engine, last=last, sync=sync)
            for step in of_syncs(ACTIVATION, (sync,)).plan(config, run):
                if isinstance(step, BatchStep | QueryStep):
                    overlay.carry_out(step, engine)
            memory = _remembered(workspace, sync, Path(name))
            calls = Calls(workspace.project.destinations[sync], config.syncs[sync].mode, memory)
            told = _told(workspace, engine, run, sync=sync, calls=calls.count(changes_of(engine, sync)))
            return replace(told, interrupted=last.id if closed else "")
        finally:
            engine.close()


def _told(workspace: Workspace, engine: Engine, run: Run, *, sync: str, calls: Calls) -> Rehearsal:
    account = workspace.config.destinations[workspace.config.syncs[sync].destination]
    decisions = controls_of(workspace.folder).decisions()
    held = tuple(_holds(engine, run, sync))
    waits = sync in unapproved(engine, decisions, run)
    return Rehearsal(
        sync,
        _counted(engine, f"select outcome, rows from {SYNC_COUNTS} where run_id = '{run.id}'"),
        dict(sorted(calls.invalid.items())),
        calls.requests,
        _counted(engine, f"select operation, count(*) as rows from {changes_table(sync)} group by operation"),
        calls.requests * seconds_between_requests(account),
        calls.conversations > 0,
        held if waits else (),
        bool(held) and not waits,
        sync in paused(decisions),
        conversations=calls.conversations,
        least_rows=calls.least_rows,
    )


def _remembered(workspace: Workspace, sync: str, folder: Path) -> State:
    """What conversations with the sync's destination left, read from a copy: to open it is to write to it."""
    destination = workspace.project.destinations[sync]
    if not isinstance(destination, Conversing):
        return {}
    for path in workspace.folder.glob("memory.db*"):
        copy(path, folder / path.name)
    memory = SqliteMemory(folder / "memory.db")
    return memory_for(destination, memory.recall(sync), memory.recall)


def _counted(engine: Engine, sql: str) -> dict[str, int]:
    """Rows by the first column."""
    rows = (tuple(row.values()) for batch in engine.rows(Query("counted", sql)) for row in batch.to_pylist())
    return dict(sorted(rows))


def _holds(engine: Engine, run: Run, sync: str) -> Iterator[Hold]:
    for batch in engine.rows(holds_query([run.id])):
        for row in batch.to_pylist():
            if row["sync"] == sync:
                yield Hold(**{name: row[name] for name in Hold.__slots__})


@dataclass(slots=True)
class Calls:
    """Counts what a destination makes of changes, without asking it anything."""

    destination: Destination
    mode: str
    memory: Mapping[str, Any]
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    requests: int = 0
    conversations: int = 0
    invalid: Counter[str] = field(default_factory=Counter)

    @property
    def least_rows(self) -> int:
        return 0 if self.mode == "delete" else self.destination.terms.least_rows

    def count(self, portions: Iterable[Sequence[Change]]) -> Calls:
        """Of all portions, cut as they are when they leave."""
        kind = type(self.destination)
        rows = WHOLE if self.destination.terms.is_whole_in(self.mode) else portion_rows(kind, ROWS_AT_ONCE)
        for portion in cut(portions, rows):
            self._portion(portion)
        return self

    def _portion(self, changes: Sequence[Change]) -> None:
        turn = self.destination.begins(changes, self.memory) if isinstance(self.destination, Conversing) else None
        match turn:
            case None:
                for made in requests_at(self.now, self.destination, changes):
                    self._made(made)
            case Ask() | Wait():
                self.requests += isinstance(turn, Ask)
                self.conversations += 1
            case Done(outcomes=outcomes):
                for outcome in outcomes:
                    self._made(outcome)

    def _made(self, made: object) -> None:
        if not isinstance(made, Outcome):
            self.requests += 1
        elif made.verdict is not Verdict.ACCEPTED:
            self.invalid[made.reason] += 1
