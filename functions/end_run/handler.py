"""The state machines' last step: `{run_id, state, reason}` in; the run is ended, told of, and followed by one more."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from kumitate.aws.clients import client
from kumitate.aws.events import EventBus
from kumitate.aws.executions import StateMachine
from kumitate.aws.runs import DynamoRunRegister
from kumitate.cloud.runs import announce, end


@cache
def logger() -> Logger:
    return Logger()


@cache
def register() -> DynamoRunRegister:
    return DynamoRunRegister(client("dynamodb"), os.environ["KUMITATE_LEDGER"])


@cache
def bus() -> EventBus:
    return EventBus(client("events"), os.environ["KUMITATE_BUS"], os.environ["KUMITATE_SOURCE"])


@cache
def pipeline() -> StateMachine:
    return StateMachine(client("stepfunctions"), os.environ["KUMITATE_MACHINE"])


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 (Lambda passes it)
    now = datetime.now(UTC)
    ended = end(register(), event["run_id"], event["state"], reason=event.get("reason", ""), now=now)
    announce(ended, bus(), pipeline())
    told = {"run_id": ended.id, "state": ended.state, "reason": ended.reason, "again": ended.again}
    logger().info("ended", extra=told)
    return told
