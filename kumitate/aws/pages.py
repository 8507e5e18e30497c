"""Pages of changes as objects in a bucket, by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kumitate.errors import RecordError


class PageObjects:
    """`put`, `get` and `names` of one bucket."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, name: str, content: bytes) -> None:
        kind = "application/gzip" if name.endswith(".gz") else "application/json"
        self._client.put_object(Bucket=self._bucket, Key=name, Body=content, ContentType=kind)

    def get(self, name: str) -> bytes:
        """The object's bytes; RecordError where there is none.

        S3 says "forbidden" of what is not there to those who may list some prefixes alone: they look.
        """
        try:
            content: bytes = self._client.get_object(Bucket=self._bucket, Key=name)["Body"].read()
        except self._client.exceptions.ClientError as error:
            code = error.response.get("Error", {}).get("Code")
            if code == "NoSuchKey" or (code == "AccessDenied" and name not in self.names(name)):
                raise RecordError("page.missing", name) from None
            raise
        return content

    def names(self, prefix: str) -> Iterator[str]:
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            for found in page.get("Contents", ()):
                yield found["Key"]
