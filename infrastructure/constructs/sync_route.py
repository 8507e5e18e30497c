"""A sync's way to its planner: the event that its changes are ready, and a schedule of its own where it has one."""

from __future__ import annotations

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infrastructure.constructs.schedule import MachineSchedule, ScheduledStart
from kumitate.blueprint.machines import SYNC_CHANGES_READY
from kumitate.blueprint.platform import Platform, SyncRoute


@dataclass(frozen=True, slots=True)
class Ways:
    """What every sync's events pass through."""

    bus: events.IEventBus
    planner: lambda_.IFunction
    machine: sfn.StateMachine
    undelivered: sqs.IQueue


class SyncTrigger(Construct):
    """`SyncTrigger(self, "CrmContacts", platform, route=…, ways=…)`."""

    def __init__(self, scope: Construct, id_: str, platform: Platform, *, route: SyncRoute, ways: Ways) -> None:
        super().__init__(scope, id_)
        names = platform.names
        events.Rule(
            self,
            "Ready",
            rule_name=names.called("sync", route.name),
            description=f"Changes of {route.name} are ready for {route.account}",
            event_bus=ways.bus,
            event_pattern=events.EventPattern(
                source=[names.event_source], detail_type=[SYNC_CHANGES_READY], detail={"sync": [route.name]}
            ),
            targets=[
                targets.LambdaFunction(
                    ways.planner,
                    dead_letter_queue=ways.undelivered,
                    max_event_age=cdk.Duration.hours(1),
                    retry_attempts=10,
                )
            ],
        )
        if route.sync.schedule:
            start = ScheduledStart(ways.machine, {"reason": "schedule", "syncs": [route.name]}, ways.undelivered)
            name, expression = f"sync-{route.name}", route.sync.schedule
            MachineSchedule(self, "Schedule", platform, name=name, expression=expression, target=start)
