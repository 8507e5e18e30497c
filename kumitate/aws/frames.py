"""Rows of the lake as data frames and files in a bucket, with AWS SDK for pandas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kumitate.errors import FatalError
from kumitate.model.step import Query

_ROWS_A_FILE = 200_000


@dataclass(frozen=True, slots=True)
class BucketFrames:
    """Asks in a workgroup, writes to a bucket; a page of rows is a file."""

    bucket: str
    workgroup: str
    database: str

    def pages(self, query: Query) -> Iterator[Any]:
        import awswrangler
        from awswrangler.exceptions import QueryFailed

        try:
            yield from awswrangler.athena.read_sql_query(
                query.sql,
                database=self.database,
                workgroup=self.workgroup,
                ctas_approach=False,
                chunksize=_ROWS_A_FILE,
            )
        except QueryFailed:  # its text may quote rows
            raise FatalError(f"{query.name}: Athena could not answer; see the workgroup's history") from None

    def rows(self, query: Query) -> Iterator[Mapping[str, Any]]:
        for page in self.pages(query):
            yield from page.to_dict("records")

    def store(self, page: Any, key: str) -> int:
        import awswrangler

        write = awswrangler.s3.to_csv if key.endswith(".csv") else awswrangler.s3.to_parquet
        write(page, path=f"s3://{self.bucket}/{key}", index=False)
        return len(page)

    def note(self, key: str, told: Mapping[str, Any]) -> None:
        """JSON beside the files, written last: where it lies, the files are whole."""
        import boto3

        body = json.dumps(told, ensure_ascii=False, indent=1).encode()
        boto3.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json")
