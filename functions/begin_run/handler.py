"""The state machines' first step: `{execution, reason, as_of?, only_syncs?}` in, verdict, run and clock out."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from kumitate.aws.clients import client
from kumitate.aws.runs import DynamoRunRegister
from kumitate.cloud.runs import Request, begin, clock_of


@cache
def logger() -> Logger:
    return Logger()


@cache
def register() -> DynamoRunRegister:
    return DynamoRunRegister(client("dynamodb"), os.environ["KUMITATE_LEDGER"])


def handler(event: dict[str, Any], context: object) -> dict[str, str]:  # noqa: ARG001 (Lambda passes it)
    now = datetime.now(UTC)
    request = Request(
        execution=event["execution"],
        reason=event.get("reason", ""),
        as_of=clock_of(event.get("as_of") or os.environ.get("KUMITATE_AS_OF"), now),
        only_syncs=event.get("only_syncs", False),
    )
    answer = begin(register(), request, now=now)
    told = {**answer.to_json(), "execution": request.execution, "reason": request.reason}
    logger().info("asked for a run", extra=told)
    if answer.warning:
        logger().warning(answer.warning)
    return answer.to_json()
