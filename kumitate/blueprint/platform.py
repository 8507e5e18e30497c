"""The platform of one project in one environment, as values; one construct is placed for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kumitate.blueprint.names import ZONES, Names
from kumitate.config.connectors import APPFLOW as APPFLOW
from kumitate.config.connectors import GLUE as GLUE
from kumitate.config.environment import Environment, Workers
from kumitate.config.project import Config
from kumitate.config.source import Pull, Source, Stream
from kumitate.config.sync import Sync
from kumitate.model.step import Stage
from kumitate.model.table import Table
from kumitate.pipeline import STAGES, all_tables


@dataclass(frozen=True, slots=True)
class LakeTable:
    """A table of the lake with its place in the account."""

    table: Table
    database: str
    location: str


@dataclass(frozen=True, slots=True)
class StageJob:
    """One stage as a Glue job; `reads` and `writes` become its role, nothing else does."""

    stage: str
    reads: tuple[Table, ...]
    writes: tuple[Table, ...]
    workers: Workers


@dataclass(frozen=True, slots=True)
class PulledSource:
    name: str
    source: Source
    pull: Pull

    @property
    def by_appflow(self) -> bool:
        return self.pull.connector in APPFLOW


@dataclass(frozen=True, slots=True)
class StreamedSource:
    name: str
    source: Source
    stream: Stream


@dataclass(frozen=True, slots=True)
class Account:
    """A destination account with a queue of its own, and the syncs that go there."""

    name: str
    type: str
    secret: str | None
    """The secret's name in Secrets Manager."""
    is_aws: bool
    seconds_between_requests: float
    syncs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SyncRoute:
    name: str
    sync: Sync
    account: str


@dataclass(frozen=True, slots=True)
class Platform:
    """Everything that is placed, derived from the project alone; `platform_of` makes it."""

    config: Config
    names: Names
    environment: Environment
    tables: tuple[LakeTable, ...]
    jobs: tuple[StageJob, ...]
    pulls: tuple[PulledSource, ...]
    streams: tuple[StreamedSource, ...]
    collected: tuple[str, ...]
    """Sources that take in events over HTTP."""
    watched: tuple[StreamedSource, ...]
    """Streams that triggers look at."""
    dropped: tuple[str, ...]
    """Sources that come as files into the drop zone, or may besides what they collect."""
    accounts: tuple[Account, ...]
    routes: tuple[SyncRoute, ...]

    @property
    def databases(self) -> dict[str, str]:
        """Database of the lake -> its name in the account."""
        return {database: self.names.database(database) for database in ZONES}

    @property
    def is_real_time(self) -> bool:
        """Whether anything is done with events before a run does it."""
        return bool(self.collected or self.config.triggers)

    @property
    def run_routes(self) -> tuple[SyncRoute, ...]:
        """Syncs that runs bring."""
        return tuple(route for route in self.routes if route.sync.trigger is None)

    @property
    def fired_routes(self) -> tuple[SyncRoute, ...]:
        """Syncs that bring what a trigger tells."""
        return tuple(route for route in self.routes if route.sync.trigger is not None)

    def stage(self, name: str) -> StageJob:
        return next(job for job in self.jobs if job.stage == name)


def stage_job(config: Config, environment: Environment, stage: Stage) -> StageJob:
    return StageJob(stage.name, stage.reads(config), stage.writes(config), environment.workers_of(stage.name))


def lake_tables(config: Config, names: Names) -> Iterator[LakeTable]:
    for table in all_tables(config):
        yield LakeTable(table, names.database(table.database), names.location(str(table)))


def stage_jobs(config: Config, environment: Environment) -> tuple[StageJob, ...]:
    """A job per stage that has something to write: one without is no cost and no wait."""
    return tuple(stage_job(config, environment, stage) for stage in STAGES if stage.writes(config))
