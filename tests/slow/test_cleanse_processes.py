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
