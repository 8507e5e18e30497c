"""A destination account: its queue, its dead letters, and the function that alone delivers to it."""

from __future__ import annotations

from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infrastructure.constructs.function import PlatformFunction, Work
from infrastructure.constructs.undelivered import dead_letters
from kumitate.activation.routes import CONCURRENCY, Route
from kumitate.activation.waiting import receives_in
from kumitate.blueprint.function_access import account_dead_letters, account_queue, delivery_grants
from kumitate.blueprint.platform import Account, Platform

_FUNCTION_MINUTES = 15
_MEMORY_MB, _WHOLE_MEMORY_MB = 512, 3008
"""A page of a thousand rows is small; where all rows of a sync belong together, their page is as large as the sync. New
accounts are not given more.
"""


class DestinationAccount(Construct):
    """`DestinationAccount(self, "Crm", platform, account=…, routes=…)`: one that is down slows no other."""

    queue: sqs.Queue
    dead: sqs.Queue
    delivery: PlatformFunction

    def __init__(
        self,
        scope: Construct,
        id_: str,
        platform: Platform,
        *,
        account: Account,
        routes: Iterable[Route],
        key_arn: str,
    ) -> None:
        super().__init__(scope, id_)
        names, ways = platform.names, [route for route in routes if route.account == account.name]
        self.dead = dead_letters(self, "DeadLetters", name=account_dead_letters(names, account.name))
        self.queue = self._queue(platform, account_queue(names, account.name))
        self.delivery = PlatformFunction(self, "Delivery", platform, work=self._work(platform, account, ways))
        self.delivery.may(delivery_grants(names, account, key_arn, routes=ways))
        lambda_.EventSourceMapping(
            self,
            "Messages",
            target=self.delivery.function,
            event_source_arn=self.queue.queue_arn,
            batch_size=1 if account.seconds_between_requests else 10,  # a page of a slow account takes minutes
            max_concurrency=CONCURRENCY,
            report_batch_item_failures=True,
        ).node.add_dependency(self.delivery.role)

    def _queue(self, platform: Platform, name: str) -> sqs.Queue:
        receives = receives_in(platform.environment.delivery_minutes)
        return sqs.Queue(
            self,
            "Queue",
            queue_name=name,
            enforce_ssl=True,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            visibility_timeout=cdk.Duration.minutes(6 * _FUNCTION_MINUTES),  # as Lambda advises
            retention_period=cdk.Duration.days(4),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=receives),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )

    def _work(self, platform: Platform, account: Account, ways: Iterable[Route]) -> Work:
        names = platform.names
        return Work(
            name="delivery",
            variant=account.name,
            purpose=f"Delivers to {account.name} ({account.type})",
            memory_mb=memory_mb(ways),
            timeout_seconds=60 * _FUNCTION_MINUTES,
            environment={
                "KUMITATE_ACCOUNT": account.name,
                "KUMITATE_LEDGER": names.called("ledger"),
                "KUMITATE_RESULTS": names.bucket("results"),
                "KUMITATE_DLQ": self.dead.queue_url,
            },
            traced=True,
        )


def memory_mb(ways: Iterable[Route]) -> int:
    """What a delivery of an account with these syncs needs."""
    return _WHOLE_MEMORY_MB if any(route.is_whole for route in ways) else _MEMORY_MB
