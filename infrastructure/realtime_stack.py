"""Events in real time: the collector that takes them in, the processor that watches them, what a trigger starts."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infrastructure.constructs.collector_api import CollectorApi
from infrastructure.constructs.event_processor import EventProcessor
from infrastructure.constructs.function import PlatformFunction, Work
from infrastructure.constructs.undelivered import dead_letters
from infrastructure.storage_stack import StorageStack
from kumitate.blueprint.grants import Grant
from kumitate.blueprint.machines import RUN_ENDED
from kumitate.blueprint.names import TRIGGER_FIRED
from kumitate.blueprint.platform import Platform
from kumitate.blueprint.real_time_access import (
    STATE,
    UNDELIVERED,
    collector_grants,
    hook_secrets,
    triggered_grants,
)

COLLECT = "/opt/kumitate/collect.json"
TRIGGERED = "/opt/kumitate/triggered.json"


class RealTimeStack(cdk.Stack):
    """Holds no data: it can be torn down and placed again at any time; streams keep events meanwhile.

    A project that neither collects nor watches events has none.
    """

    def __init__(
        self, scope: Construct, id_: str, *, platform: Platform, storage: StorageStack, **options: Any
    ) -> None:
        super().__init__(scope, id_, **options)
        self._platform, self._key = platform, storage.key.key_arn
        self.undelivered = dead_letters(self, "Undelivered", name=platform.names.called(*UNDELIVERED))
        if platform.collected:
            self.collector = self._collector()
            self.api = CollectorApi(self, "Api", platform, collector=self.collector.function)
        if platform.watched:
            self.processor = EventProcessor(
                self, "Processor", platform, key_arn=self._key, undelivered=self.undelivered
            )
        if platform.fired_routes:
            self._when_triggers_fire(storage.bus)

    def _collector(self) -> PlatformFunction:
        names = self._platform.names
        work = Work(
            name="collector",
            purpose="Takes in events over HTTP",
            memory_mb=1024,
            timeout_seconds=20,
            environment={
                "KUMITATE_COLLECT": COLLECT,
                "KUMITATE_SECRETS": json.dumps(hook_secrets(self._platform), sort_keys=True),
                "KUMITATE_STATE": names.called(STATE),
                "KUMITATE_STREAMS": names.called("stream", ""),
            },
        )
        collector = PlatformFunction(self, "Collector", self._platform, work=work)
        collector.may(collector_grants(self._platform, self._key))
        return collector

    def _when_triggers_fire(self, bus: events.IEventBus) -> None:
        """What fired is delivered at once; after a run, what could not be decided before is looked at again."""
        triggered = self._triggered()
        found = {
            "TriggerFired": ("trigger-fired", "A trigger has fired", TRIGGER_FIRED, None),
            "RunEnded": (
                "triggered-after-run",
                "A run has published who people are",
                RUN_ENDED,
                {"state": ["finished"]},
            ),
        }
        for id_, (name, what, type_, detail) in found.items():
            events.Rule(
                self,
                id_,
                rule_name=self._platform.names.called(name),
                description=what,
                event_bus=bus,
                event_pattern=events.EventPattern(
                    source=[self._platform.names.event_source], detail_type=[type_], detail=detail
                ),
                targets=[
                    targets.LambdaFunction(
                        triggered.function,
                        dead_letter_queue=self.undelivered,
                        max_event_age=cdk.Duration.hours(6),
                        retry_attempts=30,
                    )
                ],
            )

    def _triggered(self) -> PlatformFunction:
        names = self._platform.names
        work = Work(
            name="triggered",
            purpose="Brings what a trigger tells to its syncs",
            timeout_seconds=900,  # after a run it goes over all that waits, which may be thousands
            environment={
                "KUMITATE_LEDGER": names.called("ledger"),
                "KUMITATE_QUEUES": names.account_queues,
                "KUMITATE_RESULTS": names.bucket("results"),
                "KUMITATE_STATE": names.called(STATE),
                "KUMITATE_TRIGGERED": TRIGGERED,
            },
            traced=True,
        )
        triggered = PlatformFunction(self, "Triggered", self._platform, work=work)
        triggered.may(triggered_grants(self._platform, self._key))
        triggered.may([Grant("KeepFailedEvents", ("sqs:SendMessage",), (self.undelivered.queue_arn,))])
        lambda_.CfnEventInvokeConfig(
            self,
            "TriggeredRetries",
            function_name=triggered.function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=2,
            maximum_event_age_in_seconds=6 * 3600,
            destination_config={"onFailure": {"destination": self.undelivered.queue_arn}},
        ).node.add_dependency(triggered.role)
        return triggered
