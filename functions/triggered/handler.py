"""`Trigger fired` comes in: its rows go to their accounts' queues; after `Run ended` what waited is tried again."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger

from kumitate.activation.triggered import from_json
from kumitate.aws.book import PageBook
from kumitate.aws.clients import client
from kumitate.aws.firings import DynamoFirings
from kumitate.aws.ledger import DynamoLedger
from kumitate.aws.pages import PageObjects
from kumitate.aws.queues import Queues
from kumitate.aws.state import DynamoStateStore
from kumitate.blueprint.names import account_queue
from kumitate.cloud.firing import QueuedOut, heard
from kumitate.execution.fired import Firings

now = partial(datetime.now, UTC)
_UNDER_WAY = timedelta(minutes=15)
"""As long as a delivery may take."""


@cache
def logger() -> Logger:
    return Logger()


@cache
def firings() -> Firings:
    dynamo, table = client("dynamodb"), os.environ["KUMITATE_LEDGER"]
    queues = Queues(client("sqs"))
    plans = from_json(Path(os.environ["KUMITATE_TRIGGERED"]).read_text(encoding="utf-8"))
    out = QueuedOut(
        accounts={plan.sync: plan.account for plan in plans},
        queue=lambda account: queues.url(account_queue(os.environ["KUMITATE_QUEUES"], account)),
        shelf=PageObjects(client("s3"), os.environ["KUMITATE_RESULTS"]),
        book=PageBook(dynamo, table, clock=now),
        outbox=queues,
        ledger=DynamoLedger(dynamo, table, clock=now),
    )
    return Firings(
        plans={plan.sync: plan for plan in plans},
        store=DynamoStateStore(dynamo, os.environ["KUMITATE_STATE"]),
        book=DynamoFirings(dynamo, table, clock=now),
        out=out,
        clock=now,
        under_way=_UNDER_WAY,
    )


def handler(event: dict[str, Any], context: object) -> dict[str, int]:  # noqa: ARG001 (Lambda passes it)
    states = dict(heard(event, firings()))
    logger().info("fired", extra={"states": states})
    return states
