"""The ingest stage: every source's new files into its raw table."""

from __future__ import annotations

from kumitate.config.project import Config
from kumitate.ingest.tables import DELIVERIES, QUARANTINE, REPLAYS, raw_table
from kumitate.model.step import IngestStep, Run, Stage
from kumitate.model.table import Table


def _reads(_config: Config) -> tuple[Table, ...]:
    return (DELIVERIES,)


def _writes(config: Config) -> tuple[Table, ...]:
    raw = (raw_table(name, source) for name, source in config.sources.items())
    return (*raw, QUARANTINE, REPLAYS, DELIVERIES)


def _plan(config: Config, _run: Run) -> tuple[IngestStep, ...]:
    return tuple(IngestStep(raw_table(name, source), name) for name, source in config.sources.items())


INGEST = Stage("ingest", _reads, _writes, _plan)
