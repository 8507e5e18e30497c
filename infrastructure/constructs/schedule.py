"""A time at which a state machine starts, in the project's time zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from kumitate.blueprint.platform import Platform


@dataclass(frozen=True, slots=True)
class ScheduledStart:
    """What starts, with which input, and where a start lies that never came about."""

    machine: sfn.StateMachine
    given: Mapping[str, object]
    undelivered: sqs.IQueue


class MachineSchedule(Construct):
    """A start that fails is tried for an hour, then lies in the queue of what was not delivered."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        platform: Platform,
        *,
        name: str,
        expression: str,
        target: ScheduledStart,
    ) -> None:
        super().__init__(scope, id_)
        zone = cdk.TimeZone.of(platform.config.settings.timezone)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
        scheduler.Schedule(
            self,
            "Schedule",
            schedule_name=platform.names.called(name),
            schedule=scheduler.ScheduleExpression.expression(expression, zone),
            target=targets.StepFunctionsStartExecution(
                target.machine,
                input=scheduler.ScheduleTargetInput.from_object(dict(target.given)),
                role=role,
                dead_letter_queue=target.undelivered,
                max_event_age=cdk.Duration.hours(1),
                retry_attempts=30,
            ),
        )
