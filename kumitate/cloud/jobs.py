"""A stage of the pipeline as a Glue job: the project from S3, its steps carried out by Spark, each once a run."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

from kumitate.activation.routes import routes
from kumitate.activation.stage import ACTIVATION, DELIVERY
from kumitate.aws.book import PageBook
from kumitate.aws.clients import client
from kumitate.aws.controls import DynamoControls
from kumitate.aws.events import EventBus
from kumitate.aws.firings import DynamoFirings
from kumitate.aws.ledger import DynamoLedger
from kumitate.aws.memory import DynamoMemory
from kumitate.aws.pages import PageObjects
from kumitate.aws.state import DynamoStateStore
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.platform import Platform
from kumitate.cleanse.stage import CLEANSE
from kumitate.cloud.arguments import JobArguments, job_arguments
from kumitate.cloud.collecting import Collection
from kumitate.cloud.firing import NotesAlone
from kumitate.cloud.job_log import JobLog, ToldWorker
from kumitate.cloud.landing import raw_files
from kumitate.cloud.pages import write_pages
from kumitate.cloud.retention import STEP, let_go
from kumitate.cloud.segment_events import tell_moves
from kumitate.errors import FatalError, KumitateError
from kumitate.execution.controls import forgotten, holds
from kumitate.execution.gathered import Gathering
from kumitate.execution.ingest import ingest
from kumitate.execution.landing import known_deliveries, land
from kumitate.execution.outcomes import changes_of
from kumitate.execution.steps import Execution, consumed, of_syncs, segment_places
from kumitate.ingest.stage import INGEST
from kumitate.model.step import DeliverStep, IngestStep, LiveStep, Run, Stage
from kumitate.pipeline import STAGES
from kumitate.project import Project, open_project
from kumitate.segments.stage import SEGMENTS

if TYPE_CHECKING:
    from kumitate.engines.iceberg import IcebergLake
    from kumitate.engines.spark_lake import SparkLake

LEDGER = "ledger"
"""The ledger's table, as `Names.called` has it."""
STATE = "state"
"""The table of what real time remembers."""


def run_job(stage: str) -> None:
    """Run the job of `stage` with the process's arguments and Spark; what fails quotes no value of a row."""
    from pyspark.sql import SparkSession

    job = job_arguments(sys.argv[1:])
    with told(stage), TemporaryDirectory() as folder:
        project = open_project(fetched(job.project, Path(folder)))
        session = SparkSession.builder.appName(f"kumitate {stage}").getOrCreate()
        run_stage(stage_of(stage), project, job, session=session)


def stage_of(name: str) -> Stage:
    found = {stage.name: stage for stage in STAGES}
    if name not in found:
        raise FatalError(f"unknown stage {name!r}; there are {', '.join(found)}")
    return found[name]


def run_stage(stage: Stage, project: Project, arguments: JobArguments, *, session: Any) -> dict[str, int]:
    """Carry out what of `stage` this run has not done yet; rows written by step."""
    started = time.perf_counter()
    job = opened(stage, project, arguments, session=session)
    rows = job.execution().run_stage(of_syncs(stage, arguments.syncs))
    if stage is INGEST:
        job.log.say(step=STEP, rows_removed=let_go(job.lake, job.platform.environment.retention, job.run))
    if stage is SEGMENTS:
        names = job.platform.names
        bus = EventBus(client("events"), names.called("bus"), names.event_source)
        job.log.say(segments_changed=tell_moves(job.spark, bus, job.run))
    if stage is ACTIVATION:
        job.write_pages()
    seconds = time.perf_counter() - started
    job.log.say(steps=len(rows), rows=sum(rows.values()), seconds=round(seconds, 3))
    job.log.measure(rows, seconds)
    return rows


