"""The lake in an AWS account: Iceberg tables in S3, their catalogue in AWS Glue."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import NoSuchNamespaceError

from kumitate.engines.iceberg import IcebergLake, Site
from kumitate.errors import FatalError, RetryableError

_COMMENT_BYTES = 255
"""Glue's limit for a column's comment, which is one line."""
_TRY_AGAIN = frozenset({
    "InternalServiceException", "OperationTimeoutException", "ServiceUnavailable", "SlowDown", "ThrottlingException",
})  # fmt: skip
_PROPERTIES = {
    "commit.retry.num-retries": "4",  # compaction commits too
    "write.update.mode": "copy-on-write",
    "write.merge.mode": "copy-on-write",
    "write.parquet.compression-codec": "zstd",
    "write.target-file-size-bytes": str(256 * 2**20),
}
"""What Athena, Spark and the compaction go by; Athena's UPDATE and MERGE read no other setting than the modes'."""
_DEPLOY = "see that the storage stack, which has the lake's databases, is deployed to this account and region"
_RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 10})


def glue_lake(
    databases: Mapping[str, str],
    location: Callable[[str], str],
    *,
    region: str,
    snapshots_kept: int = 5,
    endpoint: str | None = None,
) -> IcebergLake:
    """The lake whose `databases` (lake's name -> Glue's) exist in this account, its tables at `location`.

    `endpoint` is where an emulator listens; unless given, AWS_ENDPOINT_URL_GLUE, AWS_ENDPOINT_URL_S3 and
    AWS_ENDPOINT_URL are heeded. Old states and their files are let go by Glue's table optimisers, not from here.
    """
    client = boto3.client("glue", region_name=region, endpoint_url=endpoint, config=_RETRIES)
    for operation in ("CreateTable", "UpdateTable"):
        client.meta.events.register(f"provide-client-params.glue.{operation}", _shorten_comments)
    properties = {"s3.region": region, "s3.connect-timeout": "10", "s3.request-timeout": "60"}
    storage = endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if storage:
        properties["s3.endpoint"] = storage
    kept = {"history.expire.min-snapshots-to-keep": str(snapshots_kept)}
    site = Site(databases, location, {**_PROPERTIES, **kept}, errors=_glue_errors)
    return IcebergLake(GlueCatalog("lake", _OwnDatabases(client), **properties), site)


@dataclass(frozen=True, slots=True)
class _OwnDatabases:
    """A Glue client for databases that are not S3 Tables', which pyiceberg asks before each commit: no role needs to
    answer that.
    """

    client: Any

    def get_database(self, **_: object) -> dict[str, Any]:
        return {"Database": {}}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


def _shorten_comments(params: dict[str, Any], **_: object) -> None:
    """Whole meanings stay in the table's own metadata."""
    for column in params["TableInput"].get("StorageDescriptor", {}).get("Columns", ()):
        if "Comment" in column:
            line = re.sub(r"\s+", " ", column["Comment"])
            column["Comment"] = line.encode()[:_COMMENT_BYTES].decode(errors="ignore")


@contextmanager
def _glue_errors() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise _from_answer(error) from None
    except NoSuchNamespaceError as error:
        raise FatalError(f"{error} in AWS Glue; {_DEPLOY}") from None
    except (BotoCoreError, TimeoutError, ConnectionError) as error:
        raise RetryableError(f"the lake's catalogue or storage did not answer ({type(error).__name__})") from None
    except OSError as error:  # Arrow's S3 client, whose text names the object and what was refused
        raise FatalError(f"the lake's storage: {error}; see that the bucket exists and the role may use it") from None


def _from_answer(error: ClientError) -> FatalError | RetryableError:
    code = error.response.get("Error", {}).get("Code", "")
    said = f"{error.operation_name}: {error.response.get('Error', {}).get('Message', code)}"
    if code in _TRY_AGAIN:
        return RetryableError(said)
    if code == "AccessDeniedException":
        return FatalError(f"{said}; the role that runs this needs the right to it")
    return FatalError(f"{said} ({code}); {_DEPLOY}")
