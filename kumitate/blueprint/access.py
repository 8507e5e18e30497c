"""What a stage's job may do in the account, from the tables it reads and writes alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from kumitate.blueprint import names as places
from kumitate.blueprint.job_arguments import TEMPORARY
from kumitate.blueprint.machines import PIPELINE_STAGES
from kumitate.blueprint.names import Names
from kumitate.blueprint.platform import Platform, StageJob
from kumitate.blueprint.states import METRICS, function_name, job_name
from kumitate.model.table import Table

_READ_FILES = ("s3:GetObject",)
_WRITE_FILES = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject")
_READ_TABLE = ("glue:GetTable",)
_OBJECTS = "objects of a table or page have names of their own: their prefix is as narrow as it gets"
_STREAMS = "Glue names a log stream for each run"
_METRICS = "CloudWatch takes metrics for no resource; the namespace narrows it"
_RUN_JOBS = ("glue:BatchStopJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:StartJobRun")
_WRITE_TABLE = ("glue:GetTable", "glue:UpdateTable")


@dataclass(frozen=True, slots=True)
class Grant:
    """Actions on resources, both exact; `where` narrows them further: `{"s3:prefix": ("drop/*",)}`."""

    purpose: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    because: str = ""
    """Why a resource ends in `*`; without it the security rules refuse such a resource."""


@dataclass(frozen=True, slots=True)
class Shared:
    """ARNs that no name gives: they are known when the platform is placed."""

    key: str
    """Encrypts buckets and tables."""
    project: str
    """The project's archive."""
    scripts: tuple[str, ...] = ()
    """What the job runs: its script, packages, jars."""


def job_grants(platform: Platform, job: StageJob, shared: Shared) -> tuple[Grant, ...]:
    """All that the role of `job` allows, and nothing on tables that the stage does not declare."""
    every = _every_job(platform.names, job.stage, shared)
    return (*_tables(platform.names, job), *_stage_grants(platform, job.stage), *every)


def _tables(names: Names, job: StageJob) -> Iterator[Grant]:
    written = set(map(str, job.writes))
    read = [table for table in job.reads if str(table) not in written]
    if read:
        yield Grant("ReadFiles", _READ_FILES, _files(names, read), because=_OBJECTS)
        yield Grant("ReadTables", _READ_TABLE, _catalogue(names, read))
    yield Grant("WriteFiles", _WRITE_FILES, _files(names, job.writes), because=_OBJECTS)
    yield Grant("WriteTables", _WRITE_TABLE, _catalogue(names, job.writes))


def _stage_grants(platform: Platform, stage: str) -> Iterator[Grant]:
    """What a stage needs besides tables."""
    names = platform.names
    raw, results = names.bucket("raw"), names.bucket("results")
    match stage:
        case "ingest":
            arrived = _arrival_prefixes(platform)
            prefixes = (*(f"{each}/*" for each in arrived), f"{places.FILES}/*")
            yield Grant("ListArrivals", ("s3:ListBucket",), (f"arn:aws:s3:::{raw}",), {"s3:prefix": prefixes})
            found = tuple(f"arn:aws:s3:::{raw}/{each}/*" for each in arrived)
            kept = (f"arn:aws:s3:::{raw}/{places.FILES}/*",)
            yield Grant("ReadArrivals", ("s3:GetObject",), found, because=_OBJECTS)
            yield Grant("KeepArrivals", ("s3:GetObject", "s3:PutObject"), kept, because=_OBJECTS)
        case "activation":
            pages = f"arn:aws:s3:::{results}/{places.DELIVERIES}/*"
            yield Grant("WritePages", ("s3:AbortMultipartUpload", "s3:PutObject"), (pages,), because=_OBJECTS)
        case "delivery":
            yield Grant("CollectNotes", ("dynamodb:Query", "dynamodb:UpdateItem"), (ledger_arn(names),))
        case _:
            return


def _arrival_prefixes(platform: Platform) -> tuple[str, ...]:
    kinds = {places.DROP: platform.dropped, places.PULLED: platform.pulls, places.STREAMED: platform.streams}
    return tuple(prefix for prefix, sources in kinds.items() if sources)


