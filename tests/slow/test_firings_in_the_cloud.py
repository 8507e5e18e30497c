"""What triggers fire goes the same ways in an account and on a laptop: the same rows arrive, the same are held."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from functions.delivery import handler as delivery
from functions.triggered import handler as triggered
from harness.fired import CARDS, CART, LEAD, fired, fired_project
from harness.mock_account import BUCKET, REGION, account, ledger_table, results_bucket
from kumitate.activation.cards import fired_syncs
from kumitate.activation.destinations.registry import destination_for
from kumitate.activation.routes import Route, to_json
from kumitate.activation.triggered import fired_json
from kumitate.activation.triggered import to_json as plans_json
from kumitate.aws import clients
from kumitate.aws.firings import DynamoFirings
from kumitate.aws.ledger import DynamoLedger
from kumitate.aws.state import DynamoStateStore
from kumitate.cloud.firing import NotesAlone
from kumitate.errors import FatalError
from kumitate.execution.collected import Collected
from kumitate.execution.collected_states import SqliteStates
from kumitate.execution.fired_book import SqliteFirings
from kumitate.execution.firing import open_firings
from kumitate.execution.gathered import became
from kumitate.model.event import Fired
from kumitate.model.firing import Firing, FiringState
from kumitate.ports import FiringBook, WayOut
from kumitate.project import Project
from kumitate.sandbox.server import TOKEN, Sandbox

pytestmark = pytest.mark.slow
LEDGER, STATE = "kumitate-tea-dev-ledger", "kumitate-tea-dev-state"
CONFIG = fired_project(cart=CART, lead=LEAD)
NOW = datetime.now(UTC)
now = partial(datetime.now, UTC)
LATER = {"card#cart#p3": CARDS["card#cart#p1"] | {"key": "p3:{fact.cart_id}"}}
PUBLISHED = {
    **CARDS,
    "card#lead#p1": {"key": "p1:lead", "fields": {"text": "Sato is hot"}},
    "who#email#a": {"person": "p1"},
}
EVENTS = [
    fired(1, at=NOW),
    fired(2, at=NOW, cart="c2"),
    fired(3, at=NOW, person="p2"),
    fired(4, at=NOW, person="p3"),
    fired(5, at=NOW, person="", cart="c5", who=("who#email#a",)),
    fired(6, at=NOW, cart="c6", denied=("ads/email",)),
    fired(7, at=NOW - timedelta(days=3), cart="c7"),
    fired(1, at=NOW),
]


class Context:
    """What Lambda tells a function of its call."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Sandbox, str]]:
    with account() as client, Sandbox(tmp_path / "cloud.db") as sandbox:
        queue, dead = placed(client)
        url = sandbox.url("slack")
        routes = tuple(
            Route(sync, "team", "slack", {"channel": "C1", "sync": sync}, "shop/slack", url, 0.0)
            for sync in CONFIG.syncs
        )
        (tmp_path / "routes.json").write_text(to_json(routes), encoding="utf-8")
        (tmp_path / "triggered.json").write_text(plans_json(fired_syncs(CONFIG)), encoding="utf-8")
        files = {name: str(tmp_path / f"{name}.json") for name in ("routes", "triggered")}
        for name, value in {
            "AWS_DEFAULT_REGION": REGION,
            "KUMITATE_ACCOUNT": "team",
            "KUMITATE_DLQ": dead,
            "KUMITATE_LEDGER": LEDGER,
            "KUMITATE_QUEUES": "deliver-",
            "KUMITATE_RESULTS": BUCKET,
            "KUMITATE_ROUTES": files["routes"],
            "KUMITATE_STATE": STATE,
            "KUMITATE_TRIGGERED": files["triggered"],
            "POWERTOOLS_METRICS_NAMESPACE": "Kumitate",
            "POWERTOOLS_SERVICE_NAME": "triggered",
        }.items():
            monkeypatch.setenv(name, value)
        yield client, sandbox, queue
    for made in (clients.client, triggered.firings, delivery.deliveries, delivery.queues):
        made.cache_clear()


