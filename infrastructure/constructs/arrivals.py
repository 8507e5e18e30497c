"""What has arrived, in one queue: files of the drop zone and of pull jobs, flows that ended well."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infrastructure.acknowledging import acknowledge
from kumitate.blueprint.names import DROP, PULLED
from kumitate.blueprint.platform import Platform

_ATTEMPTS = 5
_HANDLED_WITHIN_MINUTES = 6
"""Six times the function's own limit, as Lambda advises, and what it gathers messages for comes on top."""


class Arrivals(Construct):
    """`Arrivals(self, "Arrivals", platform)`: `.queue`, and `.dead` for what nobody could handle."""

    def __init__(self, scope: Construct, id_: str, platform: Platform) -> None:
        super().__init__(scope, id_)
        self._platform = platform
        self.dead = self._queue("DeadLetters", "arrivals-dlq", retention_period=cdk.Duration.days(14))
        acknowledge(self.dead, {"AwsSolutions-SQS3": "it is the dead-letter queue"})
        self.queue = self._queue(
            "Queue",
            "arrivals",
            visibility_timeout=cdk.Duration.minutes(_HANDLED_WITHIN_MINUTES + platform.environment.arrivals_minutes),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=_ATTEMPTS),
        )
        self._bring("Arrived", "a file arrived in the drop zone or from a pull job", _files(platform))

    def when_flows_end(self, flows: Sequence[str]) -> None:
        """AppFlow tells on the default bus how each run of a flow ended."""
        pattern = events.EventPattern(
            source=["aws.appflow"],
            detail_type=["AppFlow End Flow Run Report"],
            detail={"flow-name": list(flows), "status": ["Execution Successful"]},
        )
        self._bring("Pulled", "a flow brought what is new", pattern)

    def _bring(self, id_: str, what: str, pattern: events.EventPattern) -> None:
        events.Rule(
            self,
            id_,
            rule_name=self._platform.names.called(id_.lower()),
            description=f"{self._platform.names.prefix}: {what}",
            event_pattern=pattern,
            targets=[targets.SqsQueue(self.queue, dead_letter_queue=self.dead)],
        )

    def _queue(self, id_: str, name: str, **options: object) -> sqs.Queue:
        # Messages name files and flows, no people: SQS's own key suffices and needs no grant for EventBridge.
        return sqs.Queue(
            self,
            id_,
            queue_name=self._platform.names.called(name),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            **options,
        )


def _files(platform: Platform) -> events.EventPattern:
    """Flows tell once a run, by `when_flows_end`; a pull job writes one file, which tells it."""
    fetched = (f"{PULLED}/{each.name}/" for each in platform.pulls if not each.by_appflow)
    keys = [{"prefix": prefix} for prefix in (f"{DROP}/", *fetched)]
    return events.EventPattern(
        source=["aws.s3"],
        detail_type=["Object Created"],
        detail={"bucket": {"name": [platform.names.bucket("raw")]}, "object": {"key": keys}},
    )
