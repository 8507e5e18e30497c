"""One run: every stage's steps in order, each committed once, taken up again where a killed run stopped."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from kumitate.activation.retries import retrying, settling
from kumitate.activation.stage import ACTIVATION, DELIVERY
from kumitate.errors import FatalError
from kumitate.execution.closing import (
    INTERRUPTED,
    LEFT,
    Closed,
    closed,
    forget_settled,
    syncs_to_close,
    was_delivering,
)
from kumitate.execution.collected_files import land_before_a_run
from kumitate.execution.controls import controls_of, forgotten
from kumitate.execution.controls import holds as holds_of
from kumitate.execution.deliver import deliver
from kumitate.execution.fired_runs import carry_out_live, fire_again
from kumitate.execution.ingest import ingest
from kumitate.execution.landing import known_deliveries, land
from kumitate.execution.quality import failures, stop_if_told, told
from kumitate.execution.runs import LoggedRun
from kumitate.execution.steps import EngineWorker, Execution, consumed, of_syncs, segment_places
from kumitate.execution.workspace import Workspace
from kumitate.ingest.delivery import Delivery
from kumitate.ingest.stage import INGEST
from kumitate.model.step import IngestStep, Run, Stage
from kumitate.pipeline import STAGES, all_tables
from kumitate.ports import Progress
from kumitate.quality.verdict import Failed, at_level, holds

_STATES_KEPT = 3


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
    failed_rules: list[Failed] = field(default_factory=list)
    """Quality rules that the run did not pass."""
    released: str = ""
    """Why people are activated although rules of level `hold` failed; empty where nobody decided so."""

    stopped_syncs: Mapping[str, str] = field(default_factory=dict)
    """Syncs that did not deliver, and why: they are paused, or a person must approve the run first."""

    closed: Closed | None = None
    """The run before, where it was killed while delivering."""

    @property
    def is_held(self) -> bool:
        """Nobody is activated: a rule of level `hold` failed, and nobody let the run go."""
        return bool(holds(self.failed_rules)) and not self.released

    @property
    def seconds(self) -> float:
        return sum(stage.seconds for stage in self.stages)

    def to_json(self) -> dict[str, Any]:
        more = {"as_of": self.as_of.isoformat(), "seconds": round(self.seconds, 3), "held": self.is_held}
        return asdict(self) | more


def execute(
    workspace: Workspace,
    *,
    until: str | None = None,
    as_of: datetime | None = None,
    release: str = "",
    progress: Progress,
) -> RunSummary:
    """Run the pipeline, up to stage `until`, after the end of a run that was interrupted.

    One that was killed before it delivered goes on, with its own clock. One that was killed while delivering is closed:
    what left of it is settled, and the new run plans the rest anew, with the files, consent and rules of now.

    `release` is the reason why the run activates people although quality rules of level `hold` fail in it.

    Raises FatalError for an unknown stage and whatever a stage raises; what is committed stays.
    """
    stages = _stages_until(until)
    clock = as_of or workspace.config.settings.as_of or datetime.now(UTC)
    with workspace.lake.lock():
        interrupted, before = _interrupted(workspace), None
        if interrupted is not None and was_delivering(workspace, interrupted):
            before = _close(workspace, interrupted, progress=progress)
        elif interrupted is not None:
            interrupted = workspace.runs.release(interrupted, release) if release else interrupted
            is_same = interrupted.fingerprint == workspace.fingerprint and as_of in (None, interrupted.as_of)
            going = stages if is_same else tuple(each for each in stages if each not in (ACTIVATION, DELIVERY))
            summary = _execute_one(workspace, going, interrupted, progress=progress, resumed=True)
            if is_same:
                return summary
        logged = workspace.runs.begin(clock, workspace.fingerprint, datetime.now(UTC))
        logged = workspace.runs.release(logged, release) if release else logged
        summary = _execute_one(workspace, stages, logged, progress=progress, resumed=False)
        summary.closed = before
        return summary


def execute_sync(
    workspace: Workspace, sync: str, *, progress: Progress, retry: Sequence[str] | None = None
) -> RunSummary:
    """Bring one sync up to date with the segments as they are: a run of its own that reads no files.

    With `retry` only rows that were tried before in vain: those with these keys, or all of them where it is empty.
    """
    with workspace.lake.lock():
        if _interrupted(workspace) is not None:
            raise FatalError("a run was interrupted; `kumitate run` brings it to its end first")
        workspace.lake.prepare(all_tables(workspace.config))
        held = holds(failures(workspace.engine, workspace.config))
        if held:
            raise FatalError(f"held by quality rules: {told(held)}; mend the data or the rule, then `kumitate run`")
        clock = workspace.config.settings.as_of or datetime.now(UTC)
        logged = workspace.runs.begin(clock, workspace.fingerprint, datetime.now(UTC))
        stages = (of_syncs(ACTIVATION, (sync,)), of_syncs(DELIVERY, (sync,)))
        if retry is not None:
            stages = (retrying(sync, retry), settling(sync))
        return _execute_one(workspace, stages, logged, progress=progress, resumed=False)


def planning_run(workspace: Workspace, logged: LoggedRun) -> Run:
    """The fixed points of `logged` as plans see them: clock, what is consumed, the segments' places, decisions."""
    bare = Run(logged.id, logged.as_of)
    through = consumed(workspace.config, workspace.lake, bare, tables=workspace.lake.tables())
    reset = forgotten(controls_of(workspace.folder).decisions())
    places = segment_places(workspace.engine)
    released = frozenset(each.id for each in workspace.runs.all() if each.released)
    return replace(bare, through=through, bits=places, forgotten=reset, released=released)


