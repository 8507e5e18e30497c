"""A custom resource of CloudFormation: the project's tables, in Glue's catalogue and the zones' buckets."""

from __future__ import annotations

import os
from functools import cache, partial
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger

from kumitate.aws.lake import glue_lake
from kumitate.cloud.tables import databases, from_json, keep_tables, names_in

_TABLES = "/opt/kumitate/tables.json"


@cache
def logger() -> Logger:
    return Logger()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    declared = from_json(Path(os.environ.get("KUMITATE_TABLES", _TABLES)).read_text(encoding="utf-8"))
    names = names_in(declared, os.environ["KUMITATE_ENVIRONMENT"], context.invoked_function_arn)
    open_lake = partial(
        glue_lake, databases(names), names.location, region=names.region, snapshots_kept=declared.snapshots_kept
    )
    answer = keep_tables(event, declared, names=names, open_lake=open_lake)
    logger().info("kept tables", extra={"request": event["RequestType"], **answer.get("Data", {})})
    return answer