def placed(client: Any) -> tuple[str, str]:
    """Tables, bucket and secret of the account; the urls of the queue and of the one of dead letters."""
    results_bucket(client("s3"))
    ledger_table(client("dynamodb"))
    client("dynamodb").create_table(
        TableName=STATE,
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client("secretsmanager").create_secret(Name="shop/slack", SecretString=TOKEN)
    queue, dead = (client("sqs").create_queue(QueueName=name)["QueueUrl"] for name in ("deliver-team", "deliver-dead"))
    return queue, dead


def told(event: Fired) -> dict[str, int]:
    """As EventBridge brings it."""
    detail = json.loads(json.dumps(fired_json(event)))
    return triggered.handler({"detail-type": "Trigger fired", "detail": detail}, None)


def deliver(client: Any, queue: str) -> None:
    """All that the account's queue holds."""
    while (
        messages := client("sqs")
        .receive_message(QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=["All"])
        .get("Messages")
    ):
        for message in messages:
            record = {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:deliver-team",
                "awsRegion": REGION,
            }
            assert delivery.handler({"Records": [record]}, Context())["batchItemFailures"] == []
            client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def states(book: FiringBook, out: WayOut) -> dict[tuple[str, str], tuple[str, str, str]]:
    firings = [each for sync in CONFIG.syncs for each in book.uncollected(sync)]
    return {(one.fired.id[-1], one.sync): (*became(one, out)[:2], one.key) for one in firings}


def texts(sandbox: Sandbox) -> list[str]:
    return sorted(message["text"] for message in sandbox.objects("slack", "C1").values())


def in_the_cloud(client: Any, queue: str) -> dict[tuple[str, str], tuple[str, str, str]]:
    """What becomes of all events, of which one waits for a publication."""
    store = DynamoStateStore(client("dynamodb"), STATE)
    store.publish(PUBLISHED.items())
    for event in EVENTS:
        told(event)
    deliver(client, queue)
    store.publish(LATER.items())
    assert triggered.handler({"detail-type": "Run ended", "detail": {"run_id": "r000002"}}, None)["leaving"] == 1
    deliver(client, queue)
    notes = NotesAlone(DynamoLedger(client("dynamodb"), LEDGER, clock=now))
    return states(DynamoFirings(client("dynamodb"), LEDGER, clock=now), notes)


def on_a_laptop(folder: Path) -> dict[tuple[str, str], tuple[str, str, str]]:
    project = Project(CONFIG, {sync: destination_for(CONFIG, sync) for sync in CONFIG.syncs})
    with closing(Collected(folder, clock=now)) as collected:
        local = SqliteStates(collected)
        local.publish(PUBLISHED.items())
        with open_firings(project, folder, local) as firings:
            firings.told(EVENTS)
            local.publish(LATER.items())
            firings.again()
            return states(SqliteFirings(folder), firings.out)


def test_the_same_firings_come_to_the_same_ends(cloud: tuple[Any, Sandbox, str], tmp_path: Path) -> None:
    client, sandbox, queue = cloud
    here, there = on_a_laptop(tmp_path), in_the_cloud(client, queue)
    with Sandbox(tmp_path / "sandbox.db") as own:
        assert texts(own) == texts(sandbox) == ["Sato is hot", *["Sato: Tea, Cup"] * 4]
    assert here == there
    assert {each: here[each, "cart"][:2] for each in "1234567"} == {
        "1": ("accepted", ""),
        "2": ("accepted", ""),
        "3": ("held", "no_consent"),
        "4": ("accepted", ""),
        "5": ("accepted", ""),
        "6": ("held", "no_consent"),
        "7": ("held", "too_late"),
    }
    assert here["1", "lead"][0] == "accepted"
    assert here["2", "lead"] == ("held", "key.sent", "")


def test_another_event_is_refused_in_words(cloud: tuple[Any, Sandbox, str]) -> None:
    assert cloud
    with pytest.raises(FatalError, match="see the function's rules"):
        triggered.handler({"detail-type": "Segment changed", "detail": {}}, None)


def test_both_books_hold_a_write_only_against_the_version_that_was_read(
    cloud: tuple[Any, Sandbox, str], tmp_path: Path
) -> None:
    books: list[FiringBook] = [SqliteFirings(tmp_path), DynamoFirings(cloud[0]("dynamodb"), LEDGER, clock=now)]
    for book in books:
        firing = Firing(fired=fired(9), sync="cart", state=FiringState.PENDING, told_at=NOW, reason="person.unknown")
        assert book.read("cart", firing.fired.id) is None
        assert book.write(firing, instead_of=0)
        assert not book.write(firing, instead_of=0)
        known = book.read("cart", firing.fired.id)
        assert known is not None
        assert (known.fired, known.state, known.told_at) == (firing.fired, firing.state, firing.told_at)
        assert [each.fired.id for each in book.uncollected("cart")] == [firing.fired.id]
        assert not book.write(known.collected(), instead_of=known.version + 1)
        assert book.write(known.collected(), instead_of=known.version)
        assert list(book.uncollected("cart")) == []


def test_what_is_logged_names_nobody(cloud: tuple[Any, Sandbox, str], caplog: pytest.LogCaptureFixture) -> None:
    DynamoStateStore(cloud[0]("dynamodb"), STATE).publish(PUBLISHED.items())
    assert told(fired(1, at=NOW)) == {"leaving": 2}
    said = " ".join(str(vars(record)) for record in caplog.records)
    assert "Sato" not in said
    assert "p1" not in said
