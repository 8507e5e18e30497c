"""What a stage's job may do in the account, from the tables it reads and writes alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kumitate.blueprint import names as places
from kumitate.blueprint.grants import OBJECTS, Grant, arn, bus_arn, ledger_items, measuring, objects, use_key
from kumitate.blueprint.job_arguments import TEMPORARY
from kumitate.blueprint.names import Names
from kumitate.blueprint.platform import Platform, StageJob
from kumitate.blueprint.real_time_access import publish_grants
from kumitate.model.table import Table

_READ_FILES = ("s3:GetObject",)
_WRITE_FILES = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject")
_READ_TABLE = ("glue:GetTable",)
_STREAMS = "Glue names a log stream for each run"
_WRITE_TABLE = ("glue:GetTable", "glue:UpdateTable")


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
        yield Grant("ReadFiles", _READ_FILES, _files(names, read), because=OBJECTS)
        yield Grant("ReadTables", _READ_TABLE, _catalogue(names, read))
    if job.writes:
        yield Grant("WriteFiles", _WRITE_FILES, _files(names, job.writes), because=OBJECTS)
        yield Grant("WriteTables", _WRITE_TABLE, _catalogue(names, job.writes))
        # Without it S3 answers "forbidden" instead of "not there" when a new metadata file is looked for.
        yield Grant("FindFiles", ("s3:ListBucket",), _buckets(names, job.writes))


def _stage_grants(platform: Platform, stage: str) -> Iterator[Grant]:
    """What a stage needs besides tables."""
    names = platform.names
    raw, results = names.bucket("raw"), names.bucket("results")
    match stage:
        case "ingest":
            arrived = _arrival_prefixes(platform)
            found = tuple(objects(raw, each) for each in arrived)
            keep = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject")
            yield Grant("ReadArrivals", ("s3:GetObject",), found, because=OBJECTS)
            yield Grant("KeepArrivals", keep, (objects(raw, places.FILES),), because=OBJECTS)
        case "segments":
            yield Grant("TellChanges", ("events:PutEvents",), (bus_arn(names),))
        case "activation":
            pages, below = objects(results, places.DELIVERIES), {"s3:prefix": (f"{places.DELIVERIES}/*",)}
            yield Grant("WritePages", ("s3:GetObject", "s3:PutObject"), (pages,), because=OBJECTS)
            yield Grant("FindPages", ("s3:ListBucket",), (f"arn:aws:s3:::{results}",), below)
            yield ledger_items("ReadDecisions", ("dynamodb:Query",), names, keys=["controls"])
            if platform.config.triggers:
                yield from publish_grants(platform)
        case "delivery":
            collect = ("dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem")
            yield ledger_items("CollectNotes", collect, names, keys=["notes#*", "page#*", "run#*"])
            yield ledger_items("ReadDecisions", ("dynamodb:Query",), names, keys=["controls"])
            yield ledger_items("CollectFigures", ("dynamodb:DeleteItem", "dynamodb:Query"), names, keys=["memory#*"])
        case _:
            return


def _arrival_prefixes(platform: Platform) -> tuple[str, ...]:
    streamed = [name for name, source in platform.config.sources.items() if source.inflow]
    kinds = {places.DROP: platform.dropped, places.PULLED: platform.pulls, places.STREAMED: streamed}
    return tuple(prefix for prefix, sources in kinds.items() if sources)


def _every_job(names: Names, stage: str, shared: Shared) -> Iterator[Grant]:
    aside = objects(names.bucket("results"), f"{TEMPORARY}/{stage}")
    yield use_key(shared.key, writing=True)
    yield Grant("ReadProject", ("s3:GetObject",), (shared.project, *shared.scripts))
    yield Grant("PutAside", ("s3:DeleteObject", "s3:GetObject", "s3:PutObject"), (aside,), because=OBJECTS)
    yield measuring("CountWork", "Glue")
    yield Grant("WriteLogs", ("logs:CreateLogStream", "logs:PutLogEvents"), log_streams(names), because=_STREAMS)


def log_prefix(names: Names) -> str:
    return f"/aws-glue/{names.called('jobs')}"


def log_groups(names: Names) -> tuple[str, ...]:
    """Glue writes what a job says and what went wrong into these two."""
    return tuple(f"{log_prefix(names)}/{each}" for each in ("output", "error"))


def log_streams(names: Names) -> tuple[str, ...]:
    return tuple(arn(names, "logs", f"log-group:{group}:log-stream:*") for group in log_groups(names))


def _files(names: Names, tables: Iterable[Table]) -> tuple[str, ...]:
    return tuple(sorted({f"arn:aws:s3:::{_path(names, table)}/*" for table in tables}))


def _buckets(names: Names, tables: Iterable[Table]) -> tuple[str, ...]:
    return tuple(sorted({f"arn:aws:s3:::{_path(names, table).partition('/')[0]}" for table in tables}))


def _path(names: Names, table: Table) -> str:
    return names.location(str(table)).removeprefix("s3://")


def _catalogue(names: Names, tables: Iterable[Table]) -> tuple[str, ...]:
    """Glue asks for a table's database and the catalogue, too."""
    named = [(names.database(table.database), table.name) for table in tables]
    found = {f"database/{database}" for database, _ in named} | {f"table/{'/'.join(each)}" for each in named}
    return tuple(arn(names, "glue", each) for each in ("catalog", *sorted(found)))
