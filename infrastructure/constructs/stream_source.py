"""A source that events stream in from: a Kinesis stream, and Firehose that brings it to the raw zone."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_kinesis as kinesis
from constructs import Construct

from infrastructure.acknowledging import acknowledge
from infrastructure.constructs.firehose import Inflow, RawDelivery
from infrastructure.storage_stack import StorageStack
from kumitate.blueprint.platform import Platform, StreamedSource


class StreamSource(Construct):
    """`StreamSource(self, "WebEvents", platform, streamed=streamed, storage=storage)`; producers put to `.stream`."""

    def __init__(
        self, scope: Construct, id_: str, platform: Platform, *, streamed: StreamedSource, storage: StorageStack
    ) -> None:
        super().__init__(scope, id_)
        declared = streamed.stream
        called = platform.names.called("stream", streamed.name)
        self.stream = kinesis.Stream(
            self,
            "Stream",
            stream_name=called,
            stream_mode=kinesis.StreamMode.PROVISIONED if declared.shards else kinesis.StreamMode.ON_DEMAND,
            shard_count=declared.shards,
            retention_period=cdk.Duration.hours(declared.retention_hours),
            encryption=kinesis.StreamEncryption.KMS,
            encryption_key=storage.key,
            # It is paid by the hour; what was put there lies in the raw zone, but for the last `buffer_seconds`.
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        acknowledge(
            self.stream,
            {"AwsSolutions-KDS3": "events are personal data: the platform's own key, which can be withdrawn"},
        )
        inflow = Inflow(streamed.name, called, self.stream, declared.buffer_seconds)
        self.delivery = RawDelivery(self, "Delivery", platform, storage=storage, inflow=inflow)
