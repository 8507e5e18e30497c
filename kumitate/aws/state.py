"""The state store on DynamoDB: a JSON document an item, its version checked at each write."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from kumitate.aws.items import Item, Items, key_of, overloaded
from kumitate.errors import RecordError, RetryableError
from kumitate.model.event import State

EXPIRES = "expires_at"
"""The table's attribute of the time an item goes, and the document's member."""
_LARGEST_BYTES = 390_000
"""DynamoDB takes items of 400 KB (409,600 bytes), names and key included."""
_WORTH_PACKING_BYTES = 1_000
"""A write is paid by the kilobyte."""
_AT_ONCE = 25
_SIDE_BY_SIDE = 8


class DynamoStateStore:
    """A StateStore in a table with the key `pk`.

    A new document's version is the time in milliseconds, so that no version comes again after a deletion: who read
    the old document cannot overwrite the new one.
    """

    def __init__(
        self,
        client: Any,
        table: str,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._table = table
        self._items = Items(client, table, sleep=sleep)
        self._clock = clock

    def read(self, keys: Sequence[str]) -> Mapping[str, State]:
        """Consistent: what was written before the call is seen."""
        return {key: _state(item) for key, item in self._items.read(keys).items()}

    def write(self, key: str, data: Mapping[str, Any] | None, *, instead_of: int) -> bool:
        """RecordError where the document is larger than an item can be."""
        held: Item = {"ConditionExpression": "attribute_not_exists(pk)"}
        if instead_of:
            held = {
                "ConditionExpression": "version = :version",
                "ExpressionAttributeValues": {":version": {"N": str(instead_of)}},
            }
        try:
            if data is None:
                self._client.delete_item(TableName=self._table, Key=key_of(key), **held)
            else:
                item = key_of(key) | self._item(key, data, above=instead_of)
                self._client.put_item(TableName=self._table, Item=item, **held)
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        except overloaded(self._client):
            raise RetryableError(f"table {self._table} does not keep up with what is written") from None
        return True

    def publish(self, entries: Iterable[tuple[str, Mapping[str, Any] | None]]) -> None:
        """Several writes side by side, at most 200 documents in memory; each key is given once."""
        from concurrent.futures import ThreadPoolExecutor

        changes = ((key, None if data is None else self._item(key, data)) for key, data in entries)
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            for some in _portions(changes, _AT_ONCE * _SIDE_BY_SIDE):
                portions = (some[start : start + _AT_ONCE] for start in range(0, len(some), _AT_ONCE))
                for _ in pool.map(self._items.write, portions):
                    pass

    def _item(self, key: str, data: Mapping[str, Any], *, above: int = 0) -> Item:
        version = max(above + 1, round(self._clock() * 1000))
        item: Item = {"version": {"N": str(version)}, **_packed(key, data)}
        if data.get(EXPIRES) is not None:
            item[EXPIRES] = {"N": str(int(data[EXPIRES]))}
        return item


def _packed(key: str, data: Mapping[str, Any]) -> Item:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    plain = text.encode("utf-8", "surrogatepass")
    if len(plain) < _WORTH_PACKING_BYTES and plain.isascii():
        return {"data": {"S": text}}
    packed = gzip.compress(plain, 6, mtime=0)
    if len(packed) > _LARGEST_BYTES:
        raise RecordError("state.too_large", key.partition("#")[0])
    return {"packed": {"B": packed}}


def _state(item: Item) -> State:
    if "packed" in item:
        text = gzip.decompress(bytes(item["packed"]["B"])).decode("utf-8", "surrogatepass")
    else:
        text = item["data"]["S"]
    return State(json.loads(text), int(item["version"]["N"]))


def _portions(whole: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while some := list(islice(whole, size)):
        yield some
