"""Firehose into the raw zone: one JSON object a line, compressed, under `streamed/<name>/`."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_logs as logs
from constructs import Construct

from infrastructure.acknowledging import acknowledge
from infrastructure.constructs.bucket import FAILED
from infrastructure.constructs.function import log_group
from infrastructure.storage_stack import StorageStack
from kumitate.blueprint.grants import arn
from kumitate.blueprint.names import STREAMED
from kumitate.blueprint.platform import Platform

_FIREHOSE = "firehose.amazonaws.com"
_OBJECTS = ("s3:AbortMultipartUpload", "s3:PutObject")
_BUCKET = ("s3:GetBucketLocation", "s3:ListBucketMultipartUploads")
_STREAM = ("kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards")


@dataclass(frozen=True, slots=True)
class Inflow:
    """What comes in under `streamed/<name>/`: from `stream`, or put directly to the Firehose `called` so."""

    name: str
    called: str
    stream: kinesis.Stream | None = None
    buffer_seconds: int = 300


class RawDelivery(Construct):
    """`RawDelivery(self, "Delivery", platform, storage=storage, inflow=Inflow("web_events", called, stream))`.

    Records are JSON objects; the line breaks are added here.
    """

    def __init__(
        self, scope: Construct, id_: str, platform: Platform, *, storage: StorageStack, inflow: Inflow
    ) -> None:
        super().__init__(scope, id_)
        self._name, self._storage = inflow.name, storage
        stream = inflow.stream
        called = inflow.called
        self.logs = log_group(self, f"/aws/kinesisfirehose/{called}", platform)
        self.log_stream = logs.LogStream(self, "LogStream", log_group=self.logs, log_stream_name="delivery")
        self.role = self._role(platform, stream)
        self.resource = firehose.CfnDeliveryStream(
            self,
            "Stream",
            delivery_stream_name=called,
            delivery_stream_type="KinesisStreamAsSource" if stream else "DirectPut",
            kinesis_stream_source_configuration=self._from(stream) if stream else None,
            delivery_stream_encryption_configuration_input=None if stream else _encrypted(storage),
            extended_s3_destination_configuration=self._destination(inflow.buffer_seconds),
        )
        if stream:
            acknowledge(self.resource, {"AwsSolutions-KDF1": "it reads an encrypted stream, and keeps nothing itself"})
        # Firehose tries its role when it is made.
        self.resource.node.add_dependency(self.role.node.find_child("DefaultPolicy"))

    def _role(self, platform: Platform, stream: kinesis.Stream | None) -> iam.Role:
        ours = {"StringEquals": {"aws:SourceAccount": platform.names.account}}
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal(_FIREHOSE, conditions=ours))
        raw = f"arn:aws:s3:::{platform.names.bucket('raw')}"
        places = [f"{raw}/{prefix}/{self._name}/*" for prefix in (STREAMED, FAILED)]
        key_use = ["kms:GenerateDataKey", "kms:Decrypt"]
        for actions, resources in (
            (_OBJECTS, places),
            (_BUCKET, [raw]),
            (key_use, [self._storage.key.key_arn]),
            (("logs:PutLogEvents",), [self._place_of_logs(platform)]),
            *(((_STREAM, [stream.stream_arn]),) if stream else ()),
        ):
            role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=resources))
        reason = "one source's files only; their names are made of the time"
        acknowledge(role, {f"AwsSolutions-IAM5[Resource::{place}]": reason for place in places})
        return role

    def _place_of_logs(self, platform: Platform) -> str:
        # The group's own ARN ends in `:*`, behind which nothing can be named.
        place = f"log-group:{self.logs.log_group_name}:log-stream:{self.log_stream.log_stream_name}"
        return arn(platform.names, "logs", place)

    def _from(self, stream: kinesis.Stream) -> firehose.CfnDeliveryStream.KinesisStreamSourceConfigurationProperty:
        return firehose.CfnDeliveryStream.KinesisStreamSourceConfigurationProperty(
            kinesis_stream_arn=stream.stream_arn, role_arn=self.role.role_arn
        )

    def _destination(self, seconds: int) -> firehose.CfnDeliveryStream.ExtendedS3DestinationConfigurationProperty:
        known = firehose.CfnDeliveryStream
        when = "!{timestamp:yyyy/MM/dd/HH}"
        return known.ExtendedS3DestinationConfigurationProperty(
            bucket_arn=self._storage.buckets["raw"].bucket_arn,
            role_arn=self.role.role_arn,
            prefix=f"{STREAMED}/{self._name}/{when}/",
            error_output_prefix=f"{FAILED}/{self._name}/!{{firehose:error-output-type}}/{when}/",
            compression_format="GZIP",
            file_extension=".jsonl.gz",
            buffering_hints=known.BufferingHintsProperty(interval_in_seconds=seconds, size_in_m_bs=64),
            processing_configuration=_one_a_line(),
            cloud_watch_logging_options=known.CloudWatchLoggingOptionsProperty(
                enabled=True,
                log_group_name=self.logs.log_group_name,
                log_stream_name=self.log_stream.log_stream_name,
            ),
        )


def _one_a_line() -> firehose.CfnDeliveryStream.ProcessingConfigurationProperty:
    known = firehose.CfnDeliveryStream
    delimiter = known.ProcessorParameterProperty(parameter_name="Delimiter", parameter_value="\\n")
    return known.ProcessingConfigurationProperty(
        enabled=True, processors=[known.ProcessorProperty(type="AppendDelimiterToRecord", parameters=[delimiter])]
    )


def _encrypted(
    storage: StorageStack,
) -> firehose.CfnDeliveryStream.DeliveryStreamEncryptionConfigurationInputProperty:
    return firehose.CfnDeliveryStream.DeliveryStreamEncryptionConfigurationInputProperty(
        key_type="CUSTOMER_MANAGED_CMK", key_arn=storage.key.key_arn
    )
