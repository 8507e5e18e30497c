"""`{run_id, as_of, only?: "stop"}` in; `{verdict: "pass" | "hold" | "empty", findings: [{rule, limit, found}]}` out.

Reads through Athena. Its environment, beside every function's: KUMITATE_GATE (`gate:` of the environment as JSON),
KUMITATE_WORKGROUP, KUMITATE_DATABASES (database of the lake -> its name, as JSON), KUMITATE_QUALITY (tables of quality
rules' verdicts, as JSON). Asked for `stop` only, it tells of rules that end a run before persons are looked for.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from kumitate.cloud.gate import Limits, stopped, verdict
from kumitate.engines.athena import AthenaEngine, connection


@cache
def logger() -> Logger:
    return Logger()


@cache
def databases() -> dict[str, str]:
    named: dict[str, str] = json.loads(os.environ["KUMITATE_DATABASES"])
    return named


@cache
def engine() -> AthenaEngine:
    athena = connection(workgroup=os.environ["KUMITATE_WORKGROUP"], database=databases()["curated"])
    return AthenaEngine(lambda: athena)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 (Lambda passes it)
    limits = Limits.from_json(os.environ["KUMITATE_GATE"])
    results: list[str] = json.loads(os.environ.get("KUMITATE_QUALITY", "[]"))
    if event.get("only") == "stop":
        answer = stopped(engine(), results, databases=databases())
    else:
        answer = verdict(event["run_id"], engine(), limits, databases=databases(), results=results)
    logger().info("judged", extra={"run_id": event["run_id"], **answer})
    with single_metric("GateFindings", MetricUnit.Count, len(answer["findings"])):
        return answer
