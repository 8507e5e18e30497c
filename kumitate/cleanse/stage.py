"""The cleanse stage: raw rows are typed, the unusable ones set aside, the others kept once per key, all counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

from kumitate.cleanse.changes import changes_step
from kumitate.cleanse.counts import row_counts
from kumitate.cleanse.recipes import fingerprint
from kumitate.cleanse.rows import cleansing
from kumitate.cleanse.statements import kept_events, kept_records, recovered_rows, refused_rows, rows_to_cleanse
from kumitate.cleanse.tables import CHANGES, COUNTS, clean_table, staging_table
from kumitate.config.project import Config
from kumitate.ingest.tables import DELIVERIES, QUARANTINE, REPLAYS, raw_table
from kumitate.model.step import BatchStep, Mode, QueryStep, Run, Stage, Step
from kumitate.model.table import Table


def _reads(config: Config) -> tuple[Table, ...]:
    return (*(raw_table(name, source) for name, source in config.sources.items()), DELIVERIES, QUARANTINE, REPLAYS)


def _writes(config: Config) -> tuple[Table, ...]:
    staging = (staging_table(name, source) for name, source in config.sources.items())
    clean = (clean_table(name, source) for name, source in config.sources.items())
    return (*staging, QUARANTINE, REPLAYS, *clean, COUNTS, CHANGES)


def _plan(config: Config, run: Run) -> tuple[Step, ...]:
    return tuple(step for name in config.sources for step in _steps(config, name, run))


def _steps(config: Config, name: str, run: Run) -> Iterator[Step]:
    """In this order a killed run can go on anywhere: each step gives the same rows until the next has run.

    Steps are named by the source's recipe: where it has changed, all of them are still to be done.
    """
    source, recipe = config.sources[name], fingerprint(config.sources[name], config.settings)
    after = run.through.get(str(staging_table(name, source)), "")
    day = run.as_of.astimezone(ZoneInfo(config.settings.timezone)).date()
    function = cleansing(name, source, config.settings, as_of=day)
    kept = kept_events if source.kind == "events" else kept_records
    # Events are facts and only added, unless all of them are cleansed again; records are replaced by newer ones.
    mode = Mode.APPEND if source.kind == "events" and after else Mode.REPLACE
    steps: tuple[BatchStep | QueryStep, ...] = (
        BatchStep(staging_table(name, source), rows_to_cleanse(name, source, run, after=after), function),
        QueryStep(QUARANTINE, refused_rows(name, source, run, again=not after), Mode.APPEND),
        QueryStep(REPLAYS, recovered_rows(name, source, run), Mode.APPEND),
        QueryStep(clean_table(name, source), kept(name, source, again=not after), mode),
        QueryStep(COUNTS, row_counts(name, source, run.id), Mode.APPEND),
    )
    for step in steps:
        if after and step.table == REPLAYS:
            continue
        yield replace(step, query=replace(step.query, name=f"{step.query.name}_{recipe}"))
    yield changes_step(name, source, run.id)


CLEANSE = Stage("cleanse", _reads, _writes, _plan)


DoneBy = Callable[[Table, Step | None], str]
"""The run that last committed the step on the table, or any step, where none is given; empty where none was."""


def cleansed_through(config: Config, name: str, run: Run, *, done_by: DoneBy) -> str:
    """The last run whose rows of source `name` are cleansed as the project says now; empty where none are.

    Steps of another recipe have another name, and a table that another recipe wrote since is as good as new: so it is
    for a recipe that was given up and taken up again. In a run that is taken up again the staging table may be this
    run's already; then the clean one tells.
    """
    steps = {step.table: step for step in _steps(config, name, run)}
    staged, clean = staging_table(name, config.sources[name]), clean_table(name, config.sources[name])

    def newest(table: Table) -> str:
        through = done_by(table, steps[table])
        return through if through == done_by(table, None) else ""

    through = newest(staged)
    return newest(clean) if through == run.id else through
