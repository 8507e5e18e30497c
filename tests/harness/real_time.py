"""Events in a deployed platform, as senders send them and as a test finds them again."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from harness.deployment import Deployment
from kumitate.aws.state import DynamoStateStore

WRITE_KEY = "cloud-web"


@dataclass(frozen=True)
class Answered:
    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class RealTime:
    """The deployed collector's address, and where what it took went."""

    deployment: Deployment

    @cached_property
    def address(self) -> str:
        apis = self.deployment.client("apigatewayv2").get_apis()["Items"]
        (api,) = (each for each in apis if each["Name"] == self.deployment.called("collector"))
        return f"{api['ApiId']}.execute-api.127.0.0.1"

    @cached_property
    def store(self) -> DynamoStateStore:
        return DynamoStateStore(self.deployment.client("dynamodb"), self.deployment.called("state"))

    def post(self, path: str, body: bytes, **headers: str) -> Answered:
        """A call from outside, without any signature of AWS."""
        port = urlsplit(self.deployment.cloud.url).port
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}",
            data=body,
            headers={"Host": f"{self.address}:{port}", "Content-Type": "application/json", **given},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as said:  # noqa: S310 - a URL of our own
                return Answered(said.status, json.loads(said.read()), dict(said.headers))
        except urllib.error.HTTPError as refusal:
            return Answered(refusal.code, json.loads(refusal.read()), dict(refusal.headers))

    def send(self, *events: Mapping[str, Any], packed: bool = False, key: str = WRITE_KEY) -> Answered:
        """A batch as SDKs send it: the write key as the user of Basic auth, the body perhaps packed."""
        body = json.dumps({"batch": events, "sentAt": _now()}).encode()
        headers = {"Authorization": "Basic " + b64encode(f"{key}:".encode()).decode()}
        if packed:
            # As some SDKs name it; API Gateway hands over as text what is called JSON, packed or not.
            headers |= {"Content_Encoding": "gzip", "Content_Type": "application/x-www-form-urlencoded"}
            body = gzip.compress(body)
        return self.post("/v1/batch", body, **headers)

    def call_webhook(self, content: Mapping[str, Any], secret: str) -> Answered:
        body = json.dumps(content).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return self.post("/v1/webhooks/payments", body, X_Signature=signature)

    def lines(self, source: str) -> list[dict[str, Any]]:
        """What lies in the raw zone of a source, in no order."""
        bucket, s3 = self.deployment.platform.names.bucket("raw"), self.deployment.client("s3")
        found = s3.list_objects_v2(Bucket=bucket, Prefix=f"streamed/{source}/").get("Contents", [])
        contents = (s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in found)
        return [json.loads(line) for content in contents for line in _unpacked(content).splitlines() if _is_json(line)]

    def taken(self, source: str, *ids: str) -> list[dict[str, Any]] | None:
        """The lines of these messages; None while one of them is not there."""
        found = [line for line in self.lines(source) if line.get("messageId") in ids]
        return found if {line["messageId"] for line in found} == set(ids) else None

    def put_records(self, source: str, *contents: bytes) -> None:
        """As a producer puts them, past the collector."""
        records = [{"Data": content, "PartitionKey": "one"} for content in contents]
        stream = self.deployment.called("stream", source)
        said = self.deployment.client("kinesis").put_records(StreamName=stream, Records=records)
        assert not said["FailedRecordCount"], said


def track(id_: str, event: str, *, user: str, at: datetime | None = None, **properties: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "messageId": id_,
        "event": event,
        "userId": user,
        "timestamp": (at or datetime.now(UTC)).isoformat(),
        "properties": properties,
    }


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _unpacked(content: bytes) -> bytes:
    return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def told(messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The details of events that a queue holds."""
    yield from (json.loads(each["Body"])["detail"] for each in messages)
