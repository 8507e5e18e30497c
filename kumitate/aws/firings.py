"""The book of firings on DynamoDB, beside the delivery ledger: one item each, its version checked at each write."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from kumitate.aws.ledger import KEPT, Item
from kumitate.model.firing import Firing


class DynamoFirings:
    """A FiringBook in a table with keys `pk`, `sk`; what the lake has for good goes by itself after two weeks."""

    def __init__(self, client: Any, table: str, *, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def read(self, sync: str, fired_id: str) -> Firing | None:
        key = _key(sync, fired_id)
        item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        return _firing(item) if item else None

    def write(self, firing: Firing, *, instead_of: int) -> bool:
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if instead_of:
            condition = {
                "ConditionExpression": "version = :version",
                "ExpressionAttributeValues": {":version": {"N": str(instead_of)}},
            }
        try:
            self._client.put_item(TableName=self._table, Item=self._item(firing, instead_of + 1), **condition)
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def uncollected(self, sync: str) -> Iterator[Firing]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            FilterExpression="attribute_not_exists(collected)",
            ExpressionAttributeValues={":pk": _key(sync, "")["pk"]},
            ConsistentRead=True,
        )
        return (_firing(item) for page in pages for item in page["Items"])

    def _item(self, firing: Firing, version: int) -> Item:
        text = json.dumps(firing.to_json(), ensure_ascii=False)
        item = _key(firing.sync, firing.fired.id) | {"data": {"S": text}, "version": {"N": str(version)}}
        if firing.is_collected:
            expiry = int((self._clock() + KEPT).timestamp())
            item |= {"collected": {"BOOL": True}, "expires_at": {"N": str(expiry)}}
        return item


def _key(sync: str, fired_id: str) -> Item:
    return {"pk": {"S": f"firings#{sync}"}, "sk": {"S": fired_id}}


def _firing(item: Item) -> Firing:
    return Firing.from_json(json.loads(item["data"]["S"]), version=int(item["version"]["N"]))
