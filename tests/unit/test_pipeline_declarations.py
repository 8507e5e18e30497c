"""Stages are held to what they declare: roles, order and lineage are derived from it."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from kumitate.activation.tables import OUTCOMES, state_table
from kumitate.config.loader import load_config
from kumitate.config.project import Config
from kumitate.model.step import Run, Stage, Step
from kumitate.pipeline import STAGES, step_name, step_queries
from kumitate.sql.vocabulary import DIALECT

ROOT = Path(__file__).parents[2]
PROJECTS = {"shop": ROOT / "examples/shop", "boulangerie": ROOT / "tests/golden/boulangerie"}
RUN = Run("r000002", datetime(2026, 3, 1, tzinfo=UTC))


@cache
def config_of(project: str) -> Config:
    return load_config(PROJECTS[project])


@cache
def plan_of(stage: Stage, project: str) -> tuple[Step, ...]:
    return stage.plan(config_of(project), RUN)


@cache
def tables_in(sql: str) -> set[str]:
    tree = sqlglot.parse_one(sql, dialect=DIALECT)
    named_here = {cte.alias for cte in tree.find_all(exp.CTE)}
    return {
        f"{table.db}.{table.name}" if table.db else table.name
        for table in tree.find_all(exp.Table)
        if table.db or table.name not in named_here
    }


@pytest.mark.parametrize("project", PROJECTS)
@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_reads_only_the_tables_it_declares(stage: Stage, project: str) -> None:
    config = config_of(project)
    declared = {str(table) for table in (*stage.reads(config), *stage.writes(config))}
    touched = {
        table for step in plan_of(stage, project) for query in step_queries(step) for table in tables_in(query.sql)
    }
    assert touched <= declared


@pytest.mark.parametrize("project", PROJECTS)
@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_writes_what_it_declares_and_nothing_else(stage: Stage, project: str) -> None:
    config = config_of(project)
    written = {str(step.table) for step in plan_of(stage, project)}
    assert written <= {str(table) for table in stage.writes(config)}


@pytest.mark.parametrize("project", PROJECTS)
def test_every_step_of_the_pipeline_has_a_name_of_its_own(project: str) -> None:
    names = [step_name(step) for stage in STAGES for step in plan_of(stage, project)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("project", PROJECTS)
def test_a_stage_reads_of_later_stages_only_what_the_run_before_left(project: str) -> None:
    config = config_of(project)
    remembered = {str(OUTCOMES), *(str(state_table(sync)) for sync in config.syncs)}
    written: set[str] = set()
    for stage in STAGES:
        own = {str(table) for table in stage.writes(config)}
        later = {str(table) for other in STAGES for table in other.writes(config)} - written - own
        assert not {str(table) for table in stage.reads(config)} & later - remembered
        written |= own


@pytest.mark.slow
@pytest.mark.parametrize("project", PROJECTS)
def test_a_plan_is_the_same_for_the_same_project_and_run(project: str) -> None:
    config = config_of(project)
    for stage in STAGES:
        first = [query.sql for step in plan_of(stage, project) for query in step_queries(step)]
        again = [query.sql for step in stage.plan(config, RUN) for query in step_queries(step)]
        assert first == again
