"""The deployed platform at work, every function under its own role: from what arrives to what was delivered."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import takewhile

import pytest
from click.testing import CliRunner

from harness.cloud import ACCOUNT, REGION, ROOT, eventually, templates
from harness.deliveries import Lists
from harness.deployment import Deployment
from harness.flows import AS_OF, CHAT, CRM, Flows, alerts, contacts, names_of
from harness.permissions import needs
from harness.placed import Account
from harness.real_time import RealTime
from kumitate.activation.destinations.registry import destination_class
from kumitate.aws.book import PageBook
from kumitate.aws.ledger import DynamoLedger
from kumitate.aws.memory import DynamoMemory
from kumitate.cli.main import main
from kumitate.cloud.collecting import Collection
from kumitate.model.step import Run
from kumitate.sandbox.server import Fault

pytestmark = pytest.mark.emulator


def test_nothing_differs_from_what_was_deployed(deployed: Deployment) -> None:
    assert deployed.cloud.differences(deployed.assembly) == ""


def test_a_file_in_the_drop_zone_starts_the_pipeline(deployed: Deployment, flows: Flows) -> None:
    before = names_of(flows.executions("pipeline"))
    deployed.client("s3").put_object(
        Bucket=deployed.platform.names.bucket("raw"), Key="drop/data/members-2.csv", Body=b"member_no,first_name\n"
    )
    (started,) = eventually(
        lambda: [each for each in flows.executions("pipeline") if each["name"] not in before],
        what="an execution of the pipeline",
    )
    assert flows.execution_input(started["executionArn"]) == {"reason": "arrivals", "count": 1}
    flows.ended(started["executionArn"])
    history = deployed.client("stepfunctions").get_execution_history(executionArn=started["executionArn"])
    entered = [
        each["stateEnteredEventDetails"]["name"] for each in history["events"] if "stateEnteredEventDetails" in each
    ]
    assert "segments" in entered, f"begun under its own role, and through its stages: {entered}"


def test_an_event_that_is_streamed_lies_in_the_raw_zone(deployed: Deployment) -> None:
    event = {"messageId": "m9", "event": "Page Viewed", "userId": "1", "timestamp": AS_OF}
    deployed.client("kinesis").put_record(
        StreamName=deployed.called("stream", "web_events"), PartitionKey="1", Data=json.dumps(event).encode()
    )
    lines = eventually(lambda: RealTime(deployed).taken("web_events", "m9"), what="a file of the stream")
    assert lines == [event]


def test_changed_segments_reach_their_destinations_and_come_back_as_outcomes(
    deployed: Deployment, flows: Flows
) -> None:
    run_id = flows.begin_run()
    changes = {CRM: contacts("k1", "k2", "k3"), CHAT: alerts("m1")}
    for sync, rows in changes.items():
        flows.put_pages(run_id, sync, rows)
    before = names_of(flows.executions("activation"))
    flows.announce("Segments changed", {"run_id": run_id, "as_of": AS_OF})
    (started,) = eventually(
        lambda: [each for each in flows.executions("activation") if each["name"] not in before],
        what="an execution of the activation",
    )
    ended = flows.ended(started["executionArn"])
    assert ended["status"] == "SUCCEEDED", ended
    assert flows.sync_state(run_id, CRM) == (2, 2)
    assert {row["CRM_Key__c"] for row in flows.sent_to("salesforce", "Contact").values()} == {"k1", "k2", "k3"}
    assert [each["text"] for each in flows.sent_to("slack", "C0SALES001").values() if "is back" in each["text"]] == [
        "m1 is back"
    ]
    assert _collected(deployed, run_id, changes) == dict.fromkeys(("k1", "k2", "k3", "m1"), "accepted")


def _collected(deployed: Deployment, run_id: str, changes: dict[str, list]) -> dict[str, str]:
    """What the delivery job makes of the ledger's notes: a row of outcomes for each change."""
    table, client = deployed.called("ledger"), deployed.client("dynamodb")
    lake = Lists(changes)
    collection = Collection(
        engine=lake,
        lake=lake,
        ledger=DynamoLedger(client, table, clock=_now),
        book=PageBook(client, table, clock=_now),
        memory=DynamoMemory(client, table),
        run=Run(run_id, datetime.fromisoformat(AS_OF)),
    )
    for sync, type_ in ((CRM, "salesforce"), (CHAT, "slack")):
        assert collection.collect(sync, destination_class(type_).terms) == len(changes[sync])
    return {row["key"]: row["verdict"] for row in lake.written}


