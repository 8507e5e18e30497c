"""A pull job: what a connection of AWS Glue gives of a source becomes one file in the raw zone, whole or not at all."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from kumitate.aws.clients import client
from kumitate.aws.files import S3RawArea
from kumitate.aws.secrets import Secrets
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.flows import secret_of
from kumitate.blueprint.job_arguments import glue_connection
from kumitate.blueprint.names import PULLED
from kumitate.blueprint.platform import Platform, PulledSource
from kumitate.cloud.arguments import options, required
from kumitate.cloud.job_log import JobLog
from kumitate.cloud.jobs import fetched, told
from kumitate.config.connectors import OF_THE_CONNECTION
from kumitate.errors import FatalError
from kumitate.ports import RawArea
from kumitate.project import open_project

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Read = Callable[[str, Mapping[str, str]], Any]
"""Connection type and options in, a data frame out: what Glue alone can do."""
_STAMP = "%Y%m%dT%H%M%SZ"
_OVERLAP = timedelta(minutes=10)
"""Asked for twice, for clocks differ; a row that comes again is known."""


class Asked(Protocol):
    """The options of a read, from the time on that is given."""

    def __call__(self, *, since: datetime | None) -> dict[str, str]: ...


def run_pull(read: Read) -> None:
    """Pull the source that the process's arguments name."""
    given = options(sys.argv[1:])
    with told("pull"), TemporaryDirectory() as folder:
        project = open_project(fetched(required(given, "project"), Path(folder)))
        platform = platform_of(project.config, required(given, "environment"), account=required(given, "account"))
        pulled = _pulled(platform, required(given, "source"))
        raw_area = S3RawArea(client("s3"), platform.names.bucket("raw"))
        now = datetime.now(UTC)
        connection, token = glue_connection(platform.names, pulled), _token(platform, pulled)
        asked = partial(connection_options, pulled, connection, token=token)
        rows = pull(pulled, read, raw_area, options=asked, at=now)
        log = JobLog(platform.names.project, platform.names.environment, "pull", now.strftime(_STAMP))
        log.say(source=pulled.name, rows=rows)


def _pulled(platform: Platform, name: str) -> PulledSource:
    found = {each.name: each for each in platform.pulls if not each.by_appflow}
    if name not in found:
        raise FatalError(f"source {name!r} is not pulled by a job; those that are: {', '.join(found) or 'none'}")
    return found[name]


def pull(pulled: PulledSource, read: Read, raw_area: RawArea, *, options: Asked, at: datetime) -> int:
    """Rows that came; they lie under the time they were asked for, and no file is made of none."""
    folder = f"{PULLED}/{pulled.name}/"
    frame = read(pulled.pull.connector, options(since=_since(raw_area, folder)))
    batches = rows_of(frame, pulled.source.format)
    first = next(batches, None)
    if first is None:
        return 0
    with raw_area.add(f"{folder}{at.astimezone(UTC).strftime(_STAMP)}.{pulled.source.format}") as file:
        return write(_together(first, batches), file, pulled.source.format)


def connection_options(
    pulled: PulledSource, connection: str, *, since: datetime | None, token: str | None = None
) -> dict[str, str]:
    """Options of `create_dynamic_frame.from_options`, e.g. `settings: {api_version: v3}` as API_VERSION."""
    pull = pulled.pull
    asked = {name.upper(): value for name, value in pull.settings.items() if name not in OF_THE_CONNECTION}
    if token is not None:
        asked["DEVELOPER_TOKEN"] = token
    if pull.incremental and since is not None:
        asked["FILTER_PREDICATE"] = f"{pull.incremental} >= TIMESTAMP '{since - _OVERLAP:%Y-%m-%d %H:%M:%S}Z'"
    if not asked.get("API_VERSION"):
        raise FatalError(f"source {pulled.name}: the connection asks for a version; give pull.settings.api_version")
    return {"connectionName": connection, "ENTITY_NAME": pull.object, **asked}


def _token(platform: Platform, pulled: PulledSource) -> str | None:
    """Google Ads asks with each read for the developer's own token, which lies beside the credentials."""
    if pulled.pull.connector != "googleads" or pulled.pull.secret is None:
        return None
    name = secret_of(platform.environment, pulled)
    try:
        return str(json.loads(Secrets(client("secretsmanager")).value(name))["developer_token"])
    except (ValueError, KeyError, TypeError):
        raise FatalError(f"secret {name!r} has no developer_token; Google Ads asks for it beside the sign-in") from None


def _since(raw_area: RawArea, folder: str) -> datetime | None:
    """When the newest file that lies there was asked for."""
    stamps = sorted(name.removeprefix(folder).partition(".")[0] for name in raw_area.names(folder))
    return datetime.strptime(stamps[-1], _STAMP).replace(tzinfo=UTC) if stamps else None


def rows_of(frame: DataFrame, format_: str) -> Iterator[pa.RecordBatch]:
    """The frame as text where the format holds text: a JSON object a row, or a string a field."""
    from pyspark.sql import functions as f
    from pyspark.sql.types import ArrayType, MapType, StructType

    from kumitate.engines.spark_frames import streamed

    if format_ == "jsonl":
        line = f.to_json(f.struct("*"), {"ignoreNullFields": "false"}).alias("line")
        return _with_rows(streamed(frame.select(line)))
    named = frame.columns  # a service's names may hold dots, which Spark takes for paths
    plain = frame.toDF(*(f"c{number}" for number in range(len(named))))
    columns = []
    for field in plain.schema:
        column = plain[field.name]
        if isinstance(field.dataType, ArrayType | MapType | StructType):
            column = f.to_json(column)
        elif format_ == "csv":
            column = column.cast("string")
        columns.append(column.alias(field.name))
    return (batch.rename_columns(named) for batch in _with_rows(streamed(plain.select(columns))))


def _with_rows(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return (batch for batch in batches if batch.num_rows)


def _together(first: pa.RecordBatch, others: Iterator[pa.RecordBatch]) -> pa.RecordBatchReader:
    def every() -> Iterator[pa.RecordBatch]:
        yield first
        yield from others

    return pa.RecordBatchReader.from_batches(first.schema, every())


def write(batches: pa.RecordBatchReader, file: IO[bytes], format_: str) -> int:
    """The rows into `file`; how many they are."""
    rows = 0
    if format_ == "jsonl":
        for batch in batches:
            file.writelines(f"{line}\n".encode() for line in batch.column(0).to_pylist())
            rows += batch.num_rows
        return rows
    sink = csv.CSVWriter if format_ == "csv" else pq.ParquetWriter
    with sink(file, batches.schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows
