"""One run: every stage's steps in order, each committed once, taken up again where a killed run stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from kumitate.errors import FatalError
from kumitate.execution.deliver import deliver
from kumitate.execution.runs import LoggedRun
from kumitate.execution.workspace import Workspace
from kumitate.model.step import (
    BatchStep,
    DeliverStep,
    GraphStep,
    IngestStep,
    Query,
    QueryStep,
    Run,
    Stage,
    Step,
)
from kumitate.pipeline import STAGES, all_tables, step_name
from kumitate.ports import Mark, Progress


@dataclass(frozen=True, slots=True)
class StageResult:
    """What one stage did: seconds it took, rows its steps wrote (nothing for steps done before a kill)."""

    name: str
    seconds: float
    rows: dict[str, int]


@dataclass(slots=True)
class RunSummary:
    """What a run did, for the command line and the report."""

    run_id: str
    as_of: datetime
    resumed: bool
    engine: str
    stages: list[StageResult] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return sum(stage.seconds for stage in self.stages)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"as_of": self.as_of.isoformat(), "seconds": round(self.seconds, 3)}


def execute(
    workspace: Workspace, *, until: str | None = None, as_of: datetime | None = None, progress: Progress
) -> RunSummary:
    """Run the pipeline, up to stage `until`; an interrupted run is finished first, with its own clock.

    Raises FatalError for an unknown stage and whatever a stage raises; what is committed stays.
    """
    stages = _stages_until(until)
    clock = as_of or workspace.config.settings.as_of or datetime.now(UTC)
    with workspace.lake.lock():
        interrupted = _interrupted(workspace)
        if interrupted is not None:
            summary = _execute_one(workspace, stages, interrupted, progress)
            if interrupted.fingerprint == workspace.fingerprint and as_of in (None, interrupted.as_of):
                return summary
        logged = workspace.runs.begin(clock, workspace.fingerprint, datetime.now(UTC))
        return _execute_one(workspace, stages, logged, progress, resumed=False)


def planning_run(workspace: Workspace, logged: LoggedRun) -> Run:
    """The fixed points of `logged` as plans see them: clock, what is consumed, the segments' places."""
    through = {}
    for table, step in _consuming_steps(workspace, logged):
        through[table] = workspace.lake.done_by(step.table, step_name(step))
    bits = {}
    for batch in workspace.engine.rows(Query("segment_bits", "select segment, bit from curated.segment_bits")):
        bits |= {row["segment"]: row["bit"] for row in batch.to_pylist()}
    return Run(logged.id, logged.as_of, through, bits)


def _consuming_steps(workspace: Workspace, logged: LoggedRun) -> Iterator[tuple[str, Step]]:
    """The steps that read what is new since they last ran: those that write a staging table from raw."""
    bare = Run(logged.id, logged.as_of)
    for stage in STAGES:
        if stage.name == "cleanse":
            for step in stage.plan(workspace.config, bare):
                if step.table.database == "staging":
                    yield str(step.table), step


def _execute_one(
    workspace: Workspace, stages: tuple[Stage, ...], logged: LoggedRun, progress: Progress, *, resumed: bool = True
) -> RunSummary:
    workspace.lake.prepare(all_tables(workspace.config))
    summary = RunSummary(logged.id, logged.as_of, resumed, workspace.engine_name)
    run = planning_run(workspace, logged)
    _land(workspace, run, progress)
    for number, stage in enumerate(stages):
        progress(stage.name, number, len(stages))
        started = time.perf_counter()
        rows = _run_stage(workspace, stage, run, progress)
        summary.stages.append(StageResult(stage.name, round(time.perf_counter() - started, 3), rows))
    progress("finished", len(stages), len(stages))
    until = None if len(stages) == len(STAGES) else stages[-1].name
    workspace.lake.expire(keep=3)
    workspace.runs.finish(run.id, datetime.now(UTC), until)
    return summary


def _run_stage(workspace: Workspace, stage: Stage, run: Run, progress: Progress) -> dict[str, int]:
    steps = stage.plan(workspace.config, run)
    workspace.lake.prepare({str(step.table): step.table for step in steps}.values())
    deliveries = tuple(step for step in steps if isinstance(step, DeliverStep))
    if deliveries:
        deliver(workspace, deliveries, run, progress)
    rows = {}
    for number, step in enumerate(steps):
        progress(f"{stage.name} {step.table}", number, len(steps))
        if not isinstance(step, DeliverStep):
            rows[step_name(step)] = _run_step(workspace, step, run)
    return rows


def _run_step(workspace: Workspace, step: Step, run: Run) -> int:
    if isinstance(step, IngestStep):
        return _ingest(workspace, step, run)
    if isinstance(step, DeliverStep):
        raise FatalError(f"{step.sync}: deliveries run together, not one by one")
    mark = Mark(step.mode, step_name(step), run.id)
    if workspace.lake.done_by(step.table, mark.step) == run.id:
        return 0
    return workspace.lake.write(step.table, _rows(workspace, step), mark)


def _rows(workspace: Workspace, step: QueryStep | BatchStep | GraphStep) -> Iterator[pa.RecordBatch]:
    match step:
        case QueryStep():
            yield from workspace.engine.rows(step.query)
        case BatchStep():
            yield from workspace.engine.apply(step.query, step.function, step.table.schema)
        case GraphStep():
            inputs = {query.name: pa.Table.from_batches(workspace.engine.rows(query)) for query in step.queries}
            yield from step.function(inputs).to_batches()


def _interrupted(workspace: Workspace) -> LoggedRun | None:
    last = workspace.runs.last()
    return last if last is not None and last.finished_at is None else None


def _stages_until(until: str | None) -> tuple[Stage, ...]:
    names = [stage.name for stage in STAGES]
    if until is None:
        return STAGES
    if until not in names:
        raise FatalError(f"unknown stage {until!r}; there are {', '.join(names)}")
    return STAGES[: names.index(until) + 1]


def _land(workspace: Workspace, run: Run, progress: Progress) -> None:
    raise NotImplementedError


def _ingest(workspace: Workspace, step: IngestStep, run: Run) -> int:
    raise NotImplementedError
