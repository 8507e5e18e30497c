"""What other rules would do: identity, profiles and segments run over the lake as it is, and nothing is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import yaml

from kumitate.config.project import Config
from kumitate.config.table_rules import read_entities
from kumitate.engines.duckdb import DuckDBEngine
from kumitate.errors import ConfigError, FatalError, Problem
from kumitate.execution.overlay import Overlay, declared_tables
from kumitate.execution.run import planning_run
from kumitate.execution.runs import LoggedRun
from kumitate.execution.workspace import Workspace
from kumitate.identity.stage import IDENTITY
from kumitate.identity.tables import PERSON_RECORDS, SHARED
from kumitate.identity.what_if import Difference, difference
from kumitate.identity.why import BETWEEN, masked_value
from kumitate.model.step import BatchStep, GraphStep, Mode, Query, QueryStep, Run, Step
from kumitate.pipeline import STAGES
from kumitate.ports import Engine, Progress
from kumitate.profiles.stage import PROFILES
from kumitate.project import open_project
from kumitate.segments.stage import SEGMENTS
from kumitate.segments.tables import SEGMENT_CHANGES, SEGMENT_SIZES

_STAGES = (IDENTITY, PROFILES, SEGMENTS)
_KEPT = "identity/_kept.yaml"
"""The project's other entities, in the copy that is tried."""
_MOST_HELD = 10


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What would be another; values are masked."""

    persons: Difference
    events: dict[str, int]
    held_before: int
    held_after: int
    newly_held: list[dict[str, Any]]
    segments: list[dict[str, Any]]
    """segment, before, after, entered, left."""
    seconds: float
    note: str = ""
    """What speaks against the comparison, empty where nothing does."""

    def to_json(self) -> dict[str, Any]:
        return {
            "persons": self.persons.to_json(),
            "events": self.events,
            "held": {"before": self.held_before, "after": self.held_after, "new": self.newly_held},
            "segments": self.segments,
            "seconds": round(self.seconds, 2),
            "note": self.note,
        }


def config_with(workspace: Workspace, rules: Path) -> Config:
    """The project with the entities of another identity file; ConfigError with every problem that it has then."""
    given = read_entities(rules)
    root = workspace.config.root
    with TemporaryDirectory(dir=workspace.folder) as name:
        copy = Path(name)
        for path in root.iterdir():
            if path.name not in ("identity", workspace.folder.name):
                (copy / path.name).symlink_to(path.resolve())
        (copy / "identity").mkdir()
        (copy / "identity" / f"{rules.stem}.yaml").write_bytes(rules.read_bytes())
        kept = {
            entity: spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
            for entity, spec in workspace.config.identity.items()
            if entity not in given
        }
        if kept:
            (copy / _KEPT).write_text(yaml.safe_dump(kept, allow_unicode=True), encoding="utf-8")
        try:
            return open_project(copy).config.model_copy(update={"root": root})
        except ConfigError as error:
            raise ConfigError(tuple(_given(problem, rules) for problem in error.problems)) from None


def _given(problem: Problem, rules: Path) -> Problem:
    """The problem in the file as it was given, not in the copy that was tried; what stays as it is names its lack."""
    if problem.file == _KEPT:
        said = f"{problem.what}; the file that is tried takes it away"
        return replace(problem, file=str(rules), line=1, what=said)
    return replace(problem, file=str(rules)) if problem.file == f"identity/{rules.stem}.yaml" else problem


def what_if(workspace: Workspace, last: LoggedRun, rules: Path, *, progress: Progress) -> WhatIf:
    """Resolve with other rules beside the lake; every table lies in a folder that is gone afterwards."""
    if last.finished_at is None:
        raise FatalError("a run was interrupted; `kumitate run` takes it up and ends it first")
    started = time.perf_counter()
    config = config_with(workspace, rules)
    run = replace(planning_run(workspace, last), id=f"r{int(last.id[1:]) + 1:06d}")
    temporary = workspace.folder / "tmp"
    temporary.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=workspace.folder) as name:
        overlay = Overlay(workspace.lake, declared_tables(config), Path(name))
        engine = DuckDBEngine(overlay, temp_directory=temporary)
        for step in _steps(config, run, progress):
            overlay.put(step.table, _rows(engine, step))
        progress("comparing", len(_STAGES), len(_STAGES) + 1)
        return replace(_compared(workspace.engine, engine, run, started=started), note=_note(last))


def _note(last: LoggedRun) -> str:
    """A run that stopped before segments left none, or those of other persons."""
    if last.until_stage not in [stage.name for stage in STAGES[: STAGES.index(SEGMENTS)]]:
        return ""
    return (
        f"the last run stopped after {last.until_stage}: segments before are those of an earlier run, or none. "
        "Run until segments, and ask again"
    )


def _steps(config: Config, run: Run, progress: Progress) -> Iterator[QueryStep | BatchStep | GraphStep]:
    for number, stage in enumerate(_STAGES):
        progress(stage.name, number, len(_STAGES) + 1)
        for step in stage.plan(config, run):
            progress(f"{stage.name}: {step.table}", number, len(_STAGES) + 1)
            yield _carried_out(step)


def _carried_out(step: Step) -> QueryStep | BatchStep | GraphStep:
    if isinstance(step, QueryStep | BatchStep | GraphStep):
        return step
    raise FatalError(f"{step.table} is written outside the lake; no stage that is tried out does that")


def _rows(engine: Engine, step: QueryStep | BatchStep | GraphStep) -> Iterator[pa.RecordBatch]:
    """What the table holds after the step: the new rows, after those that it had where they are added."""
    if step.mode is Mode.APPEND:
        columns = ", ".join(f'"{name}"' for name in step.table.schema.names)
        return chain(engine.rows(Query("before", f"select {columns} from {step.table}")), _new(engine, step))
    return _new(engine, step)


def _new(engine: Engine, step: QueryStep | BatchStep | GraphStep) -> Iterator[pa.RecordBatch]:
    match step:
        case QueryStep():
            return engine.rows(step.query)
        case BatchStep():
            return engine.apply(step.query, step.function, step.table.schema)
        case GraphStep():
            inputs = {query.name: pa.Table.from_batches(engine.rows(query)) for query in step.queries}
            return iter(step.function(inputs).to_batches())


def _compared(before: Engine, after: Engine, run: Run, *, started: float) -> WhatIf:
    persons = f"select record, person_id from {PERSON_RECORDS}"
    held = f"select kind, value, reason, records from {SHARED}"
    held_before, held_after = _table(before, held), _table(after, held)
    events = f"select event, count(*) as persons from curated.person_events where run_id = '{run.id}' group by event"
    return WhatIf(
        difference(_table(before, persons), _table(after, persons)),
        {row["event"]: row["persons"] for row in _table(after, events).to_pylist()},
        held_before.num_rows,
        held_after.num_rows,
        _newly_held(held_before, held_after),
        _table(after, _segments(run)).to_pylist(),
        time.perf_counter() - started,
    )


def _table(engine: Engine, sql: str) -> pa.Table:
    return pa.Table.from_batches(engine.rows(Query("what_if", sql)))


def _newly_held(before: pa.Table, after: pa.Table) -> list[dict[str, Any]]:
    """Values that only the new rules hold back, those on most records first."""
    known = {(row["kind"], row["value"]) for row in before.to_pylist()}
    new = [row for row in after.to_pylist() if (row["kind"], row["value"]) not in known]
    new.sort(key=lambda row: (-row["records"], row["kind"], row["value"]))
    return [row | {"value": masked_value(row["value"].replace(BETWEEN, " + "))} for row in new[:_MOST_HELD]]


def _segments(run: Run) -> str:
    """Each segment's members by the last run and by the new rules, and who entered and left."""
    return f"""
with sizes as (
  select segment,
    max_by(case when run_id < '{run.id}' then members end, case when run_id < '{run.id}' then run_id end) as before,
    max(case when run_id = '{run.id}' then members end) as after
  from {SEGMENT_SIZES}
  group by segment
),
changes as (
  select segment,
    sum(case when change = 'entered' then 1 else 0 end) as entered,
    sum(case when change = 'left' then 1 else 0 end) as gone
  from {SEGMENT_CHANGES}
  where run_id = '{run.id}'
  group by segment
)
select s.segment, coalesce(s.before, 0) as before, coalesce(s.after, 0) as after,
  cast(coalesce(c.entered, 0) as bigint) as entered, cast(coalesce(c.gone, 0) as bigint) as "left"
from sizes as s
left join changes as c on c.segment = s.segment
where s.after is not null
order by s.segment"""
