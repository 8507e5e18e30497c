"""Messaging services that the environment switched on, and the way of their results back to the raw zone."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from infrastructure.constructs.connect import ConnectCampaigns
from infrastructure.constructs.email import Email
from infrastructure.constructs.message_results import MessageResults
from infrastructure.constructs.push import Push
from infrastructure.constructs.sms import Sms
from infrastructure.emulator import emulated
from infrastructure.storage_stack import StorageStack
from kumitate.blueprint.platform import Platform
from kumitate.config.environment import Messaging


class MessagingStack(cdk.Stack):
    """Nothing is placed for what is off; `is_needed` says whether anything is on."""

    def __init__(
        self, scope: Construct, id_: str, *, platform: Platform, storage: StorageStack, **options: Any
    ) -> None:
        super().__init__(scope, id_, **options)
        wanted = _placeable(self, platform.environment.messaging)
        if wanted.push:
            Push(self, "Push", platform)
        if not (wanted.email or wanted.sms or wanted.connect_instance):
            return
        results = MessageResults(self, "Results", platform, storage=storage)
        if wanted.email:
            Email(self, "Email", platform, results=results)
        if wanted.sms:
            Sms(self, "Sms", platform, results=results)
        if wanted.connect_instance:
            ConnectCampaigns(self, "Connect", platform, storage=storage, results=results)


def _placeable(scope: Construct, wanted: Messaging) -> Messaging:
    """The emulator knows SES alone; the others' types and the call that ties campaigns are unknown to it."""
    return Messaging(email=wanted.email) if emulated(scope) else wanted


def is_needed(wanted: Messaging) -> bool:
    return bool(wanted.email or wanted.sms or wanted.push or wanted.connect_instance)
