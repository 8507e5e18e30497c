"""A sync rehearsed: the rows it would send, counted; nothing is written to the lake and nothing leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from kumitate.activation.candidates import candidates, held
from kumitate.activation.changes import changes, counts
from kumitate.engines.duckdb import DuckDBEngine
from kumitate.execution.outcomes import changes_of
from kumitate.execution.overlay import Overlay, declared_tables
from kumitate.execution.run import planning_run
from kumitate.execution.runs import LoggedRun
from kumitate.execution.workspace import Workspace
from kumitate.model.request import Outcome
from kumitate.model.step import BatchStep, QueryStep
from kumitate.ports import Engine


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a sync would do: candidates by what becomes of them, changes that cannot be sent by reason."""

    sync: str
    outcomes: dict[str, int]
    invalid: dict[str, int]
    requests: int

    def to_json(self) -> dict[str, Any]:
        return {"sync": self.sync, "outcomes": self.outcomes, "invalid": self.invalid, "requests": self.requests}


def rehearse(workspace: Workspace, sync: str, last: LoggedRun) -> Rehearsal:
    """Plan `sync` as the run after `last` would, over the segments as they are now."""
    config = workspace.config
    run = replace(planning_run(workspace, last), id=f"r{int(last.id[1:]) + 1:06d}")
    with TemporaryDirectory(dir=workspace.folder) as name:
        overlay = Overlay(workspace.lake, declared_tables(config), Path(name))
        engine = DuckDBEngine(overlay, temp_directory=workspace.folder / "tmp")
        steps = (candidates(config, run, sync), held(sync, run), changes(config, sync), counts(config, run, sync))
        for step in steps:
            overlay.put(step.table, _rows(engine, step))
        outcomes = {row["outcome"]: row["rows"] for batch in engine.rows(steps[-1].query) for row in batch.to_pylist()}
        invalid, requests = _requests(workspace, engine, sync)
    return Rehearsal(sync, dict(sorted(outcomes.items())), dict(sorted(invalid.items())), requests)


def _rows(engine: Engine, step: QueryStep | BatchStep) -> Iterator[pa.RecordBatch]:
    if isinstance(step, BatchStep):
        return engine.apply(step.query, step.function, step.table.schema)
    return engine.rows(step.query)


def _requests(workspace: Workspace, engine: Engine, sync: str) -> tuple[Counter[str], int]:
    """Rows the destination's own rules refuse, by reason, and how many requests the others make."""
    destination = workspace.project.destinations[sync]
    invalid: Counter[str] = Counter()
    requests = 0
    for portion in changes_of(engine, sync):
        for made in destination.requests(portion):
            if isinstance(made, Outcome):
                invalid[made.reason] += 1
            else:
                requests += 1
    return invalid, requests