def test_a_poisoned_message_is_set_aside_with_its_reason_and_the_rest_is_delivered(flows: Flows) -> None:
    run_id, dead = flows.begin_run(), flows.queue("account", "crm", "dlq")
    flows.open_sync(run_id, CRM)
    flows.put_pages(run_id, CRM, contacts("k11"))
    page = {"run_id": run_id, "sync": CRM, "page": f"deliveries/{run_id}/{CRM}/00001.jsonl.gz", "number": 1}
    missing = {**page, "page": f"deliveries/{run_id}/{CRM}/00007.jsonl.gz", "number": 7}
    unknown = {**page, "sync": "gone"}
    flows.send(flows.queue("account", "crm"), "{", json.dumps(missing), json.dumps(unknown), json.dumps(page))
    messages = eventually(
        lambda: found if len(found := flows.messages(dead)) == 3 else None, what="three messages set aside"
    )
    reasons = {each["MessageAttributes"]["reason"]["StringValue"] for each in messages}
    assert reasons == {"message.unreadable", "page.missing", "sync.unknown"}
    assert all(each["MessageAttributes"]["explanation"]["StringValue"] for each in messages)
    eventually(lambda: flows.sync_state(run_id, CRM)[1] == 1, what="the page beside them")
    assert "k11" in {row["CRM_Key__c"] for row in flows.sent_to("salesforce", "Contact").values()}
    flows.end_run(run_id)


def test_what_was_set_aside_is_brought_back(
    deployed: Deployment, flows: Flows, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, dead = flows.begin_run(), flows.queue("account", "crm", "dlq")
    deployed.client("sqs").purge_queue(QueueUrl=dead)
    flows.open_sync(run_id, CRM)
    flows.put_pages(run_id, CRM, contacts("k21"))
    page = {"run_id": run_id, "sync": CRM, "page": f"deliveries/{run_id}/{CRM}/00001.jsonl.gz", "number": 1}
    flows.send(dead, json.dumps(page))
    for name, value in {**ROOT, "AWS_ENDPOINT_URL": deployed.cloud.url, "AWS_DEFAULT_REGION": REGION}.items():
        monkeypatch.setenv(name, value)
    said = CliRunner().invoke(main, ["redrive", "crm", "--env", "dev", "--project", str(deployed.project)])
    assert said.exit_code == 0, said.output
    assert "1 brought back" in said.output
    eventually(lambda: flows.sync_state(run_id, CRM)[1] == 1, what="the page that was brought back")
    assert not flows.messages(dead)
    flows.end_run(run_id)


def test_an_account_that_is_down_slows_no_other(deployed: Deployment, flows: Flows) -> None:
    run_id = flows.begin_run()
    deployed.sandbox.fault("salesforce", Fault(status=503, times=1000))
    flows.bring(run_id, CRM, contacts("k31"))
    flows.bring(run_id, CHAT, alerts("m31"))
    begun = time.monotonic()
    flows.wait_until_done(run_id, CHAT, seconds=30)
    assert time.monotonic() - begun < 30
    assert flows.sync_state(run_id, CRM)[1] == 0, "the account that is down has its page still before it"
    flows.end_run(run_id)


@pytest.mark.parametrize(
    ("schedule", "machine", "given"),
    [
        ("pipeline", "pipeline", {"reason": "schedule"}),
        (f"sync-{CRM}", "activation", {"reason": "schedule", "syncs": [CRM]}),
    ],
)
def test_a_schedule_starts_its_machine(
    deployed: Deployment, flows: Flows, schedule: str, machine: str, given: dict[str, object]
) -> None:
    """Nobody waits until three in the morning: a twin of the deployed schedule, its target and role, goes off now."""
    client, name = deployed.client("scheduler"), deployed.called(schedule)
    placed = client.get_schedule(Name=name)
    before = names_of(flows.executions(machine))
    soon = (datetime.now(UTC) + timedelta(seconds=1)).strftime("at(%Y-%m-%dT%H:%M:%S)")
    client.create_schedule(
        Name=f"{name}-now",
        ScheduleExpression=soon,
        ActionAfterCompletion="DELETE",
        FlexibleTimeWindow=placed["FlexibleTimeWindow"],
        Target=placed["Target"],
    )
    started = eventually(
        lambda: [each for each in flows.executions(machine) if each["name"] not in before], what="a start by schedule"
    )
    assert flows.execution_input(started[0]["executionArn"]) == given
    assert started[0]["executionArn"].startswith(f"arn:aws:states:{REGION}:{ACCOUNT}:execution:")


def _now() -> datetime:
    return datetime.now(UTC)


def test_what_functions_did_in_the_emulator_is_what_the_contracts_say(deployed: Deployment) -> None:
    """The contracts are compared with the calls that the emulator's IAM was asked about, role by role."""
    said = Account.of(templates(deployed.assembly), deployed.platform)
    wanted = defaultdict(set)
    for need in needs(said):
        wanted[need.who].add(need.action)
    done = defaultdict(set)
    for call in deployed.cloud.calls():
        name = call["principal"].partition(f":assumed-role/{deployed.called()}")[2].partition("/")[0]
        if name:
            done[_role(said, deployed.called() + name)].add(call["action"])
    strangers = {path: sorted(actions - wanted[path]) for path, actions in done.items() if actions - wanted[path]}
    assert len(done) >= 8, f"few functions were at work: {sorted(done)}"
    assert not strangers


def _role(account: Account, name: str) -> str:
    """CloudFormation makes a role's name of its stack, its id and an ending, and cuts what is too long."""

    def in_common(path: str) -> int:
        ours = account.policies.roles[path].arn.rpartition("/")[2]
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(ours, name, strict=False)))

    return max(account.policies.roles, key=in_common)
