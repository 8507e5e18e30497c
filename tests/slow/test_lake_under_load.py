"""The lake holds up where there is much of it: memory while writing, readers beside a writer."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PRELUDE = """
import sys
from pathlib import Path
import numpy as np
import pyarrow as pa
from kumitate.engines.duckdb import DuckDBEngine
from kumitate.engines.local_lake import open_local_lake
from kumitate.model.step import Mode, Query
from kumitate.model.table import Table, Type, columns
from kumitate.ports import Mark

folder = Path(sys.argv[1])
table = Table("clean", "events", columns(
    event_id=Type.STRING, person=Type.STRING, at=Type.TIMESTAMP, amount=Type.BIGINT, page=Type.STRING))
lake = open_local_lake(folder)
"""


def start(script: str, *arguments: str) -> subprocess.Popen[str]:
    code = PRELUDE + textwrap.dedent(script)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "bench")}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True, env=environment
    )


def said_by(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return said


def peak_mib(folder: Path, rows: int) -> int:
    """Peak memory of a process that writes `rows` rows of some 100 bytes."""
    script = """
    lake.prepare((table,))
    def batches(rows, size=65_536):
        for start in range(0, rows, size):
            n = np.arange(start, min(start + size, rows))
            text = pa.array(n).cast(pa.string())
            at = pa.array(n * 1_000_000, pa.timestamp("us"))
            page = pa.array(np.char.add("/products/category/item-", n.astype(str)))
            yield pa.record_batch([text, text, at, pa.array(n), page], schema=table.schema)
    assert lake.write(table, batches(int(sys.argv[2])), Mark(Mode.REPLACE, "events", "r1")) == int(sys.argv[2])
    from peak import peak_mib
    print(int(peak_mib()))
    """
    return int(said_by(start(script, str(folder), str(rows))))


def test_writing_four_times_the_rows_takes_hardly_more_memory(tmp_path: Path) -> None:
    one, four = peak_mib(tmp_path / "one", 1_000_000), peak_mib(tmp_path / "four", 4_000_000)
    assert one < 500
    assert four < one * 1.3


def test_readers_see_whole_states_while_a_table_is_replaced(tmp_path: Path) -> None:
    write = """
    lake.prepare((table,))
    for size in range(1, 31):
        n = np.full(size * 100, size)
        text = pa.array(n).cast(pa.string())
        batch = pa.record_batch([text, text, pa.array(n, pa.timestamp("us")), pa.array(n), text], schema=table.schema)
        lake.write(table, [batch.slice(0, 50), batch.slice(50)], Mark(Mode.REPLACE, "events", f"r{size}"))
    """
    read = """
    engine = DuckDBEngine(lake, temp_directory=folder / "tmp", threads=1)
    query = Query("state", "select count(*) as n, min(amount) as a, max(amount) as b from clean.events")
    seen = set()
    while not seen or max(seen) < 30:
        (batch,) = engine.rows(query)
        (row,) = batch.to_pylist()
        assert (row["n"], row["a"]) in ((0, None), (100 * (row["b"] or 0), row["b"])), row
        seen.add(row["b"] or 0)
    print(len(seen))
    """
    said_by(start("lake.prepare((table,))", str(tmp_path)))
    readers = [start(read, str(tmp_path)) for _ in range(2)]
    said_by(start(write, str(tmp_path)))
    assert all(int(said_by(reader)) > 1 for reader in readers)
