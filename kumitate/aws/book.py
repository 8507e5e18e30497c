"""The book of a run's pages on DynamoDB: how many a sync has, which are done, who has one open, that it is closed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from kumitate.aws.ledger import KEPT, page_key
from kumitate.errors import RecordError


class State(StrEnum):
    """What a delivery that asks for a page is told."""

    OPEN = "open"
    """It is its own, until the time it named."""
    BUSY = "busy"
    """Another delivery has it, or pages that go before are not done."""
    DONE = "done"
    CLOSED = "closed"
    """The run collects its outcomes: nothing of it leaves any more."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The answer; `opening` counts the times the page was opened, `wait_seconds` says when to ask again."""

    state: State
    opening: int = 0
    wait_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PageId:
    """One page of a sync's changes; the first `after` pages of the sync must be done before it."""

    run_id: str
    sync: str
    number: int
    after: int = 0


_AFTER_REMOVALS_SECONDS = 20.0
"""At least; a message that is received often waits longer."""
_FREE = "attribute_not_exists(closed) and (attribute_not_exists(free_at) or free_at < :now)"


class PageBook:
    """A sync's item `run#<run>`/`sync#<sync>` is put by the state machine; a page's stands apart, so that
    pages do not contend for one item.
    """

    def __init__(self, client: Any, table: str, *, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def plan(self, run_id: str, sync: str, pages: int) -> bool:
        """Note how many pages there are; False where the run is over or was never opened."""
        return self._updated(
            _sync_key(run_id, sync),
            "set pages = :pages",
            {":pages": _number(pages)},
            condition="attribute_exists(pk) and attribute_not_exists(closed)",
        )

    def begin(self, run_id: str, sync: str, *, pages: int) -> None:
        """Open a run that no state machine has opened, with so many pages; what is open or closed stays so."""
        self._updated(
            _sync_key(run_id, sync),
            "set pages = if_not_exists(pages, :pages), expires_at = if_not_exists(expires_at, :expiry)",
            {":pages": _number(pages), ":expiry": self._expiry()},
        )

    def open(self, page: PageId, *, until: datetime) -> Opened:
        """Take a page that is nobody's; RecordError where the run does not know its sync."""
        item = self._item(_sync_key(page.run_id, page.sync))
        if not item:
            raise RecordError("run.unknown", page.run_id)
        done = {int(number) for number in item.get("finished", {}).get("NS", ())}
        if "closed" in item:
            return Opened(State.CLOSED)
        if page.number in done:
            return Opened(State.DONE)
        if not done.issuperset(range(1, page.after + 1)):
            return Opened(State.BUSY, wait_seconds=_AFTER_REMOVALS_SECONDS)
        return self._take(page, until)

    def holds(self, page: PageId, opening: int) -> bool:
        """Whether the page is still open, and this was its last opening."""
        item = self._item(page_key(page.run_id, page.sync, page.number))
        return "closed" not in item and item.get("opening") == _number(opening)

    def finish(self, page: PageId) -> None:
        """Count the page as done, once."""
        number = str(page.number)
        self._updated(
            _sync_key(page.run_id, page.sync),
            "add finished :page, done :one",
            {":page": {"NS": [number]}, ":number": {"N": number}, ":one": _number(1)},
            condition="attribute_exists(pk) and not contains(finished, :number)",
        )

    def release(self, page: PageId, opening: int) -> None:
        """Give an open page back before its time."""
        self._updated(
            page_key(page.run_id, page.sync, page.number),
            "set free_at = :now",
            {":now": _number(0), ":opening": _number(opening)},
            condition="opening = :opening",
        )

    def close(self, run_id: str, sync: str) -> None:
        """Let nothing of this sync leave any more: claims fail from here on."""
        key = _sync_key(run_id, sync)
        self._updated(key, "set closed = :yes", {":yes": {"BOOL": True}})
        pages = int(self._item(key).get("pages", {"N": "0"})["N"])
        for number in range(1, pages + 1):
            values = {":yes": {"BOOL": True}, ":expiry": self._expiry()}
            self._updated(page_key(run_id, sync, number), "set closed = :yes, expires_at = :expiry", values)

    def _take(self, page: PageId, until: datetime) -> Opened:
        now = self._clock()
        try:
            reply = self._client.update_item(
                TableName=self._table,
                Key=page_key(page.run_id, page.sync, page.number),
                UpdateExpression="add opening :one set free_at = :until, expires_at = :expiry",
                ConditionExpression=_FREE,
                ExpressionAttributeValues={
                    ":one": _number(1),
                    ":until": _number(until.timestamp()),
                    ":now": _number(now.timestamp()),
                    ":expiry": self._expiry(),
                },
                ReturnValues="UPDATED_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as refusal:
            return _refused(refusal.response.get("Item", {}), now)
        return Opened(State.OPEN, opening=int(reply["Attributes"]["opening"]["N"]))

    def _updated(self, key: Mapping[str, Any], update: str, values: Mapping[str, Any], *, condition: str = "") -> bool:
        """Whether the item was changed, which is False where it does not meet `condition`."""
        conditional = {"ConditionExpression": condition} if condition else {}
        try:
            self._client.update_item(
                TableName=self._table,
                Key=key,
                UpdateExpression=update,
                ExpressionAttributeValues=values,
                **conditional,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _item(self, key: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        return found or {}

    def _expiry(self) -> dict[str, str]:
        return _number((self._clock() + KEPT).timestamp())


def _refused(item: Mapping[str, Any], now: datetime) -> Opened:
    if "closed" in item:
        return Opened(State.CLOSED)
    free_at = float(item.get("free_at", {"N": "0"})["N"])
    wait = timedelta(seconds=max(1.0, free_at - now.timestamp()))
    return Opened(State.BUSY, wait_seconds=wait.total_seconds())


def _sync_key(run_id: str, sync: str) -> dict[str, Any]:
    return {"pk": {"S": f"run#{run_id}"}, "sk": {"S": f"sync#{sync}"}}


def _number(value: float) -> dict[str, str]:
    return {"N": str(int(value))}
