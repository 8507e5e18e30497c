"""A sync rehearsed: the rows it would send, counted; nothing is written to the lake and nothing leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from kumitate.activation.candidates import candidates, held
from kumitate.activation.changes import changes, counts
from kumitate.engines.duckdb import DuckDBEngine
from kumitate.execution.deliver import changes_of
from kumitate.execution.run import planning_run
from kumitate.execution.runs import LoggedRun
from kumitate.execution.workspace import Workspace
from kumitate.model.request import Outcome
from kumitate.model.step import BatchStep, QueryStep
from kumitate.model.table import Table
from kumitate.pipeline import all_tables
from kumitate.ports import Engine, LakeReader, Scan


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a sync would do: candidates by what becomes of them, changes that cannot be sent by reason."""

    sync: str
    outcomes: dict[str, int]
    invalid: dict[str, int]
    requests: int

    def to_json(self) -> dict[str, Any]:
        return {"sync": self.sync, "outcomes": self.outcomes, "invalid": self.invalid, "requests": self.requests}


@dataclass(slots=True)
class Overlay:
    """The lake, with some tables as this rehearsal makes them; tables of no run yet are empty."""

    lake: LakeReader
    declared: dict[str, Table]
    folder: Path
    _own: dict[str, Scan] = field(default_factory=dict)

    def scan(self, table: str) -> Scan:
        if table in self._own:
            return self._own[table]
        if table in self.declared and table not in self.lake.tables():
            return Scan(self.declared[table].schema, (), {})
        return self.lake.scan(table)

    def tables(self) -> tuple[str, ...]:
        return tuple({*self.lake.tables(), *self.declared, *self._own})

    def put(self, table: Table, batches: Iterable[pa.RecordBatch]) -> None:
        """Rows of `table` from now on; they are read before the old ones are forgotten."""
        path = self.folder / f"{table}.{len(list(self.folder.iterdir()))}.parquet"
        with pq.ParquetWriter(path, table.schema) as writer:
            for batch in batches:
                writer.write_batch(batch.cast(table.schema))
        self._own[str(table)] = Scan(table.schema, (str(path),), {})


def rehearse(workspace: Workspace, sync: str, last: LoggedRun) -> Rehearsal:
    """Plan `sync` as the run after `last` would, over the segments as they are now."""
    config = workspace.config
    run = replace(planning_run(workspace, last), id=f"r{int(last.id[1:]) + 1:06d}")
    with TemporaryDirectory(dir=workspace.folder) as name:
        declared = {str(table): table for table in all_tables(config)}
        overlay = Overlay(workspace.lake, declared, Path(name))
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
