"""The stages in order: the one list that runs, roles, lineage and docs are derived from."""

from __future__ import annotations

from kumitate.activation.stage import ACTIVATION, DELIVERY
from kumitate.cleanse.stage import CLEANSE
from kumitate.config.project import Config
from kumitate.identity.stage import IDENTITY
from kumitate.ingest.stage import INGEST
from kumitate.model.step import BatchStep, DeliverStep, GraphStep, LiveStep, Query, QueryStep, Stage, Step
from kumitate.model.table import Table
from kumitate.profiles.quality import PROFILE_QUALITY
from kumitate.profiles.stage import PROFILES
from kumitate.quality.stage import QUALITY
from kumitate.segments.stage import SEGMENTS

STAGES: tuple[Stage, ...] = (
    INGEST,
    CLEANSE,
    QUALITY,
    IDENTITY,
    PROFILES,
    SEGMENTS,
    PROFILE_QUALITY,
    ACTIVATION,
    DELIVERY,
)


def all_tables(config: Config) -> tuple[Table, ...]:
    """Every table of the project, once, in the order the stages write them."""
    return tuple({str(table): table for stage in STAGES for table in stage.writes(config)}.values())


def step_name(step: Step) -> str:
    """A step's name within the pipeline, e.g. `curated.traits:traits`; lasting, for marks in the lake."""
    if isinstance(step, DeliverStep):
        return f"{step.table}:deliver_{step.sync}"
    if isinstance(step, LiveStep):
        return f"{step.table}:{step.work}"
    queries = step_queries(step)
    return f"{step.table}:{queries[0].name}" if queries else str(step.table)


def step_queries(step: Step) -> tuple[Query, ...]:
    """The SQL a step reads with; none for steps that talk to files or destinations."""
    match step:
        case QueryStep() | BatchStep():
            return (step.query,)
        case GraphStep():
            return step.queries
        case _:
            return ()
