"""E-mail by SES: a configuration set that suppresses who bounced or complained, and tells what became of each mail."""

from __future__ import annotations

from aws_cdk import aws_ses as ses
from constructs import Construct

from infrastructure.constructs.message_results import MessageResults
from kumitate.blueprint.platform import Platform

_EVENTS = (
    "send",
    "reject",
    "bounce",
    "complaint",
    "delivery",
    "open",
    "click",
    "renderingFailure",
    "deliveryDelay",
    "subscription",
)


class Email(Construct):
    """Syncs to SES name this set in `configuration_set`."""

    def __init__(self, scope: Construct, id_: str, platform: Platform, *, results: MessageResults) -> None:
        super().__init__(scope, id_)
        known = ses.CfnConfigurationSet
        self.name = platform.names.called("mail")
        configuration = ses.CfnConfigurationSet(
            self,
            "Configuration",
            name=self.name,
            delivery_options=known.DeliveryOptionsProperty(tls_policy="REQUIRE"),
            reputation_options=known.ReputationOptionsProperty(reputation_metrics_enabled=True),
            sending_options=known.SendingOptionsProperty(sending_enabled=True),
            suppression_options=known.SuppressionOptionsProperty(suppressed_reasons=["BOUNCE", "COMPLAINT"]),
        )
        role = results.role_for("ses")
        target = ses.CfnConfigurationSetEventDestination.KinesisFirehoseDestinationProperty(
            delivery_stream_arn=results.arn, iam_role_arn=role.role_arn
        )
        destination = ses.CfnConfigurationSetEventDestination(
            self,
            "Results",
            configuration_set_name=configuration.ref,
            event_destination=ses.CfnConfigurationSetEventDestination.EventDestinationProperty(
                name="raw-zone",
                enabled=True,
                matching_event_types=list(_EVENTS),
                kinesis_firehose_destination=target,
            ),
        )
        # SES tries the role when the destination is made.
        destination.node.add_dependency(role.node.find_child("DefaultPolicy"))
