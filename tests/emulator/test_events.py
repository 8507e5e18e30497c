"""Events in real time in a deployed platform: from an HTTP call to the raw zone, and to what a trigger starts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from harness.cloud import ACCOUNT, REGION, eventually
from harness.deployment import Deployment
from harness.flows import Flows
from harness.real_time import RealTime, told, track
from kumitate.events.state_keys import card_key, who_key
from kumitate.sandbox.call import TOKEN

pytestmark = pytest.mark.emulator
SYNC = "signup_alert"


@pytest.fixture(scope="module")
def real_time(deployed: Deployment) -> RealTime:
    return RealTime(deployed)


@pytest.fixture(scope="module")
def published(real_time: RealTime) -> str:
    """A person as a run publishes them: who their number is, and what the sync would send them."""
    member = "7001"
    fields = {"text": f"{member} signed up for {{fact.plan}}"}
    card = {"key": "{person_id}".replace("{person_id}", "p-7001"), "fields": fields}
    real_time.store.publish([
        (who_key("member_no", member), {"person": "p-7001"}),
        (card_key(SYNC, "p-7001"), card),
    ])  # fmt: skip
    return member


@pytest.fixture(scope="module")
def fired(deployed: Deployment) -> Iterator[str]:
    """A queue that hears what has fired."""
    sqs, events = deployed.client("sqs"), deployed.client("events")
    queue = sqs.create_queue(QueueName="test-fired")["QueueUrl"]
    rule, bus = "test-fired", deployed.called("bus")
    pattern = json.dumps({"detail-type": ["Trigger fired"]})
    events.put_rule(Name=rule, EventBusName=bus, EventPattern=pattern)
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:test-fired"
    events.put_targets(Rule=rule, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
    yield queue
    events.remove_targets(Rule=rule, EventBusName=bus, Ids=["queue"])
    events.delete_rule(Name=rule, EventBusName=bus)
    sqs.delete_queue(QueueUrl=queue)


def test_events_sent_by_http_lie_in_the_raw_zone_once(real_time: RealTime) -> None:
    ids = [str(uuid4()) for _ in range(3)]
    given = [track(id_, "Page Viewed", user=f"80{number}") for number, id_ in enumerate(ids)]
    for packed in (True, False):
        answered = real_time.send(*given, packed=packed)
        assert (answered.status, answered.body["success"]) == (200, True), answered
    lines = eventually(lambda: real_time.taken("web_events", *ids), seconds=60, what="the lines of three events")
    assert len(lines) == 3, "sent twice, kept once"
    assert all({"receivedAt", "sentAt", "originalTimestamp", "timestamp"} <= line.keys() for line in lines)
    assert {line["_kumitate"]["source"] for line in lines} == {"web_events"}


def test_who_has_no_write_key_is_told_so_and_nothing_is_kept(real_time: RealTime) -> None:
    refused = real_time.send(track("stranger", "Page Viewed", user="1"), key="nobodys")
    assert refused.status == 401
    assert refused.body["success"] is False


def test_a_webhook_is_taken_when_its_signature_is_right(real_time: RealTime) -> None:
    content = {
        "id": str(uuid4()),
        "type": "payment.succeeded",
        "created": 1_790_000_000,
        "data": {"email": "a@example.jp", "amount": 1200},
    }
    assert real_time.call_webhook(content, "guessed").status in (401, 403)
    assert real_time.call_webhook(content, TOKEN).status == 200
    (line,) = eventually(lambda: real_time.lines("payments"), seconds=60, what="the line of a payment")
    assert (line["event"], line["properties"]["amount"]) == ("payment.succeeded", 1200)


def test_what_a_trigger_tells_reaches_its_destination_within_seconds(
    real_time: RealTime, flows: Flows, published: str
) -> None:
    answered = real_time.send(track(str(uuid4()), "Signed Up", user=published, plan="gold"))
    assert answered.status == 200, answered
    sent = f"{published} signed up for gold"
    eventually(lambda: sent in texts(flows), seconds=60, what="the message of a trigger")
    real_time.send(track(str(uuid4()), "Signed Up", user=published, plan="silver"))
    real_time.send(track(str(uuid4()), "Signed Up", user="7999", plan="iron"))
    assert [text for text in texts(flows) if "signed up" in text] == [sent], "once a person; nobody unknown"


def texts(flows: Flows) -> list[str]:
    return [message["text"] for message in flows.sent_to("slack", "C0SALES001").values()]


def test_what_does_not_happen_in_time_fires_by_a_timer(real_time: RealTime, flows: Flows, fired: str) -> None:
    """Nobody waits for a minute: it began almost one ago. Who signs up meanwhile is left alone."""
    begun = datetime.now(UTC) - timedelta(seconds=50)
    left, signed = f"9{uuid4().int % 10**9}", f"8{uuid4().int % 10**9}"
    for user in (left, signed):
        assert real_time.send(track(str(uuid4()), "Signup Started", user=user, at=begun)).status == 200
    real_time.send(track(str(uuid4()), "Signed Up", user=signed))

    def found() -> list[dict[str, object]]:
        return [each for each in told(flows.messages(fired)) if each["trigger"] == "signup_left"]

    fired_ones = eventually(found, seconds=90, what="a trigger that a timer fires")
    assert len(fired_ones) == 1
    timers = real_time.deployment.client("scheduler").list_schedules(GroupName=real_time.deployment.called("timers"))
    assert not timers["Schedules"], "the one has gone off, the other was cancelled"


def test_a_record_that_is_none_is_set_aside_by_its_place_and_stops_nothing(
    real_time: RealTime, flows: Flows, fired: str
) -> None:
    user = f"7{uuid4().int % 10**9}"
    collected = {"receivedAt": datetime.now(UTC).isoformat(), "_kumitate": {"source": "web_events"}}
    good = json.dumps(track(str(uuid4()), "Signed Up", user=user, plan="tin") | collected).encode()
    real_time.put_records("web_events", b"\xff\xfe{", b'{"messageId": ', good)
    dead = flows.queue("processor", "dlq")
    messages = eventually(
        lambda: found if len(found := flows.messages(dead)) >= 2 else None, seconds=60, what="two lines set aside"
    )
    for message in messages:
        body = json.loads(message["Body"])
        assert body["stream"].endswith(real_time.deployment.called("stream", "web_events"))
        assert body["sequence"]
        assert user not in message["Body"]
    eventually(
        lambda: [each for each in told(flows.messages(fired)) if each["facts"] == {"plan": "tin"}],
        seconds=60,
        what="the trigger that the event behind them fires",
    )
