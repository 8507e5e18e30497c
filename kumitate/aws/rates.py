"""How many events a sender may bring, counted in DynamoDB over all functions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kumitate.aws.items import Item, key_of, overloaded

_BURST_MS = 1000
"""A second's worth may come at once."""
_KEPT_SECONDS = 3600


class DynamoRates:
    """A RateGate in the state table: an item a sender, `rate#…`, says until when its events are paid for.

    A call is one update, a second one where a sender begins or pauses. Of two functions that count at the same moment
    neither is lost. Where the table does not keep up senders may come: to lose events would be worse than to take too
    many.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table
        self._until: dict[str, int] = {}
        """As far as this process knows: it says which of the two updates to try first."""

    def wait(self, key: str, events: int, *, per_second: float, now: datetime) -> float:
        """A batch larger than a second's worth may come, and its sender waits until it is paid for."""
        now_ms = round(now.timestamp() * 1000)
        cost_ms = math.ceil(events * 1000 / per_second)
        for is_busy in self._order(key, now_ms):
            until = self._count(key, cost_ms, now_ms=now_ms, is_busy=is_busy)
            if until is None:
                return 0.0
            self._until[key] = until
            if until >= now_ms + _BURST_MS:
                return max(0.001, (until - now_ms - _BURST_MS) / 1000)
        return 0.0

    def _order(self, key: str, now_ms: int) -> Iterator[bool]:
        is_busy = self._until.get(key, 0) > now_ms
        yield from (is_busy, not is_busy, is_busy)  # it may change in between

    def _count(self, key: str, cost_ms: int, *, now_ms: int, is_busy: bool) -> int | None:
        """None where the events are counted; else the time that the item holds."""
        given = {":now": now_ms, ":cost": cost_ms, ":gone": now_ms // 1000 + cost_ms // 1000 + _KEPT_SECONDS}
        if is_busy:
            given[":latest"] = now_ms + _BURST_MS
            condition, change = "paid_until > :now and paid_until < :latest", "paid_until = paid_until + :cost"
        else:
            condition, change = "attribute_not_exists(paid_until) or paid_until <= :now", "paid_until = :until"
            given[":until"] = now_ms + given.pop(":cost")
        errors = self._client.exceptions
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=key_of(f"rate#{key}"),
                UpdateExpression=f"set {change}, expires_at = :gone",
                ConditionExpression=condition,
                ExpressionAttributeValues={name: {"N": str(value)} for name, value in given.items()},
                ReturnValues="UPDATED_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except errors.ConditionalCheckFailedException as refusal:
            return _until(refusal.response.get("Item", {}))
        except overloaded(self._client):
            return None
        self._until[key] = _until(answer.get("Attributes", {}))
        return None


def _until(item: Item) -> int:
    return int(item.get("paid_until", {"N": "0"})["N"])
