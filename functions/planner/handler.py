"""`Sync changes ready` comes in; a message per page of the sync goes to its account's queue."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger

from kumitate.activation.routes import from_json
from kumitate.aws.book import PageBook
from kumitate.aws.clients import client
from kumitate.aws.events import detail_of
from kumitate.aws.pages import PageObjects
from kumitate.aws.queues import Queues
from kumitate.blueprint.names import SYNC_CHANGES_READY, account_queue
from kumitate.cloud.planning import Planner


@cache
def logger() -> Logger:
    return Logger()


@cache
def planner() -> Planner:
    queues = Queues(client("sqs"))
    return Planner(
        routes=from_json(Path(os.environ["KUMITATE_ROUTES"]).read_text(encoding="utf-8")),
        queue=lambda account: queues.url(account_queue(os.environ["KUMITATE_QUEUES"], account)),
        shelf=PageObjects(client("s3"), os.environ["KUMITATE_RESULTS"]),
        book=PageBook(client("dynamodb"), os.environ["KUMITATE_LEDGER"], clock=partial(datetime.now, UTC)),
        outbox=queues,
    )


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 (Lambda passes it)
    detail = detail_of(event, SYNC_CHANGES_READY)
    run_id, sync = str(detail["run_id"]), str(detail["sync"])
    pages = planner().plan(run_id, sync)
    logger().info("planned", extra={"run_id": run_id, "sync": sync, "pages": pages})
    return {"run_id": run_id, "sync": sync, "pages": pages}
