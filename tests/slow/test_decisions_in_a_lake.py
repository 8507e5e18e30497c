"""Stewards' decisions are found in a lake of many records in the time that reading it takes."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from harness.people import PEOPLE
from kumitate.engines.duckdb import DuckDBEngine
from kumitate.engines.local_lake import open_local_lake
from kumitate.identity.stewards import STEWARD_LINKS, links_query
from kumitate.identity.tables import IDENTIFIERS, PERSON_RECORDS
from kumitate.model.step import Mode
from kumitate.model.table import Table
from kumitate.ports import Mark

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

RECORDS = [f"members/{number}" for number in range(40_000)]
DECIDED = {"left_record": "m7@x.jp", "right_record": "members/8", "link": "must", "author": "Ito", "reason": "seen"}


def of(table: Table, **columns: list[str]) -> pa.Table:
    """Rows with these columns, null in all others."""
    count = len(RECORDS)
    given = {field.name: columns.get(field.name) or pa.nulls(count, field.type) for field in table.schema}
    return pa.table(given, schema=table.schema)


def test_one_decision_is_not_held_against_all_pairs_of_records(tmp_path: Path) -> None:
    mails = [f"m{number}@x.jp" for number in range(len(RECORDS))]
    filled = {
        STEWARD_LINKS: pa.Table.from_pylist([DECIDED | {"at": datetime(2026, 3, 1)}], schema=STEWARD_LINKS.schema),
        IDENTIFIERS: of(IDENTIFIERS, record=RECORDS, kind=["email"] * len(RECORDS), value=mails),
        PERSON_RECORDS: of(PERSON_RECORDS, record=RECORDS),
    }
    with open_local_lake(tmp_path / "lake") as lake:
        lake.prepare(filled)
        for table, rows in filled.items():
            lake.write(table, rows.to_batches(), Mark(Mode.REPLACE, str(table), "r000001"))
        engine = DuckDBEngine(lake, temp_directory=tmp_path / "duckdb")
        started = time.process_time()
        found = pa.Table.from_batches(engine.rows(links_query(PEOPLE))).to_pylist()
        spent = time.process_time() - started
        engine.close()
    assert [(row["left_record"], row["right_record"]) for row in found] == [("members/7", "members/8")]
    assert spent < 5, "seconds of processor time"
