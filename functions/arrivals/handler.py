"""New files and ended flows, a batch of the arrivals queue, start one pipeline execution."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType

from kumitate.aws.clients import client
from kumitate.aws.executions import StateMachine
from kumitate.cloud.arrivals import Arrival, Executions, arrival_of, start_run

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord


def handler(event: dict[str, Any], context: object) -> Mapping[str, Any]:  # noqa: ARG001 (Lambda passes it)
    """A message that cannot be read fails alone; when the start fails, the whole batch comes again."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    with processor(event["Records"], handler=_arrival):
        outcomes = processor.process()
    arrived = {record["messageId"]: arrival for status, arrival, record in outcomes if status == "success"}
    with single_metric("Arrivals", MetricUnit.Count, sum(arrival.brings for arrival in arrived.values())):
        name = start_run(executions(), arrived)
    failed = len(outcomes) - len(arrived)
    logger().info("arrived", extra={"messages": len(arrived), "failed": failed, "execution": name})
    return processor.response()


def _arrival(record: SQSRecord) -> Arrival:
    return arrival_of(record.body)


@cache
def logger() -> Logger:
    return Logger()


@cache
def executions() -> Executions:
    return StateMachine(client("stepfunctions"), os.environ["KUMITATE_MACHINE"])
