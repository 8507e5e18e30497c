"""The run register in the ledger's table: an item a run, and one that is the lock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kumitate.ports import RunEntry, RunLock

Item = dict[str, Any]

_RUNS = {"S": "runs"}
_LOCK = {"pk": _RUNS, "sk": {"S": "lock"}}


@dataclass(frozen=True, slots=True)
class DynamoRunRegister:
    """`pk = runs`; `sk` is the run's id, or `lock`, which sorts before them."""

    client: Any
    table: str

    def read(self) -> tuple[RunEntry | None, RunLock | None]:
        # The lock first: a run that ends between the two calls is then seen with a lock that no write meets any more.
        lock = self.client.get_item(TableName=self.table, Key=_LOCK, ConsistentRead=True).get("Item")
        newest = self.client.query(
            TableName=self.table,
            KeyConditionExpression="pk = :runs and begins_with(sk, :r)",
            ExpressionAttributeValues={":runs": _RUNS, ":r": {"S": "r"}},
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=1,
        )["Items"]
        return _entry(newest[0]) if newest else None, _lock(lock) if lock else None

    def write(self, entry: RunEntry | None, lock: RunLock | None, *, instead_of: RunLock | None) -> bool:
        held = _held(instead_of)
        change: Item = {"Put": {"Item": _lock_item(lock), **held}} if lock else {"Delete": {"Key": _LOCK, **held}}
        changes = [change] if entry is None else [change, {"Put": {"Item": _entry_item(entry)}}]
        for each in changes:
            next(iter(each.values()))["TableName"] = self.table
        try:
            self.client.transact_write_items(TransactItems=changes)
        except self.client.exceptions.TransactionCanceledException as refusal:
            codes = {reason.get("Code") for reason in refusal.response.get("CancellationReasons", ())}
            if codes <= {"None", "ConditionalCheckFailed", "TransactionConflict"}:
                return False
            raise
        return True


def _held(lock: RunLock | None) -> Item:
    """The condition that the lock is this one still."""
    if lock is None:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    item = _lock_item(lock)
    told = {f":{name}": item[name] for name in ("execution", "since", "again")}
    return {
        "ConditionExpression": "execution = :execution and since = :since and again = :again",
        "ExpressionAttributeValues": told,
    }


def _lock_item(lock: RunLock) -> Item:
    return _LOCK | {
        "run_id": {"S": lock.run_id},
        "execution": {"S": lock.execution},
        "verdict": {"S": lock.verdict},
        "since": {"S": lock.since.isoformat()},
        "again": {"BOOL": lock.again},
    }


def _lock(item: Item) -> RunLock:
    return RunLock(
        run_id=item["run_id"]["S"],
        execution=item["execution"]["S"],
        verdict=item["verdict"]["S"],
        since=datetime.fromisoformat(item["since"]["S"]),
        again=item["again"]["BOOL"],
    )


def _entry_item(entry: RunEntry) -> Item:
    ended = {} if entry.ended_at is None else {"ended_at": {"S": entry.ended_at.isoformat()}}
    return ended | {
        "pk": _RUNS,
        "sk": {"S": entry.id},
        "as_of": {"S": entry.as_of.isoformat()},
        "state": {"S": entry.state},
        "started_at": {"S": entry.started_at.isoformat()},
        "reason": {"S": entry.reason},
        "again": {"BOOL": entry.again},
    }


def _entry(item: Item) -> RunEntry:
    ended = item.get("ended_at")
    return RunEntry(
        id=item["sk"]["S"],
        as_of=datetime.fromisoformat(item["as_of"]["S"]),
        state=item["state"]["S"],
        started_at=datetime.fromisoformat(item["started_at"]["S"]),
        ended_at=datetime.fromisoformat(ended["S"]) if ended else None,
        reason=item["reason"]["S"],
        again=item["again"]["BOOL"],
    )
