"""The cleanse stage: new raw rows are typed, the unusable ones set aside, the others kept once per key, all counted."""

from __future__ import annotations

from collections.abc import Iterator

from kumitate.cleanse.rows import cleansing
from kumitate.cleanse.statements import new_events, new_rows, newest_records, refused_rows, row_counts
from kumitate.cleanse.tables import COUNTS, clean_table, staging_table
from kumitate.config.project import Config
from kumitate.config.source import Source
from kumitate.ingest.tables import DELIVERIES, QUARANTINE, raw_table
from kumitate.model.step import BatchStep, Mode, Query, QueryStep, Run, Stage, Step
from kumitate.model.table import Table


def _reads(config: Config) -> tuple[Table, ...]:
    return (*(raw_table(name, source) for name, source in config.sources.items()), DELIVERIES, QUARANTINE)


def _writes(config: Config) -> tuple[Table, ...]:
    staging = (staging_table(name, source) for name, source in config.sources.items())
    clean = (clean_table(name, source) for name, source in config.sources.items())
    return (*staging, QUARANTINE, *clean, COUNTS)


def _plan(config: Config, run: Run) -> tuple[Step, ...]:
    return tuple(step for name in config.sources for step in _steps(config, name, run))


def _steps(config: Config, name: str, run: Run) -> Iterator[Step]:
    """In this order a killed run can go on anywhere: each step gives the same rows until the next has run."""
    source = config.sources[name]
    staging = staging_table(name, source)
    fresh = new_rows(name, source, after=run.through.get(str(staging), ""), run_id=run.id)
    yield BatchStep(staging, fresh, cleansing(name, source, config.settings))
    yield QueryStep(QUARANTINE, refused_rows(name, source, run), Mode.APPEND)
    query, mode = _kept(name, source)
    yield QueryStep(clean_table(name, source), query, mode)
    yield QueryStep(COUNTS, row_counts(name, source, run.id), Mode.APPEND)


def _kept(name: str, source: Source) -> tuple[Query, Mode]:
    """Events are facts and only added; records are states and replaced by newer ones."""
    if source.kind == "events":
        return new_events(name, source), Mode.APPEND
    return newest_records(name, source), Mode.REPLACE


CLEANSE = Stage("cleanse", _reads, _writes, _plan)
