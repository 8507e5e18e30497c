"""Items of a DynamoDB table with one key, `pk`: many at a time, what is refused for now again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from kumitate.errors import RetryableError

Item = dict[str, Any]

_READ_AT_ONCE = 100
_WRITTEN_AT_ONCE = 25
_TRIES = 8


class Items:
    """`Items(client("dynamodb"), "kumitate-shop-dev-state")`; a try that follows waits twice as long."""

    def __init__(
        self, client: Any, table: str, *, tries: int = _TRIES, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._table = table
        self._tries = tries
        self._sleep = sleep

    def read(self, keys: Iterable[str]) -> Mapping[str, Item]:
        """Those that exist, by key, as they are now; RetryableError where the table does not keep up."""
        found: dict[str, Item] = {}
        for some in pieces(list(dict.fromkeys(keys)), _READ_AT_ONCE):
            for item in self._read(some):
                found[item["pk"]["S"]] = item
        return found

    def write(self, items: Iterable[tuple[str, Item | None]]) -> None:
        """Put each, or delete the key of one that is None; keys are one of a kind."""
        changes = [_change(key, item) for key, item in items]
        for some in pieces(changes, _WRITTEN_AT_ONCE):
            self._write(some)

    def _read(self, keys: Sequence[str]) -> Iterator[Item]:
        left: Item = {"Keys": [key_of(key) for key in keys], "ConsistentRead": True}
        for wait_seconds in self._waits():
            answer = self._get({self._table: left})
            if answer is not None:
                yield from answer["Responses"].get(self._table, ())
                left = answer.get("UnprocessedKeys", {}).get(self._table, {})
            if not left:
                return
            self._sleep(wait_seconds)
        raise RetryableError(f"table {self._table} is not read as fast as it is asked")

    def _write(self, changes: Sequence[Item]) -> None:
        left = list(changes)
        for wait_seconds in self._waits():
            answer = self._put({self._table: left})
            if answer is not None:
                left = answer.get("UnprocessedItems", {}).get(self._table, [])
            if not left:
                return
            self._sleep(wait_seconds)
        raise RetryableError(f"table {self._table} does not keep up with what is written")

    def _get(self, asked: Item) -> Item | None:
        """The answer; None where all of it was too much for now."""
        try:
            answer: Item = self._client.batch_get_item(RequestItems=asked)
        except overloaded(self._client):
            return None
        return answer

    def _put(self, asked: Item) -> Item | None:
        try:
            answer: Item = self._client.batch_write_item(RequestItems=asked)
        except overloaded(self._client):
            return None
        return answer

    def _waits(self) -> Iterator[float]:
        return (0.05 * 2**turn for turn in range(self._tries))


def overloaded(client: Any) -> tuple[type[Exception], ...]:
    """What DynamoDB raises where a call may go well the next time."""
    errors = client.exceptions
    return (
        errors.InternalServerError,
        errors.ProvisionedThroughputExceededException,
        errors.RequestLimitExceeded,
        errors.ThrottlingException,
    )


def key_of(key: str) -> Item:
    return {"pk": {"S": key}}


def pieces(whole: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (whole[start : start + size] for start in range(0, len(whole), size))


def _change(key: str, item: Item | None) -> Item:
    if item is None:
        return {"DeleteRequest": {"Key": key_of(key)}}
    return {"PutRequest": {"Item": key_of(key) | item}}