def opened(stage: Stage, project: Project, arguments: JobArguments, *, session: Any) -> Job:
    """The job with its lake and Spark; what is done already is read from the lake."""
    from kumitate.aws.lake import glue_lake
    from kumitate.engines.spark_lake import SparkLake

    platform = platform_of(project.config, arguments.environment, account=arguments.account)
    names, kept = platform.names, platform.environment.retention.snapshots
    lake = glue_lake(platform.databases, names.location, region=names.region, snapshots_kept=kept)
    spark = SparkLake(session, platform.databases)
    run = Run(arguments.run_id, arguments.as_of)
    if stage is CLEANSE:
        run = replace(run, through=consumed(project.config, lake, run))
    if stage in (SEGMENTS, ACTIVATION):
        run = replace(run, bits=segment_places(spark))
    if stage in (ACTIVATION, DELIVERY):
        run = replace(run, forgotten=forgotten(decided(platform).decisions()))
    log = JobLog(names.project, names.environment, stage.name, run.id)
    syncs = arguments.syncs or tuple(sorted(project.config.syncs))
    return Job(stage=stage, project=project, platform=platform, run=run, syncs=syncs, lake=lake, spark=spark, log=log)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job under way."""

    stage: Stage
    project: Project
    platform: Platform
    run: Run
    syncs: tuple[str, ...]
    lake: IcebergLake
    spark: SparkLake
    log: JobLog

    def execution(self) -> Execution:
        return Execution(
            config=self.project.config,
            run=self.run,
            lake=self.lake,
            worker=ToldWorker(self.spark, self.log),
            ingest=self._intake() if self.stage is INGEST else _never,
            deliver=self._collect,
            progress=_silent,
            live=self._live,
        )

    def write_pages(self) -> None:
        """What each sync has to bring, on pages for its deliveries."""
        shelf = PageObjects(client("s3"), self.platform.names.bucket("results"))
        held = holds(self.spark, decided(self.platform), self.run)
        for route in routes(self.project.config, self.platform.environment):
            if route.sync in self.syncs and route.sync in self.project.config.run_syncs:
                if route.sync in held:
                    self.log.say(sync=route.sync, held=held[route.sync])
                changes = () if route.sync in held else changes_of(self.spark, route.sync)
                rows = route.rows_a_page
                pages = write_pages(changes, shelf, run_id=self.run.id, sync=route.sync, rows=rows)
                self.log.say(sync=route.sync, pages=pages)

    def _intake(self) -> Callable[[IngestStep], int]:
        config = self.project.config
        inbox, raw_area = raw_files(config, self.platform.names, client("s3"))
        landed = land(config, inbox, raw_area, run_id=self.run.id, known=known_deliveries(self.spark))

        def take_in(step: IngestStep) -> int:
            source = config.sources[step.source]
            rows = ingest(step, landed, source=source, writer=self.lake, raw_area=raw_area, run=self.run)
            self.log.say(step=f"ingest.{step.source}", rows=rows)
            return rows

        return take_in

    def _live(self, step: LiveStep) -> int:
        """What triggers fire, by the book in the ledger's table, and what real time knows, in a table of its own."""
        dynamo, names = client("dynamodb"), self.platform.names
        table = names.called(LEDGER)
        gathering = Gathering(
            engine=self.spark,
            lake=self.lake,
            store=DynamoStateStore(dynamo, names.called(STATE)),
            book=DynamoFirings(dynamo, table, clock=_now),
            out=NotesAlone(DynamoLedger(dynamo, table, clock=_now)),
            memory=DynamoMemory(dynamo, table),
            syncs=tuple(sorted(self.project.config.fired_syncs)),
            run=self.run,
        )
        rows = gathering.carry_out(step)
        self.log.say(step=f"{step.table}.{step.work}", rows=rows)
        return rows

    def _collect(self, steps: Sequence[DeliverStep]) -> None:
        """The ledger's notes become outcomes in the lake: from here on nothing of the run leaves."""
        dynamo, table = client("dynamodb"), self.platform.names.called(LEDGER)
        ledger, book = DynamoLedger(dynamo, table, clock=_now), PageBook(dynamo, table, clock=_now)
        memory = DynamoMemory(dynamo, table)
        collection = Collection(
            engine=self.spark, lake=self.lake, ledger=ledger, book=book, memory=memory, run=self.run
        )
        held = holds(self.spark, decided(self.platform), self.run)
        for step in steps:
            terms = self.project.destinations[step.sync].terms
            rows = collection.collect(step.sync, terms, is_held=step.sync in held)
            figures = collection.collect_figures(step.sync)
            self.log.say(step=f"deliver.{step.sync}", rows=rows, figures=figures)


def decided(platform: Platform) -> DynamoControls:
    """What people decided about the environment's syncs."""
    return DynamoControls(client("dynamodb"), platform.names.called(LEDGER))


def fetched(uri: str, folder: Path) -> Path:
    """The project's files from `s3://…/project.zip`, in `folder`."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    archive = folder / "project.zip"
    client("s3").download_file(bucket, key, str(archive))
    try:
        with ZipFile(archive) as files:
            files.extractall(folder / "project")
    except BadZipFile:
        raise FatalError(f"{uri} is no zip of a project; deploy again") from None
    return folder / "project"


@contextmanager
def told(stage: str) -> Iterator[None]:
    """Errors of libraries may quote rows, and Glue shows them: kind and place are said instead."""
    try:
        yield
    except KumitateError:
        raise
    except Exception as error:  # a library's words may quote personal data, which no log may hold
        place = traceback.extract_tb(error.__traceback__)[-1]
        kind = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
        raise FatalError(f"job {stage}: {kind} (its text is not shown, it may quote personal data)") from None


def _never(step: IngestStep) -> int:
    raise FatalError(f"{step.table}: files are taken in by the ingest job alone")


def _now() -> datetime:
    return datetime.now(UTC)


def _silent(what: str, done: int, total: int | None = None) -> None:
    """Steps are told by the log."""
