"""Mobile push: End User Messaging still sends it through an application of Amazon Pinpoint."""

from __future__ import annotations

from aws_cdk import aws_pinpoint as pinpoint
from constructs import Construct

from infrastructure.acknowledging import acknowledge
from kumitate.blueprint.platform import Platform

_SUNSET = "W3696"
_STAYS = (
    "Pinpoint's segments, campaigns and journeys ended on 2026-10-30; send_messages for push, which takes this, stays"
)


class Push(Construct):
    """Channels (APNs, FCM) hold the vendor's certificates; they are added to the application by whoever has those."""

    def __init__(self, scope: Construct, id_: str, platform: Platform) -> None:
        super().__init__(scope, id_)
        self.application = pinpoint.CfnApp(self, "Application", name=platform.names.called("push"))
        # cfn-lint has no reasons of its own: this one is the acknowledgement's.
        self.application.cfn_options.metadata = {"cfn-lint": {"config": {"ignore_checks": [_SUNSET]}}}
        acknowledge(self.application, {f"CloudFormation-Validate::{_SUNSET}": _STAYS})
