"""Collected events come in from their streams, and timers go off: triggers are watched, and what fires is told.

Its environment names the plan (KUMITATE_TRIGGERS), the table of real time (KUMITATE_STATE), the bus and the source that
its events name (KUMITATE_BUS, KUMITATE_SOURCE), the queue of what cannot be used (KUMITATE_DLQ), and for timers their
group (KUMITATE_TIMERS), the function they wake (KUMITATE_FUNCTION), under which role (KUMITATE_TIMERS_ROLE) and where
calls lie that found nobody (KUMITATE_TIMERS_UNDELIVERED).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from kumitate.aws.clients import client
from kumitate.aws.events import EventBus
from kumitate.aws.queues import Queues
from kumitate.aws.state import DynamoStateStore
from kumitate.aws.timers import TIMER, SchedulerTimers, Wake
from kumitate.cloud.watching import Watched, watch
from kumitate.events.processor import Processor
from kumitate.events.triggering import from_json


@cache
def logger() -> Logger:
    return Logger()


@cache
def queues() -> Queues:
    return Queues(client("sqs"))


@cache
def processor() -> Processor:
    wake = Wake(
        group=os.environ["KUMITATE_TIMERS"],
        function=os.environ["KUMITATE_FUNCTION"],
        role=os.environ["KUMITATE_TIMERS_ROLE"],
        undelivered=os.environ["KUMITATE_TIMERS_UNDELIVERED"],
    )
    return Processor(
        from_json(Path(os.environ["KUMITATE_TRIGGERS"]).read_text(encoding="utf-8")),
        DynamoStateStore(client("dynamodb"), os.environ["KUMITATE_STATE"]),
        SchedulerTimers(client("scheduler"), wake, clock=now),
        EventBus(client("events"), os.environ["KUMITATE_BUS"], os.environ["KUMITATE_SOURCE"]),
        clock=now,
    )


def now() -> datetime:
    return datetime.now(UTC)


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 -- Lambda passes both
    """A stream's batch, or a timer: one that fails raises, and Lambda calls again."""
    if TIMER in event:
        processor().wake(event[TIMER])
        return {}
    watched = watch(event["Records"], processor().process)
    tell(watched)
    return {"batchItemFailures": [{"itemIdentifier": watched.again}] if watched.again else []}


def tell(watched: Watched) -> None:
    """Counts; and each line that cannot be used, by its place, to the queue of those."""
    for refused in watched.refused:
        body, explanation = json.dumps(asdict(refused)), f"line {refused.line} of the record cannot be used"
        queues().set_aside(os.environ["KUMITATE_DLQ"], body, reason=refused.reason, explanation=explanation)
    counted = {"lines": watched.lines, "refused": len(watched.refused), "comes_again": bool(watched.again)}
    logger().info("watched", extra=counted)
    if watched.refused:
        with single_metric(name="EventsRefused", unit=MetricUnit.Count, value=len(watched.refused)) as metric:
            metric.add_dimension("function", "processor")
