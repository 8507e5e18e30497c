"""Every function's bundle, under the real runtime client: cold, warm, in error, and with nothing to start from."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.lambda_runtime import Function, Package
from harness.mock_account import BUCKET, open_sync, sync_item
from harness.packaged import NAMES, SYNC, World, record
from kumitate.activation.triggered import fired_json
from kumitate.aws.pages import PageObjects
from kumitate.aws.state import DynamoStateStore
from kumitate.cloud.pages import manifest_of, write_pages
from kumitate.model.event import Fired
from kumitate.model.request import Change, Operation

pytestmark = pytest.mark.package
FUNCTIONS = Path(__file__).resolve().parents[2] / "functions"


@dataclass(frozen=True)
class Case:
    """What a function is called with, twice, and what both answers must be; `bad` is what it must refuse."""

    event: Callable[[World], dict[str, Any]]
    answers: Callable[[World, dict[str, Any]], bool]
    bundle: str = "lambda"
    bad: object = None


def sync_ready(world: World, run: str = "r000001") -> dict[str, Any]:
    """A run with one page for Slack."""
    if not sync_item(world.client("dynamodb"), run, SYNC):
        open_sync(world.client("dynamodb"), run, SYNC)
    change = Change("a", Operation.CREATE, {"text": "tea"})
    write_pages([[change]], PageObjects(world.client("s3"), BUCKET), run_id=run, sync=SYNC, rows=1)
    return {"detail-type": "Sync changes ready", "detail": {"run_id": run, "sync": SYNC}}


def a_page_and_a_poisoned_message(world: World) -> dict[str, Any]:
    """A page of another run: the second time it comes again, as SQS may hand it over."""
    sync_ready(world, run="r000002")
    (page,) = manifest_of(PageObjects(world.client("s3"), BUCKET), "r000002", SYNC).names("r000002", SYNC)
    body = {"run_id": "r000002", "sync": SYNC, "page": page, "number": 1}
    return {"Records": [record(json.dumps(body), "m1"), record("poison", "m2")]}


def is_delivered_once(world: World, answer: dict[str, Any]) -> bool:
    texts = [message["text"] for message in world.sandbox.objects("slack", "C1").values()]
    return answer == {"batchItemFailures": []} and texts == ["tea"] and bool(world.taken("deliver-dead"))


def arrived(_: World) -> dict[str, Any]:
    return {"Records": [record(json.dumps({"detail-type": "Object Created", "detail": {}})), record("poison", "m2")]}


def deployed(_: World) -> dict[str, Any]:
    return {"RequestType": "Create", "ResourceProperties": {}}


def collected(_: World) -> dict[str, Any]:
    """The same batch twice, as an SDK sends it that had no answer."""
    event = {"type": "track", "messageId": "m1", "event": "Signed Up", "userId": "7", "properties": {"plan": "gold"}}
    http = {"method": "POST", "path": "/v1/batch", "sourceIp": "203.0.113.7"}
    return {
        "version": "2.0",
        "rawPath": "/v1/batch",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": http},
        "body": b64encode(json.dumps({"writeKey": "cloud-web", "batch": [event]}).encode()).decode(),
        "isBase64Encoded": True,
    }


def is_in_the_stream_once(world: World, answer: dict[str, Any]) -> bool:
    kinesis = world.client("kinesis")
    stream = {"StreamName": NAMES.called("stream", "web_events")}
    (shard,) = kinesis.list_shards(**stream)["Shards"]
    start = kinesis.get_shard_iterator(**stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
    (record,) = kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"]
    return answer["statusCode"] == 200 and json.loads(record["Data"])["messageId"] == "m1"


def an_event_and_a_poisoned_record(_: World) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    event = {"type": "track", "messageId": "m2", "event": "Signed Up", "userId": "7", "timestamp": now}
    event |= {"receivedAt": now, "properties": {"plan": "gold"}, "_kumitate": {"source": "web_events"}}
    records = [b"\xff{", json.dumps(event).encode()]
    return {
        "Records": [
            {
                "eventID": f"shardId-000000000000:{number}",
                "eventSourceARN": f"arn:aws:kinesis:ap-northeast-1:000000000000:stream/{NAMES.called('stream', 'web')}",
                "kinesis": {"sequenceNumber": str(number), "partitionKey": "a", "data": b64encode(content).decode()},
            }
            for number, content in enumerate(records)
        ]
    }


def fired(world: World) -> dict[str, Any]:
    """For somebody whom a run has published."""
    store = DynamoStateStore(world.client("dynamodb"), NAMES.called("state"))
    store.publish([("card#signup_alert#p-1", {"key": "p-1", "fields": {"text": "7 signed up for {fact.plan}"}})])
    told = Fired("f1", "signed_up", "p-1", "p-1", datetime.now(UTC), {"plan": "gold"})
    return {"detail-type": "Trigger fired", "detail": fired_json(told)}


def is_on_its_way(world: World, answer: dict[str, Any]) -> bool:
    (message,) = {each["body"] for each in world.taken("deliver-chat")}
    page = json.loads(message)["page"]
    return answer == {"leaving": 1} and b"gold" in gzip.decompress(PageObjects(world.client("s3"), BUCKET).get(page))


CASES = {
    "arrivals": Case(arrived, lambda _, answer: answer == {"batchItemFailures": [{"itemIdentifier": "m2"}]}),
    "begin_run": Case(
        lambda _: {"execution": "arn:one", "reason": "test", "as_of": "2026-01-31T00:00:00+00:00"},
        lambda _, answer: (answer["verdict"], answer["run_id"]) == ("begun", "r000001"),
    ),
    "collector": Case(collected, is_in_the_stream_once),
    "delivery": Case(a_page_and_a_poisoned_message, is_delivered_once),
    "end_run": Case(
        lambda _: {"run_id": "r000001", "state": "finished"}, lambda _, answer: answer["state"] == "finished"
    ),
    "export_segment": Case(
        lambda _: {"segment": "vips", "format": "csv"}, lambda _, answer: answer["rows"] == 2, bundle="wrangler"
    ),
    "lake_tables": Case(deployed, lambda _, answer: answer["Data"] == {"Tables": 3}, bundle="lake"),
    "planner": Case(sync_ready, lambda _, answer: answer["pages"] == 1),
    "processor": Case(
        an_event_and_a_poisoned_record,
        lambda world, answer: answer == {"batchItemFailures": []} and bool(world.taken("deliver-dead")),
    ),
    "quality_gate": Case(
        lambda _: {"run_id": "r000001", "as_of": "2026-01-31T00:00:00+00:00"},
        lambda _, answer: answer == {"verdict": "pass", "findings": []},
    ),
    "triggered": Case(fired, is_on_its_way),
}
NEEDS = {"end_run": "begin_run"}
"""What must have been called before, in the same account."""


def started(package: Package, name: str, world: World) -> Any:
    return package.started(f"functions.{name}.handler.handler", **world.environment, POWERTOOLS_SERVICE_NAME=name)


def test_every_function_is_called_here() -> None:
    assert sorted(CASES) == sorted(path.parent.name for path in FUNCTIONS.glob("*/handler.py"))


@pytest.mark.parametrize("name", CASES)
def test_it_answers_cold_and_warm_and_goes_on_after_an_error(
    name: str, unpacked: Callable[[str], Package], world: World
) -> None:
    case, package = CASES[name], unpacked(CASES[name].bundle)
    if name in NEEDS:
        with started(package, NEEDS[name], world) as before:
            before(CASES[NEEDS[name]].event(world))
    before_files = files_of(package.code)
    with started(package, name, world) as function:
        cold = called(function, case, world)
        failed = function(case.bad)
        warm = called(function, case, world)
        assert function.process.poll() is None, "an error must not cost the next call a cold start"
    assert failed.error is not None
    assert failed.error["errorType"]
    assert warm < cold
    assert files_of(package.code) == before_files


def called(function: Function, case: Case, world: World) -> float:
    answer = function(case.event(world))
    assert answer.error is None, f"{answer.error}\n{function.log.read_text()}"
    assert case.answers(world, answer.value), answer.value
    return answer.seconds


def files_of(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.parametrize("name", CASES)
def test_what_it_needs_at_its_start_is_not_in_its_environment(name: str, unpacked: Callable[[str], Package]) -> None:
    package = unpacked(CASES[name].bundle)
    code = f"import sys; sys.path.insert(0, '.'); import functions.{name}.handler"
    done = package.run_python("-I", "-c", code, environment={})
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", CASES)
def test_a_start_that_fails_is_told_to_lambda(name: str, unpacked: Callable[[str], Package]) -> None:
    package = unpacked(CASES[name].bundle)
    with package.started(f"functions.{name}.handler.no_such_handler") as function:
        told = function.settled()
    assert told.error is not None
    assert told.error["errorType"] == "Runtime.HandlerNotFound"
