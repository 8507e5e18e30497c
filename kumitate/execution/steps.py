"""The steps of a stage in order, each carried out once a run, wherever the lake and the worker are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from kumitate.activation.stage import of_syncs as of_syncs
from kumitate.cleanse.stage import cleansed_through
from kumitate.cleanse.tables import staging_table
from kumitate.config.project import Config
from kumitate.errors import FatalError
from kumitate.model.step import (
    BatchStep,
    DeliverStep,
    GraphStep,
    IngestStep,
    LiveStep,
    Query,
    QueryStep,
    Run,
    Stage,
    Step,
)
from kumitate.model.table import Table
from kumitate.pipeline import step_name
from kumitate.ports import Engine, LakeWriter, Mark, Progress, Worker
from kumitate.segments.tables import SEGMENT_BITS


def no_live(step: LiveStep) -> int:
    """Where nothing is gathered and published: a rehearsal, a stage of its own."""
    raise FatalError(f"{step.table}: what triggers fire is gathered and published by runs alone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One run under way: its fixed points, and who takes files in, works and delivers."""

    config: Config
    run: Run
    lake: LakeWriter
    worker: Worker
    ingest: Callable[[IngestStep], int]
    deliver: Callable[[Sequence[DeliverStep]], None]
    progress: Progress
    live: Callable[[LiveStep], int] = no_live

    def run_stage(self, stage: Stage) -> dict[str, int]:
        """The stage's steps in order, deliveries side by side first; rows written by step."""
        steps = stage.plan(self.config, self.run)
        self.lake.prepare({str(step.table): step.table for step in steps}.values())
        deliveries = [step for step in steps if isinstance(step, DeliverStep)]
        if deliveries:
            self.deliver(deliveries)
        rows = {}
        for number, step in enumerate(steps):
            self.progress(f"{stage.name}: {step.table}", number, len(steps))
            if not isinstance(step, DeliverStep):
                rows[step_name(step)] = self._run_step(step)
        return rows

    def _run_step(self, step: IngestStep | QueryStep | BatchStep | GraphStep | LiveStep) -> int:
        if isinstance(step, IngestStep):
            return self.ingest(step)
        if isinstance(step, LiveStep):
            return self.live(step)
        mark = Mark(step.mode, step_name(step), self.run.id)
        if self.lake.done_by(step.table, mark.step) == self.run.id:
            return 0
        return self.worker.carry_out(step, mark)


@dataclass(frozen=True, slots=True)
class EngineWorker:
    """A worker that brings an engine's rows to a lake."""

    engine: Engine
    lake: LakeWriter

    def carry_out(self, step: QueryStep | BatchStep | GraphStep, mark: Mark) -> int:
        return self.lake.write(step.table, self._rows(step), mark)

    def _rows(self, step: QueryStep | BatchStep | GraphStep) -> Iterator[pa.RecordBatch]:
        match step:
            case QueryStep():
                yield from self.engine.rows(step.query)
            case BatchStep():
                yield from self.engine.apply(step.query, step.function, step.table.schema)
            case GraphStep():
                inputs = {query.name: pa.Table.from_batches(self.engine.rows(query)) for query in step.queries}
                yield from step.function(inputs).to_batches()


def consumed(config: Config, lake: LakeWriter, run: Run, *, tables: Collection[str] | None = None) -> Mapping[str, str]:
    """Per table that cleansing fills, the last run whose rows it has seen; empty where all are to be cleansed.

    Of `tables` alone, where the lake may not have all of them yet: a source may be newer than the last run.
    """

    def done_by(table: Table, step: Step | None) -> str:
        return lake.done_by(table, "" if step is None else step_name(step))

    return {
        str(staging_table(name, source)): cleansed_through(config, name, run, done_by=done_by)
        for name, source in config.sources.items()
        if tables is None or str(staging_table(name, source)) in tables
    }


def segment_places(engine: Engine) -> Mapping[str, int]:
    """Every segment's place in the mask, as the lake has it."""
    places: dict[str, int] = {}
    for batch in engine.rows(Query("segment_bits", f"select segment, bit from {SEGMENT_BITS}")):
        places |= {row["segment"]: row["bit"] for row in batch.to_pylist()}
    return places
