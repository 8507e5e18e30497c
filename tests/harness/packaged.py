"""What packaged functions find in their account: buckets, tables, queues, a machine, a lake that Athena reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from harness.athena_server import AthenaServer
from harness.memory_lake import MemoryLake
from harness.ministack import CREDENTIALS, ministack
from harness.mock_account import BUCKET, REGION, TABLE, ledger_table, results_bucket
from kumitate.activation.cards import fired_syncs
from kumitate.activation.routes import Route, to_json
from kumitate.activation.tables import SYNC_COUNTS
from kumitate.activation.triggered import to_json as fired_to_json
from kumitate.blueprint.names import ZONES, Names
from kumitate.events.collecting import collecting_of
from kumitate.events.collecting import to_json as collecting_to_json
from kumitate.events.triggering import to_json as triggering_to_json
from kumitate.events.triggering import triggering_of
from kumitate.identity.tables import PERSON_EVENTS
from kumitate.ingest.tables import DELIVERIES, QUARANTINE, REPLAYS
from kumitate.model.table import Column, Table, Type, columns
from kumitate.project import open_project
from kumitate.sandbox.server import TOKEN, Sandbox
from kumitate.segments.tables import SEGMENT_BITS, SEGMENT_SIZES

BUILD = Path(__file__).resolve().parents[2] / "build"
NAMES = Names("tea", "dev", "000000000000", REGION)
SYNC = "alerts"
CLOUD = Path(__file__).resolve().parents[1] / "projects" / "cloud"
_LAMBDA = f"arn:aws:lambda:{REGION}:000000000000"
PROFILES = Table("curated", "profiles", (Column("person_id", Type.STRING), Column("email", Type.STRING, personal=True)))
MASKS = Table("curated", "segment_masks", columns(person_id=Type.STRING, mask_0=Type.BIGINT))
GATE = {"max_quarantined_percent": 5.0, "max_profile_drop_percent": 20.0, "min_profiles": 1}


@dataclass
class World:
    """One account for all functions; `environment` is what any of them may be deployed with."""

    url: str
    athena: AthenaServer
    sandbox: Sandbox
    environment: dict[str, str]
    queues: dict[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )

    def taken(self, queue: str) -> list[dict[str, Any]]:
        """Messages as Lambda's event source hands them over."""
        found = self.client("sqs").receive_message(
            QueueUrl=self.queues[queue], MaxNumberOfMessages=10, AttributeNames=["All"], WaitTimeSeconds=1
        )
        return [record(each["Body"], each["MessageId"], each["ReceiptHandle"]) for each in found.get("Messages", ())]


def record(body: str, identifier: str = "m1", receipt: str = "r1") -> dict[str, Any]:
    return {
        "messageId": identifier,
        "receiptHandle": receipt,
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:000000000000:deliver-team",
        "awsRegion": REGION,
    }


@contextmanager
def opened_world(folder: Path) -> Iterator[World]:
    with ministack(folder, region=REGION) as url, Sandbox(folder / "sandbox.db") as sandbox:
        world = World(url, AthenaServer(_lake(), None, BUCKET, "tea_dev_"), sandbox, {})
        world.athena.s3 = world.client("s3")
        with world.athena.serving() as athena:
            _furnish(world)
            world.environment |= _environment(world, _project_files(folder, sandbox), athena)
            yield world


def _furnish(world: World) -> None:
    results_bucket(world.client("s3"))
    ledger_table(world.client("dynamodb"))
    world.client("dynamodb").create_table(
        TableName=NAMES.called("idempotency"),
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    world.client("secretsmanager").create_secret(Name="shop/slack", SecretString=TOKEN)
    world.client("events").create_event_bus(Name=NAMES.called("bus"))
    for name in ("deliver-team", "deliver-dead", "deliver-chat"):
        world.queues[name] = world.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    _furnish_real_time(world)
    for zone in set(ZONES.values()):
        location = {"LocationConstraint": REGION}
        world.client("s3").create_bucket(Bucket=NAMES.bucket(zone), CreateBucketConfiguration=location)
    for database in ZONES:
        world.client("glue").create_database(DatabaseInput={"Name": NAMES.database(database)})
    world.client("stepfunctions").create_state_machine(
        name=NAMES.called("pipeline"),
        definition=json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}),
        roleArn="arn:aws:iam::000000000000:role/pipeline",
    )


