"""The delivery ledger on DynamoDB: one item a request, appended and never changed; read, they fold to notes by row."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from kumitate.errors import RetryableError
from kumitate.model.request import Outcome, Verdict

Item = dict[str, Any]
Piece = TypeVar("Piece")

KEPT = timedelta(days=14)
"""Notes go by themselves; by then their outcomes are long in the lake."""
_ITEM_BYTES = 300_000
_ITEMS_A_BATCH = 25
_CLAIMS_AT_ONCE = 10
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Fence:
    """Which opening of which page writes: claims hold only while it is the page's last opening."""

    page: int = 0
    opening: int = 0


class DynamoLedger:
    """A Ledger in a table with keys `pk`, `sk`; with a fence, of one page alone.

    Notes of a page sort by its openings before they sort by time, so that clocks need not agree.
    """

    def __init__(
        self,
        client: Any,
        table: str,
        *,
        clock: Callable[[], datetime],
        fence: Fence | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._fence = fence
        self._sleep = sleep
        self._last_ns = 0

    def claim(self, run_id: str, sync: str, keys: Iterable[str]) -> None:
        """Note that rows are about to leave; RetryableError where the page is another's by now, or closed."""
        items = list(self._items(run_id, sync, ("claim", [[key] for key in keys])))
        if self._fence is None:
            self._write(items)
            return
        for some in _pieces(items, _CLAIMS_AT_ONCE):
            self._write_behind(page_key(run_id, sync, self._fence.page), self._fence, items=some)

    def settle(self, run_id: str, sync: str, outcomes: Iterable[Outcome]) -> None:
        rows = [[o.key, o.verdict.value, o.reason, o.message] for o in outcomes]
        self._write(list(self._items(run_id, sync, ("verdicts", rows))))

    def notes(self, run_id: str, sync: str) -> Mapping[str, Outcome | datetime]:
        condition, values = "pk = :pk", {":pk": {"S": _notes_of(run_id, sync)}}
        if self._fence is not None:
            condition += " and begins_with(sk, :page)"
            values[":page"] = {"S": f"{self._fence.page:06d}#"}
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
        )
        notes: dict[str, Outcome | datetime] = {}
        for page in pages:
            for item in page["Items"]:
                notes |= _read(item)
        return notes

    def _items(self, run_id: str, sync: str, note: tuple[str, list[list[str]]]) -> Iterator[Item]:
        kind, rows = note
        now = self._clock()
        for part in _parts(rows):
            yield {
                "pk": {"S": _notes_of(run_id, sync)},
                "sk": {"S": self._place(now)},
                "kind": {"S": kind},
                "at": {"S": now.isoformat()},
                "rows": {"S": part},
                "expires_at": {"N": str(int((now + KEPT).timestamp()))},
            }

    def _place(self, now: datetime) -> str:
        from uuid import uuid4

        self._last_ns = max(self._last_ns + 1, int(now.timestamp() * 1e6) * 1000)
        fence = self._fence or Fence()
        return f"{fence.page:06d}#{fence.opening:06d}#{self._last_ns:020d}#{uuid4().hex[:8]}"

    def _write(self, items: Sequence[Item]) -> None:
        for some in _pieces(items, _ITEMS_A_BATCH):
            left = {self._table: [{"PutRequest": {"Item": item}} for item in some]}
            for wait_seconds in _waits():
                left = self._client.batch_write_item(RequestItems=left).get("UnprocessedItems", {})
                if not left:
                    break
                self._sleep(wait_seconds)
            else:
                raise RetryableError(f"table {self._table} does not keep up with the delivery's notes")

    def _write_behind(self, page: Item, fence: Fence, *, items: Sequence[Item]) -> None:
        check = {
            "TableName": self._table,
            "Key": page,
            "ConditionExpression": "opening = :opening and attribute_not_exists(closed)",
            "ExpressionAttributeValues": {":opening": {"N": str(fence.opening)}},
        }
        puts = [{"Put": {"TableName": self._table, "Item": item}} for item in items]
        for wait_seconds in _waits():
            try:
                self._client.transact_write_items(TransactItems=[{"ConditionCheck": check}, *puts])
            except self._client.exceptions.TransactionCanceledException as error:
                reasons = error.response.get("CancellationReasons", [])
                if any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons):
                    raise RetryableError("the page is closed, or in other hands", never_left=True) from None
                self._sleep(wait_seconds)
            else:
                return
        raise RetryableError(f"table {self._table} takes no claims now", never_left=True)


def page_key(run_id: str, sync: str, number: int) -> Item:
    """Where the state of a page stands."""
    return {"pk": {"S": f"page#{run_id}#{sync}"}, "sk": {"S": f"{number:06d}"}}


def _notes_of(run_id: str, sync: str) -> str:
    return f"notes#{run_id}#{sync}"


def _read(item: Item) -> dict[str, Outcome | datetime]:
    rows = json.loads(item["rows"]["S"])
    if item["kind"]["S"] == "claim":
        return dict.fromkeys((key for (key,) in rows), datetime.fromisoformat(item["at"]["S"]))
    return {key: Outcome(key, Verdict(verdict), reason, message) for key, verdict, reason, message in rows}


def _parts(rows: Iterable[list[str]]) -> Iterator[str]:
    """The rows as JSON lists, each within an item's size."""
    part: list[str] = []
    size = 0
    for row in rows:
        text = json.dumps(row, ensure_ascii=False)
        length = len(text.encode())
        if part and size + length > _ITEM_BYTES:
            yield f"[{','.join(part)}]"
            part, size = [], 0
        part.append(text)
        size += length + 1
    if part:
        yield f"[{','.join(part)}]"


def _pieces(whole: Sequence[Piece], size: int) -> Iterator[Sequence[Piece]]:
    return (whole[start : start + size] for start in range(0, len(whole), size))


def _waits() -> Iterator[float]:
    return (0.05 * 2**turn for turn in range(_TRIES))
