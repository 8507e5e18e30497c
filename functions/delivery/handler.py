"""Messages of one account's queue come in; what cannot be delivered now goes back, what never can is set aside."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from time import sleep
from typing import Any
from uuid import uuid4

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from kumitate.activation.destinations.registry import destination_class
from kumitate.activation.routes import Route, from_json
from kumitate.aws.book import PageBook
from kumitate.aws.clients import client
from kumitate.aws.controls import DynamoControls
from kumitate.aws.ledger import DynamoLedger
from kumitate.aws.memory import DynamoMemory
from kumitate.aws.pages import PageObjects
from kumitate.aws.queues import Queues
from kumitate.aws.secrets import Secrets
from kumitate.cloud.delivering import Delivered, Deliveries, TimeLeft, verdict_on, wait_before_next
from kumitate.errors import FatalError, RecordError, RetryableError
from kumitate.execution.accounts import at
from kumitate.execution.controls import is_cancelled
from kumitate.ports import Transport

now = partial(datetime.now, UTC)
_END_SECONDS = 30


@cache
def logger() -> Logger:
    return Logger()


@cache
def queues() -> Queues:
    return Queues(client("sqs"))


@cache
def deliveries() -> Deliveries:
    table = os.environ["KUMITATE_LEDGER"]
    return Deliveries(
        routes=from_json(Path(os.environ["KUMITATE_ROUTES"]).read_text(encoding="utf-8")),
        pages=PageBook(client("dynamodb"), table, clock=now),
        contents=PageObjects(client("s3"), os.environ["KUMITATE_RESULTS"]),
        ledger=lambda fence: DynamoLedger(client("dynamodb"), table, clock=now, fence=fence),
        memory=DynamoMemory(client("dynamodb"), table),
        worker=uuid4().hex[:12],
        connect=connect,
        clock=now,
        is_stopped=is_stopped,
    )


def is_stopped(sync: str, run_id: str) -> bool:
    controls = DynamoControls(client("dynamodb"), os.environ["KUMITATE_LEDGER"])
    return is_cancelled(controls.decisions(), sync, run_id)


def connect(route: Route) -> Transport:
    return at(route.url, destination_class(route.type).terms, secret=partial(secret_of, route))


def secret_of(route: Route) -> str:
    if route.secret is None:
        raise FatalError(f"account {route.account} has no secret in this environment; name it in environments/*.yaml")
    return Secrets(client("secretsmanager")).value(route.secret)


def handler(event: dict[str, Any], context: Any) -> Mapping[str, Any]:
    ends = now() + timedelta(milliseconds=context.get_remaining_time_in_millis())
    time = TimeLeft(ends=ends, clock=now, pause=sleep)
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(
        event=event, record_handler=partial(deliver, time=time), processor=processor, context=context
    )


def deliver(record: SQSRecord, *, time: TimeLeft) -> None:
    """Raises what lets the message come again."""
    put_off(record, (time.ends - now()).total_seconds() + _END_SECONDS)  # or a dead function would hide it for long
    try:
        done = deliveries().deliver(record.body, time)
    except (RecordError, FatalError) as error:
        reason, explanation = verdict_on(error)
        queues().set_aside(os.environ["KUMITATE_DLQ"], record.body, reason=reason, explanation=explanation)
        logger().error("set aside", extra={"reason": reason})
    except Exception as error:  # whatever it is, the queue brings the record again: it must wait first
        wait = wait_before_next(error, int(record.attributes.approximate_receive_count))
        put_off(record, wait)
        logger().warning("put off", extra={"why": why(error), "seconds": wait})
        raise
    else:
        tell(done)


def put_off(record: SQSRecord, seconds: float) -> None:
    queues().put_off(record.event_source_arn, record.receipt_handle, seconds)


def why(error: Exception) -> str:
    """Our own words, or the kind of a foreign error: its text may quote a row."""
    if isinstance(error, RetryableError):
        return str(error)
    answer = getattr(error, "response", {})
    return f"{type(error).__name__} {answer.get('Error', {}).get('Code', '')}".strip()


def tell(done: Delivered) -> None:
    """Counts, and nothing of the rows themselves."""
    logger().info("delivered", extra={"sync": done.sync, "state": done.state, "rows": dict(done.rows)})
    for verdict, rows in done.rows.items():
        with single_metric(name=f"Rows{verdict.title()}", unit=MetricUnit.Count, value=rows) as metric:
            metric.add_dimension("account", os.environ["KUMITATE_ACCOUNT"])
