"""What was quarantined is let go after the environment's days, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from kumitate.cloud.retention import STEP, let_go
from kumitate.config.environment import Retention
from kumitate.engines.aging import Age
from kumitate.engines.iceberg import IcebergLake
from kumitate.engines.local_lake import open_local_lake
from kumitate.errors import FatalError
from kumitate.ingest.tables import QUARANTINE
from kumitate.model.step import Mode, Run
from kumitate.model.table import Column, Table, Type
from kumitate.ports import Mark

AS_OF = datetime(2026, 11, 22, 3, tzinfo=UTC)
RUN = Run("r000007", AS_OF)
WEEK = Retention(quarantine=7)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[IcebergLake]:
    with open_local_lake(tmp_path / "lake") as lake:
        lake.prepare((QUARANTINE,))
        yield lake


def found(lake: IcebergLake, *days_ago: float | None, run_id: str = "r000001", table: Table = QUARANTINE) -> None:
    """A commit, and a file, of a row for each."""
    naive = AS_OF.replace(tzinfo=None)
    rows = [
        {"source": "orders", "line": line, "found_at": None if days is None else naive - timedelta(days=days)}
        for line, days in enumerate(days_ago)
    ]
    batch = pa.RecordBatch.from_pylist(rows, schema=table.schema)
    lake.write(table, [batch], Mark(Mode.APPEND, "ingest.orders:quarantine.rows", run_id))


def ages(lake: IcebergLake) -> list[float | None]:
    rows = lake.load(str(QUARANTINE)).scan().to_arrow().to_pylist()
    naive = AS_OF.replace(tzinfo=None)
    return sorted((naive - row["found_at"]) / timedelta(days=1) if row["found_at"] else -1 for row in rows)


def test_rows_go_when_their_days_are_over_and_not_before(lake: IcebergLake) -> None:
    found(lake, 8, 7.001, 7, 6.999, 0)
    assert let_go(lake, WEEK, RUN) == 2
    assert ages(lake) == [0, 6.999, 7]


def test_a_row_without_a_time_stays(lake: IcebergLake) -> None:
    found(lake, 30, None)
    assert let_go(lake, WEEK, RUN) == 1
    assert ages(lake) == [-1]


def test_files_without_an_old_row_are_left_as_they_are(lake: IcebergLake) -> None:
    found(lake, 1, 2)
    young = set(lake.scan(str(QUARANTINE)).files)
    found(lake, 9, 3)
    found(lake, 20, 21)
    assert let_go(lake, WEEK, RUN) == 3
    left = set(lake.scan(str(QUARANTINE)).files)
    assert young < left
    assert len(left) == 2
    assert ages(lake) == [1, 2, 3]


def test_it_is_one_commit_under_its_own_name_and_leaves_no_delete_files(lake: IcebergLake) -> None:
    found(lake, 9, 3)
    before = lake.history(str(QUARANTINE))
    let_go(lake, WEEK, RUN)
    after = lake.history(str(QUARANTINE))
    assert [(state.step, state.run_id, state.rows) for state in after[len(before) :]] == [(STEP, "r000007", 1)]
    table = lake.load(str(QUARANTINE))
    assert not any(task.delete_files for task in table.scan().plan_files())
    assert lake.done_by(QUARANTINE, STEP) == "r000007"
    assert lake.done_by(QUARANTINE, "ingest.orders:quarantine.rows") == "r000001"


def test_what_was_there_before_can_still_be_read_as_it_was(lake: IcebergLake) -> None:
    found(lake, 9, 3)
    (state,) = lake.history(str(QUARANTINE))
    let_go(lake, WEEK, RUN)
    assert len(lake.scan_at(str(QUARANTINE), state.id).files) == 1


def test_nothing_old_means_no_commit(lake: IcebergLake) -> None:
    found(lake, 1)
    before = lake.load(str(QUARANTINE)).metadata_location
    assert let_go(lake, WEEK, RUN) == 0
    assert let_go(lake, Retention(quarantine=None), RUN) == 0
    assert lake.load(str(QUARANTINE)).metadata_location == before


def test_a_table_of_old_rows_alone_is_emptied_and_twice_is_once(lake: IcebergLake) -> None:
    found(lake, 100, 200)
    assert (let_go(lake, WEEK, RUN), let_go(lake, WEEK, RUN)) == (2, 0)
    assert ages(lake) == []


def test_rows_of_this_run_stay_however_few_the_days(lake: IcebergLake) -> None:
    found(lake, 0, 0, run_id=RUN.id)
    assert let_go(lake, Retention(quarantine=1), RUN) == 0
    assert ages(lake) == [0, 0]


def test_columns_that_the_project_no_longer_has_keep_what_they_held(lake: IcebergLake) -> None:
    wide = Table("quarantine", "rows", (*QUARANTINE.columns, Column("once", Type.STRING)))
    lake.prepare((wide,))
    row = {"source": "orders", "found_at": AS_OF.replace(tzinfo=None), "once": "kept"}
    old = row | {"found_at": datetime(2020, 1, 1)}
    batch = pa.RecordBatch.from_pylist([row, old], schema=wide.schema)
    lake.write(wide, [batch], Mark(Mode.APPEND, "test", "r000001"))
    assert let_go(lake, WEEK, RUN) == 1
    assert lake.load(str(QUARANTINE)).scan().to_arrow()["once"].to_pylist() == ["kept"]


def test_a_second_writer_meanwhile_means_that_nothing_goes(lake: IcebergLake, tmp_path: Path) -> None:
    found(lake, 9, 3)
    found(lake, 9, 2)

    class Slow(Age):
        def kept(self, table: Any, files: Any) -> Iterator[Any]:
            yield from Age.kept(self, table, files)
            with open_local_lake(tmp_path / "lake") as other:
                let_go(other, WEEK, RUN)

    with pytest.raises(FatalError, match="another process wrote"):
        lake.remove(QUARANTINE, Slow("found_at", AS_OF - timedelta(days=7)), Mark(Mode.REPLACE, STEP, RUN.id))
    assert ages(lake) == [2, 3]
