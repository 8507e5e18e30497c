"""Planner and delivery in a mocked account: from an event to a destination, and to the dead-letter queue."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from functions.delivery import handler as delivery
from functions.planner import handler as planner
from harness.mock_account import BUCKET, REGION, account, ledger_table, open_sync, results_bucket, sync_item
from kumitate.activation.routes import Route, to_json
from kumitate.aws import clients
from kumitate.aws.memory import DynamoMemory
from kumitate.aws.pages import PageObjects
from kumitate.aws.queues import Queues
from kumitate.cli.main import main
from kumitate.cloud.pages import write_pages
from kumitate.model.request import Change, Operation
from kumitate.sandbox.server import TOKEN, Fault, Sandbox

RUNS = (f"r{number:06d}" for number in count(1))
SYNC = "alerts"
SHOP = Path(__file__).parents[2] / "examples/shop"


class Context:
    """What Lambda tells a function of its call."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@dataclass
class Platform:
    """The account's clients, its queues, the destination."""

    client: Any
    sandbox: Sandbox
    queue: str
    dead: str

    def begin(self, *texts: str) -> str:
        """A run with one page per text, told to the queue."""
        run = next(RUNS)
        open_sync(self.client("dynamodb"), run, SYNC)
        changes = [Change(f"{run}-{number}", Operation.CREATE, {"text": text}) for number, text in enumerate(texts)]
        write_pages([changes], PageObjects(self.client("s3"), BUCKET), run_id=run, sync=SYNC, rows=1)
        event = {"detail-type": "Sync changes ready", "detail": {"run_id": run, "sync": SYNC}}
        assert planner.handler(event, None) == {"run_id": run, "sync": SYNC, "pages": len(texts)}
        return run

    def records(self) -> list[dict[str, Any]]:
        """What Lambda's event source reads from the queue."""
        found = self.client("sqs").receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, AttributeNames=["All"], VisibilityTimeout=0
        )
        return [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:deliver-team",
                "awsRegion": REGION,
            }
            for message in found.get("Messages", [])
        ]

    def deliver(self) -> list[str]:
        """One call of the function; the messages that come again. What it took is deleted, as Lambda does."""
        records = self.records()
        answer = delivery.handler({"Records": records}, Context())
        again = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        for record in records:
            if record["messageId"] not in again:
                self.client("sqs").delete_message(QueueUrl=self.queue, ReceiptHandle=record["receiptHandle"])
        return again

    def texts(self) -> list[str]:
        return sorted(message["text"] for message in self.sandbox.objects("slack", "C1").values())


@pytest.fixture(scope="module")
def mocked() -> Iterator[Any]:
    with account() as client:
        results_bucket(client("s3"))
        ledger_table(client("dynamodb"))
        client("secretsmanager").create_secret(Name="shop/slack", SecretString=TOKEN)
        yield client


@pytest.fixture
def platform(mocked: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    sqs = mocked("sqs")
    queue, dead = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("deliver-team", "deliver-dead"))
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        route = Route(SYNC, "team", "slack", {"channel": "C1", "sync": SYNC}, "shop/slack", sandbox.url("slack"), 0.0)
        (tmp_path / "routes.json").write_text(to_json((route,)), encoding="utf-8")
        for name, value in {
            "AWS_DEFAULT_REGION": REGION,
            "KUMITATE_ACCOUNT": "team",
            "KUMITATE_DLQ": dead,
            "KUMITATE_LEDGER": "kumitate-tea-dev-ledger",
            "KUMITATE_QUEUES": "deliver-",
            "KUMITATE_RESULTS": BUCKET,
            "KUMITATE_ROUTES": str(tmp_path / "routes.json"),
            "POWERTOOLS_METRICS_NAMESPACE": "Kumitate",
            "POWERTOOLS_SERVICE_NAME": "delivery",
        }.items():
            monkeypatch.setenv(name, value)
        yield Platform(mocked, sandbox, queue, dead)
    DynamoMemory(mocked("dynamodb"), "kumitate-tea-dev-ledger").remember("account:team", "pause", None)
    for url in (queue, dead):
        sqs.delete_queue(QueueUrl=url)
    for made in (clients.client, planner.planner, delivery.deliveries, delivery.queues):
        made.cache_clear()


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """All that was logged, with every field."""
    return " ".join(str(vars(record)) for record in caplog.records)