def _furnish_real_time(world: World) -> None:
    world.client("dynamodb").create_table(
        TableName=NAMES.called("state"),
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    world.client("kinesis").create_stream(StreamName=NAMES.called("stream", "web_events"), ShardCount=1)
    world.client("scheduler").create_schedule_group(Name=NAMES.called("timers"))


def _real_time_files(folder: Path) -> None:
    """Of the project that has everything: a collector, triggers, and a sync that one of them fires."""
    config = open_project(CLOUD).config
    for name, text in (
        ("collect", collecting_to_json(collecting_of(config))),
        ("triggers", triggering_to_json(triggering_of(config))),
        ("triggered", fired_to_json(fired_syncs(config))),
    ):
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


def _project_files(folder: Path, sandbox: Sandbox) -> Path:
    """What the layer has under /opt/kumitate."""
    route = Route(SYNC, "team", "slack", {"channel": "C1", "sync": SYNC}, "shop/slack", sandbox.url("slack"), 0.0)
    (folder / "routes.json").write_text(to_json((route,)), encoding="utf-8")
    tables = [
        {
            "database": table.database,
            "name": table.name,
            "columns": [{"name": each.name, "type": each.type, "personal": each.personal} for each in table.columns],
        }
        for table in (PROFILES, MASKS, DELIVERIES)
    ]
    given = {"project": NAMES.project, "snapshots_kept": 5, "tables": tables}
    (folder / "tables.json").write_text(json.dumps(given), encoding="utf-8")
    _real_time_files(folder)
    return folder


def _environment(world: World, files: Path, athena: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": world.url,
        "AWS_ENDPOINT_URL_ATHENA": athena,
        "KUMITATE_ACCOUNT": "team",
        "KUMITATE_BUS": NAMES.called("bus"),
        "KUMITATE_DATABASES": json.dumps({each: NAMES.database(each) for each in ZONES}),
        "KUMITATE_DLQ": world.queues["deliver-dead"],
        "KUMITATE_ENVIRONMENT": NAMES.environment,
        "KUMITATE_GATE": json.dumps(GATE),
        "KUMITATE_LEDGER": TABLE,
        "KUMITATE_MACHINE": f"arn:aws:states:{REGION}:000000000000:stateMachine:{NAMES.called('pipeline')}",
        "KUMITATE_QUEUES": "deliver-",
        "KUMITATE_RESULTS": BUCKET,
        "KUMITATE_ROUTES": str(files / "routes.json"),
        "KUMITATE_SOURCE": NAMES.event_source,
        "KUMITATE_TABLES": str(files / "tables.json"),
        "KUMITATE_WORKGROUP": NAMES.called("query"),
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "POWERTOOLS_METRICS_NAMESPACE": "Kumitate",
        **_real_time_environment(files),
    }


def _real_time_environment(files: Path) -> dict[str, str]:
    return {
        "KUMITATE_COLLECT": str(files / "collect.json"),
        "KUMITATE_FUNCTION": f"{_LAMBDA}:function:{NAMES.called('fn', 'processor')}",
        "KUMITATE_SECRETS": "{}",
        "KUMITATE_STATE": NAMES.called("state"),
        "KUMITATE_STREAMS": NAMES.called("stream", ""),
        "KUMITATE_TIMERS_ROLE": "arn:aws:iam::000000000000:role/timers",
        "KUMITATE_TIMERS_UNDELIVERED": f"arn:aws:sqs:{REGION}:000000000000:deliver-dead",
        "KUMITATE_TIMERS": NAMES.called("timers"),
        "KUMITATE_TRIGGERED": str(files / "triggered.json"),
        "KUMITATE_TRIGGERS": str(files / "triggers.json"),
    }


def _lake() -> MemoryLake:
    """Three people, two of them in `vips`; one run that was not activated yet."""
    lake = MemoryLake()
    lake.put(PROFILES, [{"person_id": each, "email": f"{each}@example.jp"} for each in "abc"])
    lake.put(MASKS, [{"person_id": each, "mask_0": mask} for each, mask in zip("abc", (1, 2, 3), strict=True)])
    lake.put(SEGMENT_BITS, [{"segment": "vips", "bit": 1}])
    lake.put(SEGMENT_SIZES, [{"run_id": "r000001", "segment": "vips", "members": 2}])
    lake.put(DELIVERIES, [{"delivery_id": "d1", "run_id": "r000001", "rows_in": 100}])
    lake.put(QUARANTINE, [])
    lake.put(REPLAYS, [])
    lake.put(PERSON_EVENTS, [{"run_id": "r000001", "event": "created", "person_id": each} for each in "abc"])
    lake.put(SYNC_COUNTS, [])
    return lake