def _execute_one(
    workspace: Workspace, stages: tuple[Stage, ...], logged: LoggedRun, *, progress: Progress, resumed: bool
) -> RunSummary:
    progress("prepare", 0, len(stages))
    workspace.lake.prepare(all_tables(workspace.config))
    run = planning_run(workspace, logged)
    landed = _landed(workspace, run) if INGEST in stages else ()
    execution = _execution(workspace, run, landed, progress=progress)
    summary = RunSummary(logged.id, logged.as_of, resumed, workspace.engine_name, released=logged.released)
    for number, stage in enumerate(_allowed(stages, summary)):
        progress(stage.name, number, len(stages))
        started = time.perf_counter()
        if stage.name == DELIVERY.name:
            workspace.runs.delivering(run.id, datetime.now(UTC))
        rows = execution.run_stage(stage)
        summary.stages.append(StageResult(stage.name, round(time.perf_counter() - started, 3), rows))
        summary.failed_rules += failures(workspace.engine, workspace.config, run.id, stage=stage)
        _stop_if_told(workspace, logged, summary)
        if stage.name == ACTIVATION.name:
            summary.stopped_syncs = holds_of(workspace.engine, controls_of(workspace.folder), run)
    forget_settled(workspace, run.id)
    if any(stage.name == ACTIVATION.name for stage in summary.stages):
        fire_again(workspace)
    workspace.lake.expire(keep=_STATES_KEPT)
    until = None if len(summary.stages) == len(STAGES) else summary.stages[-1].name
    workspace.runs.finish(run.id, datetime.now(UTC), until)
    progress("finished", len(stages), len(stages))
    return summary


def _stop_if_told(workspace: Workspace, logged: LoggedRun, summary: RunSummary) -> None:
    """Ends the run where a rule says so; such a rule is not released, and nobody was activated."""
    if at_level(summary.failed_rules, "stop"):
        workspace.runs.release(logged, "")
        workspace.runs.finish(logged.id, datetime.now(UTC), summary.stages[-1].name)
        stop_if_told(summary.failed_rules)


def _close(workspace: Workspace, logged: LoggedRun, *, progress: Progress) -> Closed:
    """Settle what left of a run that was killed while delivering, and mark it finished; nothing new of it leaves."""
    workspace.lake.prepare(all_tables(workspace.config))
    run = planning_run(workspace, logged)
    syncs = syncs_to_close(workspace, run)
    execution = replace(
        _execution(workspace, run, (), progress=progress),
        deliver=lambda steps: deliver(workspace, steps, run=run, progress=progress, closing=LEFT),
    )
    if syncs:
        progress(f"closing {run.id}", 0)
        execution.run_stage(of_syncs(DELIVERY, syncs))
    forget_settled(workspace, run.id)
    workspace.runs.finish(run.id, datetime.now(UTC), DELIVERY.name, note=INTERRUPTED)
    return closed(workspace, run.id)


def _allowed(stages: Iterable[Stage], summary: RunSummary) -> Iterator[Stage]:
    """The stages in order, as long as no quality rule holds the run back from activating anybody."""
    for stage in stages:
        if summary.is_held and stage in (ACTIVATION, DELIVERY):
            return
        yield stage


def _landed(workspace: Workspace, run: Run) -> tuple[Delivery, ...]:
    land_before_a_run(workspace.folder, clock=lambda: datetime.now(UTC))
    known = known_deliveries(workspace.engine)
    return land(workspace.config, workspace.inbox, workspace.raw_area, run_id=run.id, known=known)


def _execution(workspace: Workspace, run: Run, landed: tuple[Delivery, ...], *, progress: Progress) -> Execution:
    config, lake = workspace.config, workspace.lake

    def take_in(step: IngestStep) -> int:
        source = config.sources[step.source]
        return ingest(step, landed, source=source, writer=lake, raw_area=workspace.raw_area, run=run)

    return Execution(
        config=config,
        run=run,
        lake=lake,
        worker=EngineWorker(workspace.engine, lake),
        ingest=take_in,
        deliver=lambda steps: deliver(workspace, steps, run=run, progress=progress),
        progress=progress,
        live=lambda step: carry_out_live(workspace, step, run),
    )


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
