"""Where messaging services tell what became of a message: one Firehose into the raw zone, `streamed/messages/`."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisfirehose as firehose
from constructs import Construct

from infrastructure.constructs.firehose import Inflow, RawDelivery
from infrastructure.storage_stack import StorageStack
from kumitate.blueprint.platform import Platform

MESSAGES = "messages"
_PUT = ("firehose:PutRecord", "firehose:PutRecordBatch")


class MessageResults(Construct):
    """`results.role_for("ses")` is a role under which that service puts its events here."""

    def __init__(self, scope: Construct, id_: str, platform: Platform, *, storage: StorageStack) -> None:
        super().__init__(scope, id_)
        self._account = platform.names.account
        inflow = Inflow(MESSAGES, platform.names.called(MESSAGES))
        self.delivery = RawDelivery(self, "Delivery", platform, storage=storage, inflow=inflow)
        self.arn = self.delivery.resource.attr_arn
        self.stream = firehose.DeliveryStream.from_delivery_stream_arn(self, "Stream", self.arn)

    def role_for(self, service: str) -> iam.Role:
        ours = {"StringEquals": {"aws:SourceAccount": self._account}}
        role = iam.Role(
            self, service.capitalize(), assumed_by=iam.ServicePrincipal(f"{service}.amazonaws.com", conditions=ours)
        )
        role.add_to_policy(iam.PolicyStatement(actions=list(_PUT), resources=[self.arn]))
        return role
