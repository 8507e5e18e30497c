"""The processor: reads the streams that triggers look at, and is woken by timers of its own."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infrastructure.constructs.function import PlatformFunction, Work
from infrastructure.constructs.granting import grant
from infrastructure.constructs.undelivered import dead_letters
from kumitate.blueprint.grants import Grant, arn
from kumitate.blueprint.names import Names
from kumitate.blueprint.platform import Platform
from kumitate.blueprint.real_time_access import (
    PROCESSOR_DEAD_LETTERS,
    STATE,
    TIMERS,
    processor_arn,
    processor_grants,
    stream_arn,
    timer_grants,
)

TRIGGERS = "/opt/kumitate/triggers.json"
_RECORDS = 100
_RETRIES = 10
"""What cannot be processed is set aside by the function itself; these are for what may go well the next time."""
_OLDEST_SECONDS = 24 * 3600
"""As long as a stream keeps events at least: what waited while nothing could be processed is not passed over, for a
purchase that is passed over would be told as none.
"""
_TIMER_SECONDS = 6 * 3600
"""As long as Lambda keeps a call."""
_SIDE_BY_SIDE = 4
"""Batches of one shard at a time: records of one partition key stay in order."""


class EventProcessor(Construct):
    """`EventProcessor(self, "Processor", platform, key_arn=…, undelivered=…)`.

    A batch that fails is halved and tried again, so that one record costs no other its place; what fails to the end
    is named in the dead letters, by its shard and sequence number, without what it holds.
    """

    processor: PlatformFunction
    dead: sqs.Queue

    def __init__(
        self, scope: Construct, id_: str, platform: Platform, *, key_arn: str, undelivered: sqs.IQueue
    ) -> None:
        super().__init__(scope, id_)
        names = platform.names
        self.dead = dead_letters(self, "DeadLetters", name=names.called(*PROCESSOR_DEAD_LETTERS))
        timers = scheduler.ScheduleGroup(
            self, "Timers", schedule_group_name=names.called(TIMERS), removal_policy=cdk.RemovalPolicy.DESTROY
        )
        self.timer_role = self._timer_role(names)
        self.processor = PlatformFunction(self, "Function", platform, work=self._work(names, undelivered))
        self.processor.may(processor_grants(platform, key_arn, self.timer_role.role_arn))
        self.processor.function.node.add_dependency(timers)
        self._keep_failed_timers(undelivered)
        for watched in platform.watched:
            self._read(stream_arn(names, watched.name), watched.name)

    def _timer_role(self, names: Names) -> iam.Role:
        """Lent to Scheduler with each timer, for this group's schedules alone."""
        group = arn(names, "scheduler", f"schedule-group/{names.called(TIMERS)}")
        ours = {"StringEquals": {"aws:SourceAccount": names.account, "aws:SourceArn": group}}
        role = iam.Role(self, "TimerRole", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com", conditions=ours))
        grant(role, timer_grants(names))
        return role

    def _work(self, names: Names, undelivered: sqs.IQueue) -> Work:
        return Work(
            name="processor",
            purpose="Watches events as they come in, and tells which triggers fire",
            memory_mb=1024,
            timeout_seconds=120,
            environment={
                "KUMITATE_BUS": names.called("bus"),
                "KUMITATE_DLQ": self.dead.queue_url,
                "KUMITATE_FUNCTION": processor_arn(names),
                "KUMITATE_SOURCE": names.event_source,
                "KUMITATE_STATE": names.called(STATE),
                "KUMITATE_TIMERS": names.called(TIMERS),
                "KUMITATE_TIMERS_ROLE": self.timer_role.role_arn,
                "KUMITATE_TIMERS_UNDELIVERED": undelivered.queue_arn,
                "KUMITATE_TRIGGERS": TRIGGERS,
            },
        )

    def _keep_failed_timers(self, undelivered: sqs.IQueue) -> None:
        """Scheduler hands a timer to Lambda and is done: what the function then fails at is Lambda's to call again."""
        self.processor.may([Grant("KeepFailedTimers", ("sqs:SendMessage",), (undelivered.queue_arn,))])
        lambda_.CfnEventInvokeConfig(
            self,
            "TimerRetries",
            function_name=self.processor.function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=2,
            maximum_event_age_in_seconds=_TIMER_SECONDS,
            destination_config={"onFailure": {"destination": undelivered.queue_arn}},
        ).node.add_dependency(self.processor.role)

    def _read(self, stream: str, source: str) -> None:
        """From the oldest that the stream holds: events count once, however often they are read."""
        lambda_.CfnEventSourceMapping(
            self,
            "".join(part.capitalize() for part in source.split("_")),
            function_name=self.processor.function.function_name,
            event_source_arn=stream,
            starting_position="TRIM_HORIZON",
            batch_size=_RECORDS,
            maximum_batching_window_in_seconds=1,
            parallelization_factor=_SIDE_BY_SIDE,
            bisect_batch_on_function_error=True,
            function_response_types=["ReportBatchItemFailures"],
            maximum_retry_attempts=_RETRIES,
            maximum_record_age_in_seconds=_OLDEST_SECONDS,
            destination_config={"onFailure": {"destination": self.dead.queue_arn}},
        ).node.add_dependency(self.processor.role)
