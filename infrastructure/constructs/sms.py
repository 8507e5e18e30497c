"""SMS by AWS End User Messaging: a configuration set that tells what became of each message."""

from __future__ import annotations

from aws_cdk import aws_smsvoice as smsvoice
from constructs import Construct

from infrastructure.constructs.message_results import MessageResults
from kumitate.blueprint.platform import Platform


class Sms(Construct):
    """Sender ids and numbers are registered by hand with each country's authority; they are no part of this."""

    def __init__(self, scope: Construct, id_: str, platform: Platform, *, results: MessageResults) -> None:
        super().__init__(scope, id_)
        known = smsvoice.CfnConfigurationSet
        role = results.role_for("sms-voice")
        target = known.KinesisFirehoseDestinationProperty(delivery_stream_arn=results.arn, iam_role_arn=role.role_arn)
        self.configuration = smsvoice.CfnConfigurationSet(
            self,
            "Configuration",
            configuration_set_name=platform.names.called("sms"),
            event_destinations=[
                known.EventDestinationProperty(
                    event_destination_name="raw-zone",
                    enabled=True,
                    matching_event_types=["ALL"],
                    kinesis_firehose_destination=target,
                )
            ],
        )
        self.configuration.node.add_dependency(role.node.find_child("DefaultPolicy"))
