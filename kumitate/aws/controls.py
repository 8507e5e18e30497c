"""Decisions about syncs in the ledger's table: one item each, put once and never changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from kumitate.errors import FatalError
from kumitate.model.decision import Decision

CONTROLS = "controls"
"""The partition key of decisions; `sk` begins with their time, so that they are read oldest first."""


@dataclass(frozen=True, slots=True)
class DynamoControls:
    """Controls in a table with keys `pk`, `sk`."""

    client: Any
    table: str

    def decisions(self) -> Sequence[Decision]:
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="pk = :controls",
            ExpressionAttributeValues={":controls": {"S": CONTROLS}},
            ConsistentRead=True,
        )
        return tuple(_decision(item) for page in pages for item in page["Items"])

    def note(self, decision: Decision) -> None:
        told = decision.to_json()
        place = f"{told['at']}#{uuid4().hex[:8]}"
        item = {"pk": {"S": CONTROLS}, "sk": {"S": place}, "decision": {"S": json.dumps(told, ensure_ascii=False)}}
        self.client.put_item(TableName=self.table, Item=item, ConditionExpression="attribute_not_exists(pk)")


def _decision(item: dict[str, Any]) -> Decision:
    try:
        return Decision.from_json(json.loads(item["decision"]["S"]))
    except (ValueError, TypeError, KeyError):
        raise FatalError(f"an item of the ledger under {CONTROLS!r} is no decision; take it out") from None