def _every_job(names: Names, stage: str, shared: Shared) -> Iterator[Grant]:
    aside = f"arn:aws:s3:::{names.bucket('results')}/{TEMPORARY}/{stage}/*"
    yield Grant("UseKey", ("kms:Decrypt", "kms:GenerateDataKey"), (shared.key,))
    yield Grant("ReadProject", ("s3:GetObject",), (shared.project, *shared.scripts))
    yield Grant("PutAside", ("s3:DeleteObject", "s3:GetObject", "s3:PutObject"), (aside,), because=_OBJECTS)
    yield measuring("CountWork", "Glue")
    yield Grant("WriteLogs", ("logs:CreateLogStream", "logs:PutLogEvents"), log_streams(names), because=_STREAMS)


def log_prefix(names: Names) -> str:
    return f"/aws-glue/{names.called('jobs')}"


def log_groups(names: Names) -> tuple[str, ...]:
    """Glue writes what a job says and what went wrong into these two."""
    return tuple(f"{log_prefix(names)}/{each}" for each in ("output", "error"))


def log_streams(names: Names) -> tuple[str, ...]:
    return tuple(
        f"arn:aws:logs:{names.region}:{names.account}:log-group:{group}:log-stream:*" for group in log_groups(names)
    )


def ledger_arn(names: Names) -> str:
    return f"arn:aws:dynamodb:{names.region}:{names.account}:table/{names.called('ledger')}"


def _files(names: Names, tables: Iterable[Table]) -> tuple[str, ...]:
    return tuple(sorted({f"arn:aws:s3:::{_path(names, table)}/*" for table in tables}))


def _path(names: Names, table: Table) -> str:
    return names.location(str(table)).removeprefix("s3://")


def _catalogue(names: Names, tables: Iterable[Table]) -> tuple[str, ...]:
    """Glue asks for a table's database and the catalogue, too."""
    root = f"arn:aws:glue:{names.region}:{names.account}"
    named = [(names.database(table.database), table.name) for table in tables]
    databases = {f"{root}:database/{database}" for database, _ in named}
    return (f"{root}:catalog", *sorted(databases), *sorted({f"{root}:table/{'/'.join(each)}" for each in named}))


def pipeline_grants(platform: Platform) -> tuple[Grant, ...]:
    """What the pipeline's machine does: its states name nothing else."""
    functions = ("begin_run", "quality_gate", "end_run")
    return (
        *_machine(platform.names, functions, PIPELINE_STAGES),
        *((_publish(platform.names),) if platform.routes else ()),
    )


def activation_grants(platform: Platform) -> tuple[Grant, ...]:
    names = platform.names
    return (
        *_machine(names, ("begin_run", "end_run"), ("activation", "delivery")),
        _publish(names),
        Grant("FollowDeliveries", ("dynamodb:PutItem", "dynamodb:Query"), (ledger_arn(names),)),
    )


def _machine(names: Names, functions: Iterable[str], stages: Iterable[str]) -> Iterator[Grant]:
    root = f"{names.region}:{names.account}"
    invoked = tuple(f"arn:aws:lambda:{root}:function:{function_name(names, each)}" for each in functions)
    jobs = tuple(f"arn:aws:glue:{root}:job/{job_name(names, each)}" for each in stages)
    yield Grant("Invoke", ("lambda:InvokeFunction",), invoked)
    yield Grant("RunJobs", _RUN_JOBS, jobs)
    yield measuring("Measure", METRICS)


def measuring(purpose: str, namespace: str) -> Grant:
    where = {"cloudwatch:namespace": (namespace,)}
    return Grant(purpose, ("cloudwatch:PutMetricData",), ("*",), where, because=_METRICS)


def _publish(names: Names) -> Grant:
    return Grant("Publish", ("events:PutEvents",), (bus_arn(names),))


def bus_arn(names: Names) -> str:
    return f"arn:aws:events:{names.region}:{names.account}:event-bus/{names.called('bus')}"
