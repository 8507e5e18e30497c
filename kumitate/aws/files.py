"""Inbox and raw area in the raw bucket: what lies in the drop zone or was pulled or streamed, and what was taken in."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Any

from botocore.exceptions import ClientError

from kumitate.aws.globs import literal_prefix, matches
from kumitate.errors import FatalError, RetryableError
from kumitate.model.fingerprint import fingerprint
from kumitate.ports import Found, Kept

_ONE_COPY_BYTES = 5 * 2**30
"""S3 copies up to here in one call."""
_TRIES = 3
_UNREADABLE = frozenset({"AccessDenied", "InvalidObjectState", "NoSuchKey"})
_CONDITION_FAILED = "PreconditionFailed"


@dataclass(frozen=True, slots=True)
class _Content:
    """What an object held when it was read; the same ETag is the same content."""

    etag: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Inbox:
    """Files of the raw bucket; sources in `folders` have a prefix of their own, all others share the prefix `drop`.

    A key below `drop` is a path below the project's folder. What was read is remembered under `memory`, so that a
    run reads what is new and not all that ever came; where that is lost, everything is read once more.
    """

    client: Any
    bucket: str
    drop: str
    folders: Mapping[str, str]
    memory: str
    both: frozenset[str] = frozenset()
    """Sources with a prefix of their own whose files may lie below `drop`, too: the past of what is collected."""

    def delivered(self, source: str, path: str) -> Iterator[Found]:
        remembered = self._remembered(source)
        current: dict[str, _Content] = {}
        for key, etag in self._listed(source, path):
            content = remembered.get(key)
            if content is None or content.etag != etag:
                content = self._read(key)
            if content.sha256:
                current[key] = content
            file = key.removeprefix(self.drop)
            yield Found(file, f"{content.etag} {key}", content.sha256, content.bytes)
        if current != remembered:
            self._remember(source, current)

    def keep(self, found: Found, name: str) -> Kept:
        """A copy within S3: as `name` or, where a killed run left another content there, beside it."""
        etag, _, key = found.place.partition(" ")
        content = _Content(etag, found.sha256, found.bytes)
        for _ in range(_TRIES):
            for free in (name, f"{name}.{content.sha256[:16]}"):
                there = self._content_of(free)
                if there == content.sha256 or (not there and self._copied(key, free, content)):
                    return Kept(free, content.sha256, content.bytes)
            content = self._read(key)
        raise RetryableError(f"{found.file}: the file changes while it is taken in; run again when its upload is done")

    def _listed(self, source: str, path: str) -> Iterator[tuple[str, str]]:
        """Key and ETag of what is delivered, without folders' markers and what services note beside their files."""
        pattern = path.removeprefix("./")
        if source not in self.folders or source in self.both:
            for key, entry in self._objects(self.drop + literal_prefix(pattern)):
                if matches(pattern, key.removeprefix(self.drop)):
                    yield key, entry["ETag"]
        if source in self.folders:
            for key, entry in self._objects(self.folders[source]):
                if entry["Size"] and not key.rsplit("/", 1)[-1].startswith(("_", ".")):
                    yield key, entry["ETag"]

    def _objects(self, prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for entry in _entries(self.client, self.bucket, prefix):
            name = entry["Key"].rsplit("/", 1)[-1]
            if name and not name.endswith("_$folder$"):
                yield entry["Key"], entry

    def _read(self, key: str) -> _Content:
        """The object as it is now; without a hash where it cannot be read."""
        try:
            reply = self.client.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if _code(error) in _UNREADABLE:
                return _Content("", "", 0)
            raise
        with reply["Body"] as body:
            return _Content(reply["ETag"], *fingerprint(body))

    def _content_of(self, name: str) -> str:
        """The hash of what is kept under this name; empty where nothing is."""
        if not any(entry["Key"] == name for entry in _entries(self.client, self.bucket, name)):
            return ""
        found: Mapping[str, str] = self.client.head_object(Bucket=self.bucket, Key=name)["Metadata"]
        return found.get("sha256", "unknown")

    def _copied(self, key: str, name: str, content: _Content) -> bool:
        """Copy the very content that was read; False where it is no longer there, or the name no longer free."""
        source = {"Bucket": self.bucket, "Key": key}
        told = {"CopySourceIfMatch": content.etag, "Metadata": {"sha256": content.sha256}}
        told |= {"MetadataDirective": "REPLACE", "TaggingDirective": "REPLACE"}
        try:
            if content.bytes <= _ONE_COPY_BYTES:
                self.client.copy_object(Bucket=self.bucket, Key=name, CopySource=source, IfNoneMatch="*", **told)
            else:
                self.client.copy(source, self.bucket, name, ExtraArgs=told)
        except ClientError as error:
            if _code(error) == _CONDITION_FAILED:
                return False
            raise
        return True

    def _remembered(self, source: str) -> dict[str, _Content]:
        try:
            reply = self.client.get_object(Bucket=self.bucket, Key=self._memory_of(source))
        except self.client.exceptions.NoSuchKey:
            return {}
        with reply["Body"] as body:
            return {key: _Content(*entry) for key, entry in json.loads(gzip.decompress(body.read())).items()}

    def _remember(self, source: str, contents: Mapping[str, _Content]) -> None:
        plain = {key: (content.etag, content.sha256, content.bytes) for key, content in contents.items()}
        body = gzip.compress(json.dumps(plain).encode())
        self.client.put_object(Bucket=self.bucket, Key=self._memory_of(source), Body=body)

    def _memory_of(self, source: str) -> str:
        return f"{self.memory}{source}.json.gz"


@dataclass(frozen=True, slots=True)
class S3RawArea:
    """Objects of the raw bucket by key."""

    client: Any
    bucket: str

    def names(self, prefix: str) -> tuple[str, ...]:
        return tuple(sorted(entry["Key"] for entry in _entries(self.client, self.bucket, prefix)))

    def open(self, name: str) -> IO[bytes]:
        """A copy on this machine's disk: some formats are read from their end."""
        with ExitStack() as until_it_is_whole:
            file = until_it_is_whole.enter_context(TemporaryFile())
            try:
                self.client.download_fileobj(self.bucket, name, file)
            except ClientError as error:
                if _code(error) not in {"403", "404", *_UNREADABLE}:
                    raise
                raise FatalError(
                    f"s3://{self.bucket}/{name}: the stored copy cannot be read ({_code(error)}); "
                    "restore an earlier version of the object, then run again"
                ) from None
            file.seek(0)
            until_it_is_whole.pop_all()
        return file

    @contextmanager
    def add(self, name: str) -> Iterator[IO[bytes]]:
        with TemporaryFile() as file:
            yield file
            file.seek(0)
            try:
                self.client.put_object(Bucket=self.bucket, Key=name, Body=file, IfNoneMatch="*")
            except ClientError as error:
                if _code(error) != _CONDITION_FAILED:
                    raise
                raise FatalError(
                    f"s3://{self.bucket}/{name}: exists already; see that one run at a time works"
                ) from None


def _entries(client: Any, bucket: str, prefix: str) -> Iterator[Mapping[str, Any]]:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", ())


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