def test_a_change_arrives_and_is_counted_and_nobody_is_named(
    platform: Platform, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    run = platform.begin("Ms Secret bought tea", "Mr Hidden left")
    assert platform.deliver() == []
    assert platform.texts() == ["Mr Hidden left", "Ms Secret bought tea"]
    item = sync_item(platform.client("dynamodb"), run, SYNC)
    assert (item["pages"], item["done"]) == ({"N": "2"}, {"N": "2"})
    counted, said = capsys.readouterr().out, logged(caplog)
    assert '"RowsAccepted"' in counted
    assert "'rows': {'accepted': 1}" in said
    assert not any(secret in counted + said for secret in ("Secret", "Hidden", f"{run}-0"))


def test_planned_twice_and_delivered_twice_every_message_arrives_once(platform: Platform) -> None:
    run = platform.begin("once")
    event = {"detail-type": "Sync changes ready", "detail": {"run_id": run, "sync": SYNC}}
    planner.handler(event, None)
    assert len(platform.records()) == 2
    assert platform.deliver() == []
    assert platform.texts() == ["once"]
    assert sync_item(platform.client("dynamodb"), run, SYNC)["done"] == {"N": "1"}


def test_a_poisoned_message_is_set_aside_with_its_reason_and_the_others_are_delivered(platform: Platform) -> None:
    sqs = platform.client("sqs")
    sqs.send_message(QueueUrl=platform.queue, MessageBody='{"run_id": "r1"}')
    platform.begin("fine")
    assert platform.deliver() == []
    assert platform.texts() == ["fine"]
    (found,) = Queues(sqs).look(platform.dead, at_most=1)
    assert (found.body, found.reason) == ('{"run_id": "r1"}', "message.unreadable")
    assert "planner" in found.explanation


def test_a_throttled_message_goes_back_and_shows_again_when_the_destination_said(platform: Platform) -> None:
    platform.begin("later")
    platform.sandbox.fault("slack", Fault(429, headers={"Retry-After": "120"}))
    (again,) = platform.deliver()
    assert again
    assert platform.records() == [], "hidden for two minutes"
    assert platform.texts() == []


def test_an_unexpected_failure_names_its_kind_alone_and_the_message_comes_again(
    platform: Platform, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.begin("Ms Secret bought tea")
    monkeypatch.setenv("KUMITATE_RESULTS", "a-bucket-that-is-not-there")
    assert len(platform.deliver()) == 1
    assert "'why': 'NoSuchBucket NoSuchBucket'" in logged(caplog)
    assert "Secret bought" not in logged(caplog)
    assert platform.records() == [], "it waits for half a minute"


@pytest.mark.slow
def test_a_rotated_secret_is_read_again_by_a_warm_function(platform: Platform) -> None:
    secrets = platform.client("secretsmanager")
    secrets.put_secret_value(SecretId="shop/slack", SecretString="old")
    first = platform.begin("refused")
    assert platform.deliver() == []
    secrets.put_secret_value(SecretId="shop/slack", SecretString=TOKEN)
    platform.begin("taken")
    assert platform.deliver() == []
    assert platform.texts() == ["taken"]
    assert sync_item(platform.client("dynamodb"), first, SYNC)["done"] == {"N": "1"}, "it waits for the next run"


def depth(sqs: Any, url: str) -> str:
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return str(found["Attributes"]["ApproximateNumberOfMessages"])


@pytest.fixture
def redrive(platform: Platform) -> Iterator[Callable[..., dict[str, Any]]]:
    """`kumitate redrive` in the example shop; its queues are there, with two messages set aside."""
    sqs = platform.client("sqs")
    names = ("kumitate-shop-dev-account-crm", "kumitate-shop-dev-account-crm-dlq")
    queue, dead = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in names)
    page = {"run_id": "r000001", "sync": "winback", "page": "deliveries/r000001/winback/00002.jsonl.gz", "number": 2}
    Queues(sqs).send(dead, [json.dumps(page)])
    Queues(sqs).set_aside(dead, "?", reason="message.unreadable", explanation="none of the planner's")

    def run(*arguments: str) -> dict[str, Any]:
        words = ["redrive", "crm", "--env", "dev", "--project", str(SHOP), "--json", *arguments]
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0, result.output
        found: dict[str, Any] = json.loads(result.stdout)
        return {**found, "waiting": depth(sqs, queue), "left": depth(sqs, dead)}

    yield run
    for url in (queue, dead):
        sqs.delete_queue(QueueUrl=url)


@pytest.mark.slow
def test_what_was_set_aside_is_listed_with_its_reasons_and_brought_back(redrive: Callable[..., dict[str, Any]]) -> None:
    rehearsed = redrive("--dry-run")
    assert rehearsed["reasons"] == {"receives.exhausted": 1, "message.unreadable": 1}
    assert [(each["run_id"], each["sync"], each["number"]) for each in rehearsed["messages"]] == [
        ("r000001", "winback", 2),
        ("", "", None),
    ]
    assert (rehearsed["brought_back"], rehearsed["waiting"], rehearsed["left"]) == (0, "0", "2")
    done = redrive()
    assert (len(done["messages"]), done["brought_back"], done["waiting"]) == (2, 2, "2")
    assert done["left"] == "0"


@pytest.mark.usefixtures("platform")
def test_an_account_or_an_environment_that_is_not_there_is_named() -> None:
    for words, said in (
        (["redrive", "crn", "--env", "dev"], "unknown destination 'crn'"),
        (["redrive", "crm", "--env", "dve"], "unknown environment 'dve'"),
        (["redrive", "crm", "--env", "dev"], "there is no queue kumitate-shop-dev-account-crm-dlq"),
    ):
        result = CliRunner().invoke(main, [*words, "--project", str(SHOP)])
        assert result.exit_code != 0
        assert said in result.output
