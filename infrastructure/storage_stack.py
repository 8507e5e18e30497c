"""What outlives every other stack: the key, the buckets of the zones, the databases, the ledger, the bus."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_glue as glue
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infrastructure.constructs.bucket import AccessLogs, ZoneBucket
from infrastructure.constructs.bus import place_bus
from infrastructure.constructs.database import place_databases
from infrastructure.constructs.keeping import Keeping
from infrastructure.constructs.lake import Lake
from infrastructure.constructs.ledger import DEVICE_TOKENS, IDEMPOTENCY, LEDGER, STATE, Layout, SmallTable
from kumitate.blueprint.names import BUCKETS
from kumitate.blueprint.platform import Platform


class StorageStack(cdk.Stack):
    """`protected` environments refuse to delete it; data goes only where `-c data=delete` is given besides."""

    key: kms.Key
    """Encrypts what holds personal data: buckets, tables, the stream."""
    buckets: dict[str, s3.Bucket]
    """By zone: raw, clean, curated, quarantine, results."""
    databases: dict[str, glue.CfnDatabase]
    """By database of the lake: raw, quarantine, staging, clean, curated, activation."""
    ledger: dynamodb.Table
    device_tokens: dynamodb.Table
    idempotency: dynamodb.Table
    bus: events.EventBus
    lake: Lake
    """The tables; `lake.admit(role, reads=…, writes=…)` opens them to a role besides its IAM statements."""

    def __init__(self, scope: Construct, id_: str, *, platform: Platform, **options: Any) -> None:
        environment = platform.environment
        super().__init__(scope, id_, termination_protection=environment.protected, **options)
        keeping = Keeping.of(self, environment)
        self.key = self._data_key(platform, keeping)
        access_logs = AccessLogs(self, "AccessLogs", platform, keeping=keeping)
        self.buckets = {
            zone: ZoneBucket(self, zone.capitalize(), platform, zone=zone, key=self.key, keeping=keeping).bucket
            for zone in BUCKETS
        }
        for zone, bucket in self.buckets.items():
            access_logs.take(bucket, zone)
        self.databases = place_databases(self, platform, keeping)

        def small(id_: str, layout: Layout) -> dynamodb.Table:
            return SmallTable(self, id_, platform, layout=layout, key=self.key, keeping=keeping).table

        self.ledger = small("Ledger", LEDGER)
        self.device_tokens = small("DeviceTokens", DEVICE_TOKENS)
        self.idempotency = small("Idempotency", IDEMPOTENCY)
        if platform.is_real_time:
            small("State", STATE)
        self.bus = place_bus(self, platform)
        self.lake = Lake(self, "Lake", platform, key_arn=self.key.key_arn, databases=self.databases)

    def _data_key(self, platform: Platform, keeping: Keeping) -> kms.Key:
        return kms.Key(
            self,
            "DataKey",
            alias=f"alias/{platform.names.called('data')}",
            description=f"Data of {platform.names.prefix}",
            enable_key_rotation=True,
            removal_policy=keeping.policy,
        )
