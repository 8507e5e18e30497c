"""What syncs remember, on DynamoDB beside the ledger: JSON by sync and name, of any size, replaced in one write."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from typing import Any

Item = dict[str, Any]

_PART_BYTES = 300_000


class DynamoMemory:
    """A Memory in a table with keys `pk`, `sk`. Notes have no expiry: an audience's id is worth as much in a year.

    A note's head names the version of the parts it consists of; parts are there before their head, so that a reader
    sees the old note or the new one.
    """

    def __init__(self, client: Any, table: str, *, part_bytes: int = _PART_BYTES) -> None:
        self._client = client
        self._table = table
        self._part_bytes = part_bytes

    def recall(self, sync: str) -> Mapping[str, Mapping[str, Any]]:
        items = {item["sk"]["S"]: item for item in self._items(sync, "")}
        heads = {place: item for place, item in items.items() if "version" in item}
        return {place: _state(item, items) for place, item in sorted(heads.items())}

    def remember(self, sync: str, name: str, state: Mapping[str, Any] | None) -> None:
        if state is None:
            self._client.delete_item(TableName=self._table, Key=_key(sync, name))
        else:
            version = self._version()
            content = gzip.compress(json.dumps(state, ensure_ascii=False, sort_keys=True).encode(), mtime=0)
            parts = [content[start : start + self._part_bytes] for start in range(0, len(content), self._part_bytes)]
            for number, part in enumerate(parts[1:], 1):
                self._put(_key(sync, _part(name, version, number)) | {"content": {"B": part}})
            head = {"version": {"S": version}, "parts": {"N": str(len(parts))}, "content": {"B": parts[0]}}
            self._put(_key(sync, name) | head)
        self._sweep(sync, name, keeps="" if state is None else version)

    def _sweep(self, sync: str, name: str, *, keeps: str) -> None:
        """Parts that no head names any more, of this note."""
        for item in self._items(sync, f"{name}#", keys_only=True):
            if not keeps or not item["sk"]["S"].startswith(f"{name}#{keeps}#"):
                self._client.delete_item(TableName=self._table, Key={"pk": item["pk"], "sk": item["sk"]})

    def _items(self, sync: str, begins: str, *, keys_only: bool = False) -> Iterator[Item]:
        condition, values = "pk = :pk", {":pk": {"S": _notes_of(sync)}}
        if begins:
            condition += " and begins_with(sk, :begins)"
            values[":begins"] = {"S": begins}
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
            **({"ProjectionExpression": "pk, sk"} if keys_only else {}),
        )
        for page in pages:
            yield from page["Items"]

    def _put(self, item: Item) -> None:
        self._client.put_item(TableName=self._table, Item=item)

    def _version(self) -> str:
        from uuid import uuid4

        return uuid4().hex[:12]


def _key(sync: str, place: str) -> Item:
    return {"pk": {"S": _notes_of(sync)}, "sk": {"S": place}}


def _notes_of(sync: str) -> str:
    return f"memory#{sync}"


def _part(name: str, version: str, number: int) -> str:
    return f"{name}#{version}#{number:04d}"


def _state(head: Item, items: Mapping[str, Item]) -> Mapping[str, Any]:
    name, version, parts = head["sk"]["S"], head["version"]["S"], int(head["parts"]["N"])
    more = (bytes(items[_part(name, version, number)]["content"]["B"]) for number in range(1, parts))
    found: Mapping[str, Any] = json.loads(gzip.decompress(bytes(head["content"]["B"]) + b"".join(more)))
    return found
