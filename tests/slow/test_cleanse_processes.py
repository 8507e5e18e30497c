"""A long table is cleansed by several processes, and comes out as by one."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kumitate.execution import cleansing
from kumitate.execution.cleansing import Asked, Done, cleanse_file
from kumitate.execution.table_files import write_table

pytestmark = pytest.mark.slow


def test_several_processes_give_what_one_gives(tmp_path: Path) -> None:
    rows = cleansing.BATCH_ROWS * 2 + 7
    table = pa.table(
        {
            "メール": [f"Ａ{place}@example.com" if place % 3 else "x" for place in range(rows)],
            "住所": [f"東京都千代田区紀尾井町{place % 900 + 1}丁目２番" for place in range(rows)],
        }
    )
    write_table(table, tmp_path / "in.parquet")

    def run(processes: int) -> Done:
        out = tmp_path / f"out{processes}.parquet"
        return cleanse_file(Asked(tmp_path / "in.parquet", None, out, date(2026, 1, 1), processes), lambda *_: None)

    one, two = run(1), run(2)
    assert pq.read_table(tmp_path / "out1.parquet").equals(pq.read_table(tmp_path / "out2.parquet"))
    assert one == two
    assert one.rows == rows
    assert one.counts["メール"].filled == rows


def test_a_table_of_many_parts_is_held_part_by_part(tmp_path: Path) -> None:
    rows = cleansing.BATCH_ROWS * 6
    table = pa.table({name: [f"{name} {place} " + "x" * 200 for place in range(rows)] for name in ("備考", "memo")})
    whole = table.nbytes
    write_table(table, tmp_path / "in.csv")
    del table
    held = []

    def tell(what: str, *_: int | None) -> None:
        if what == "cleanse":
            held.append(pa.total_allocated_bytes() - before)

    before = pa.total_allocated_bytes()
    cleanse_file(Asked(tmp_path / "in.csv", None, tmp_path / "out.parquet", date(2026, 1, 1), 1), tell)
    assert len(held) == 6
    assert max(held) < whole * 0.75
    assert pq.read_metadata(tmp_path / "out.parquet").num_rows == rows
