"""A lake with a sync's changes in it, made anew for each measurement; the same rows every time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from kumitate.activation.tables import OUTCOMES, PLATFORM_FIGURES, changes_table
from kumitate.engines.duckdb import DuckDBEngine
from kumitate.engines.local_lake import open_local_lake
from kumitate.execution.deliver import Delivery
from kumitate.execution.ledger import SqliteLedger
from kumitate.execution.memory import SentFiles, SqliteMemory
from kumitate.model.step import Mode, Run
from kumitate.ports import Mark

RUN = Run("r000001", datetime(2026, 3, 10, 12, tzinfo=UTC))

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "salesforce": {"object": "Contact", "external_id": "Kumitate_Key__c", "bulk_above": 10**9},
    "slack": {"channel": "C0123456789", "sync": "slack"},
    "meta": {"audience_id": "23842000000000001"},
}


def fields_of(type_: str, number: int) -> dict[str, Any]:
    """A row as a sync would have mapped it; nobody's."""
    email, phone = f"person{number}@example.jp", f"+8190{10_000_000 + number}"  # ten digits that are a mobile's
    match type_:
        case "salesforce":
            names = {"LastName": "山田", "FirstName": f"花子{number}", "Email": email, "Phone": phone}
            return {**names, "Lifetime_Value__c": number * 17 % 90_000, "Rank__c": "gold"}
        case "slack":
            return {"title": "Cart left behind", "text": f"Order {number} waits since noon", "value": f"¥{number}"}
        case _:
            return {"email": email, "phone": phone, "given_name": "hanako", "family_name": "yamada", "country": "JP"}


@contextmanager
def world(folder: Path, syncs: Mapping[str, tuple[str, int]]) -> Iterator[Delivery]:
    """A lake with the changes of each sync, of a destination's type and so many rows."""
    folder.mkdir()
    lake = open_local_lake(folder)
    lake.prepare([OUTCOMES, PLATFORM_FIGURES, *(changes_table(sync) for sync in syncs)])
    for sync, (type_, rows) in syncs.items():
        lake.write(changes_table(sync), _changes(sync, type_, rows), Mark(Mode.REPLACE, "bench", RUN.id))
    engine = DuckDBEngine(lake, temp_directory=folder / "tmp")
    ledger = SqliteLedger(folder / "ledger.db", clock=partial(datetime.now, UTC))
    yield Delivery(
        engine=engine,
        lake=lake,
        ledger=ledger,
        memory=SqliteMemory(folder / "memory.db"),
        sent=partial(SentFiles, folder / "talks"),
        run=RUN,
        progress=_silent,
    )
    ledger.close()
    engine.close()
    lake.close()


def _changes(sync: str, type_: str, rows: int) -> Iterator[pa.RecordBatch]:
    for start in range(0, rows, 50_000):
        numbers = range(start, min(rows, start + 50_000))
        held = [
            {
                "key": f"k{number:08d}",
                "operation": "create",
                "person_id": f"person-{number:08d}",
                "fields": json.dumps(fields_of(type_, number), ensure_ascii=False),
                "fields_hash": f"{number:032x}",
                "previous_fields": None,
            }
            for number in numbers
        ]
        yield pa.RecordBatch.from_pylist(held, schema=changes_table(sync).schema)


def _silent(what: str, done: int, total: int | None = None) -> None:
    """Nobody looks on."""
