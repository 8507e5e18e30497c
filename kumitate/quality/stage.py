"""The stage `quality`: every source's clean rows are held to the project's rules before persons are looked for."""

from __future__ import annotations

from collections.abc import Iterator

from kumitate.cleanse.tables import clean_table
from kumitate.config.project import Config
from kumitate.config.quality import PROFILES
from kumitate.model.step import Mode, QueryStep, Run, Stage, Step
from kumitate.model.table import Table
from kumitate.quality.statements import Judged, history_query, results_query
from kumitate.quality.tables import HISTORY, RESULTS

_OF_RUN = "_run_id"


def steps_of(judged: Judged, run: Run) -> Iterator[Step]:
    """First what later runs are held to, then the verdicts, which read it."""
    history = history_query(judged, run)
    if history is not None:
        yield QueryStep(judged.history, history, Mode.APPEND)
    yield QueryStep(judged.results, results_query(judged, run), Mode.APPEND)


def looks_back(judged: tuple[Judged, ...]) -> bool:
    """Whether any rule needs the figures of earlier runs."""
    return any(each.rules.volume is not None or each.rules.drift for each in judged)


def judged_tables(judged: tuple[Judged, ...], results: Table, history: Table) -> tuple[Table, ...]:
    """What is written for these rules; nothing without any."""
    if not judged:
        return ()
    return (history, results) if looks_back(judged) else (results,)


def _judged(config: Config) -> tuple[Judged, ...]:
    return tuple(
        Judged(name, rules, clean_table(table, config.sources[table]), RESULTS, HISTORY, _OF_RUN)
        for name, rules in config.quality.items()
        if (table := rules.table or name) != PROFILES
    )


def _reads(config: Config) -> tuple[Table, ...]:
    return tuple({str(each.table): each.table for each in _judged(config)}.values())


def _writes(config: Config) -> tuple[Table, ...]:
    return judged_tables(_judged(config), RESULTS, HISTORY)


def _plan(config: Config, run: Run) -> tuple[Step, ...]:
    return tuple(step for each in _judged(config) for step in steps_of(each, run))


QUALITY = Stage("quality", _reads, _writes, _plan)
