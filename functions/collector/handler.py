"""HTTP calls of SDKs and services come in through API Gateway; events go on into the streams of their sources.

Its environment names the plan (KUMITATE_COLLECT), the secrets of webhooks by their names in the project
(KUMITATE_SECRETS, JSON), the table of real time (KUMITATE_STATE) and what streams' names begin with (KUMITATE_STREAMS).
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from kumitate.aws.clients import client
from kumitate.aws.items import Items
from kumitate.aws.rates import DynamoRates
from kumitate.aws.secrets import Secrets
from kumitate.aws.stream import KinesisIntake, KnownIds
from kumitate.errors import FatalError
from kumitate.events.collecting import from_json
from kumitate.events.collector import Collector
from kumitate.model.event import Answer, Call

_SECRET_SECONDS = 300
"""How long a webhook's secret is kept: a new one is known that much later."""


@cache
def logger() -> Logger:
    return Logger()


@cache
def collector() -> Collector:
    table, prefix = os.environ["KUMITATE_STATE"], os.environ["KUMITATE_STREAMS"]
    dynamo = client("dynamodb", hasty=True)
    return Collector(
        from_json(Path(os.environ["KUMITATE_COLLECT"]).read_text(encoding="utf-8")),
        intake=KinesisIntake(
            client("kinesis", hasty=True),
            KnownIds(Items(dynamo, table, tries=4)),
            stream=lambda source: prefix + source.replace("_", "-"),
        ),
        rates=DynamoRates(dynamo, table),
        secret=lambda name: secret_of(name, int(now().timestamp()) // _SECRET_SECONDS),
        trouble=told_of,
    )


def now() -> datetime:
    return datetime.now(UTC)


@lru_cache(maxsize=64)
def secret_of(name: str, window: int) -> str:  # noqa: ARG001 -- what is kept is kept for one window
    named = json.loads(os.environ.get("KUMITATE_SECRETS", "{}")).get(name)
    if named is None:
        raise FatalError(f"webhook secret {name!r} has no name in this environment; give it one in environments/*.yaml")
    return Secrets(client("secretsmanager", hasty=True)).value(named)


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 -- Lambda passes both
    answer = collector().answer(call_of(event))
    tell(answer)
    return response_of(answer)


def call_of(event: Mapping[str, Any]) -> Call:
    """The request in payload format 2.0; a body that cannot be decoded is none."""
    http = event["requestContext"]["http"]
    return Call(
        method=http["method"],
        path=event.get("rawPath") or http["path"],
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
        body=_body(event),
        address=http.get("sourceIp", ""),
        at=now(),
        query=event.get("queryStringParameters") or {},
    )


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""


def response_of(answer: Answer) -> dict[str, Any]:
    """Text as it is, pictures in base64."""
    is_text = answer.headers.get("content-type", "").startswith("application/json")
    return {
        "statusCode": answer.status,
        "headers": dict(answer.headers),
        "body": answer.body.decode() if is_text else base64.b64encode(answer.body).decode(),
        "isBase64Encoded": not is_text,
    }


def tell(answer: Answer) -> None:
    """Counts and reasons; nothing of the events themselves."""
    accepted, reasons = counts_of(answer)
    if accepted:
        count("EventsAccepted", accepted)
    for reason, events in sorted(reasons.items()):
        count("EventsRejected", events, reason=reason)
    if reasons or answer.status >= 400:
        logger().info("answered", extra={"status": answer.status, "accepted": accepted, "rejected": dict(reasons)})


def counts_of(answer: Answer) -> tuple[int, Counter[str]]:
    """Events taken, and those that were not by reason; a call that is of no use as a whole counts once."""
    if not answer.headers.get("content-type", "").startswith("application/json"):
        return int(answer.status == 200), Counter()
    told = json.loads(answer.body or b"{}")
    reasons = Counter(each["reason"] for each in told.get("rejected", ()))
    if not reasons and "reason" in told:
        reasons[told["reason"]] += 1
    return told.get("accepted", 0), reasons


def count(name: str, events: int, **dimensions: str) -> None:
    with single_metric(name=name, unit=MetricUnit.Count, value=events) as metric:
        for dimension, value in dimensions.items():
            metric.add_dimension(dimension, value)


def told_of(error: Exception) -> None:
    """Where it broke, without the text of an error that may quote an event."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else ""
    said = str(error) if isinstance(error, FatalError) else ""
    logger().error("the collector failed", extra={"kind": type(error).__name__, "where": where, "said": said})
