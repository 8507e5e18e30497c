"""Keeping the lake's tables: who may make them, which are compacted, how long their past lasts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from kumitate.activation.tables import PLATFORM_FIGURES
from kumitate.blueprint.grants import Grant
from kumitate.blueprint.names import ZONES, Names
from kumitate.blueprint.platform import LakeTable, Platform
from kumitate.config.project import Config
from kumitate.ingest.stage import INGEST
from kumitate.model.step import DeliverStep, IngestStep, Live, LiveStep, Mode, Run, Step
from kumitate.model.table import Table
from kumitate.pipeline import STAGES

Optimizer = Literal["compaction", "retention", "orphan_file_deletion"]
ORPHAN_DAYS = 3
"""Longer than any job runs, so that no file is taken for an orphan before it is committed."""
_EVERY_TABLE = "Tables come and go with the project: the databases are the limit"
REWRITE = ("s3:DeleteObject", "s3:GetObject", "s3:PutObject")
_LOG = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
_SOME_RUN = Run("r000000", datetime(2000, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Upkeep:
    table: LakeTable
    optimizer: Optimizer


def upkeep(platform: Platform) -> Iterator[Upkeep]:
    """Past states of every table expire; what grows by small files is compacted, what is replaced has none."""
    grown = appended(platform.config)
    for table in platform.tables:
        yield Upkeep(table, "retention")
        yield Upkeep(table, "orphan_file_deletion")
        if str(table.table) in grown:
            yield Upkeep(table, "compaction")


def appended(config: Config) -> frozenset[str]:
    """Tables that some step adds rows to; taking files in adds to all that it writes."""
    steps = (step for stage in STAGES for step in stage.plan(config, _SOME_RUN))
    grown = [table for step in steps for table in _grown_by(step)]
    return frozenset(map(str, (*grown, *INGEST.writes(config))))


def _grown_by(step: Step) -> tuple[Table, ...]:
    match step:
        case DeliverStep():
            return (step.table, PLATFORM_FIGURES)
        case LiveStep():
            return (step.table,) if step.work is Live.FIGURES else ()
        case IngestStep():
            return (step.table,)
    return (step.table,) if step.mode is Mode.APPEND else ()


def maker_grants(names: Names, key: str) -> tuple[Grant, ...]:
    """What creating and evolving tables takes: the catalogue's entries and the tables' metadata files, no data."""
    read = ("glue:GetDatabase", "glue:GetTable", "glue:GetTables")
    return (
        Grant("ReadCatalogue", read, _catalogue(names), because=_EVERY_TABLE),
        Grant("ChangeTables", ("glue:CreateTable", "glue:UpdateTable"), _catalogue(names), because=_EVERY_TABLE),
        Grant("WriteMetadata", ("s3:GetObject", "s3:PutObject"), _files(names, "*/metadata/*"), because=_EVERY_TABLE),
        # Without it S3 answers "forbidden" instead of "not there" when the first metadata file is looked for.
        # A condition on the prefix would not do: asking for one object names none. What lies where the catalogue
        # knows no table is found by it, too.
        Grant("LookForMetadata", ("s3:ListBucket",), _buckets(names)),
        Grant("UseKey", ("kms:Decrypt", "kms:GenerateDataKey"), (key,)),
    )


def keeper_grants(names: Names, key: str) -> tuple[Grant, ...]:
    """What Glue's optimisers take: to rewrite and delete files of tables, and to say so in the catalogue."""
    logs = f"arn:aws:logs:{names.region}:{names.account}:log-group:/aws-glue/iceberg-*"
    return (
        Grant("RewriteFiles", REWRITE, _files(names, "*"), because=_EVERY_TABLE),
        Grant("ListFiles", ("s3:ListBucket",), _buckets(names)),
        Grant("ChangeTables", ("glue:GetTable", "glue:UpdateTable"), _catalogue(names), because=_EVERY_TABLE),
        Grant("UseKey", ("kms:Decrypt", "kms:GenerateDataKey"), (key,)),
        Grant("WriteLogs", _LOG, (logs, f"{logs}:*"), because="Glue names the logs of its optimisers itself"),
    )


def _buckets(names: Names) -> tuple[str, ...]:
    return tuple(sorted({f"arn:aws:s3:::{names.bucket(zone)}" for zone in ZONES.values()}))


def _files(names: Names, below: str) -> tuple[str, ...]:
    return tuple(f"arn:aws:s3:::{names.bucket(zone)}/{database}/{below}" for database, zone in ZONES.items())


def _catalogue(names: Names, databases: Iterable[str] = tuple(ZONES)) -> tuple[str, ...]:
    root = f"arn:aws:glue:{names.region}:{names.account}"
    named = [names.database(each) for each in databases]
    inside = (f"{root}:{kind}" for each in named for kind in (f"database/{each}", f"table/{each}/*"))
    return (f"{root}:catalog", *inside)
