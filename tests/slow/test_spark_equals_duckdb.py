"""One plan, two engines: every table of a run on Spark equals the run on DuckDB, row for row."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from harness.projects import BAKERY, copy_of, everything, silent
from kumitate.execution.run import execute
from kumitate.execution.workspace import open_workspace

SHOP = Path(__file__).parents[2] / "examples" / "shop"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def shop_cut_short(to: Path) -> Path:
    """The example shop with the first rows of each file: all of its SQL, little of its data."""
    root = copy_of(SHOP, to)
    generated = root / "data" / "generated"
    subprocess.run([sys.executable, str(SHOP / "generate.py"), "--out", str(generated)], check=True)
    for path in generated.iterdir():
        if path.suffix in (".csv", ".jsonl"):
            path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:600]))
    orders = root / "data" / "orders.parquet"
    pq.write_table(pq.read_table(orders).slice(0, 20_000), orders)
    return root


def lake_after(root: Path, engine: str) -> dict[str, list[tuple[Any, ...]]]:
    with open_workspace(root, engine="spark" if engine == "spark" else "duckdb") as workspace:
        execute(workspace, progress=silent)
    return everything(root)


def test_the_bakery_has_the_same_rows_on_both_engines(tmp_path: Path) -> None:
    duckdb, spark = (copy_of(BAKERY, tmp_path / engine) for engine in ("duckdb", "spark"))
    assert lake_after(spark, "spark") == lake_after(duckdb, "duckdb")


def test_the_shop_has_the_same_rows_on_both_engines(tmp_path: Path) -> None:
    root = shop_cut_short(tmp_path / "duckdb")
    copy_of(root, tmp_path / "spark")
    expected, found = lake_after(root, "duckdb"), lake_after(tmp_path / "spark", "spark")
    assert found.keys() == expected.keys()
    assert [table for table in expected if found[table] != expected[table]] == []
    assert sum(map(len, expected.values())) > 50_000
    assert {"activation.outcomes", "curated.segment_changes"} <= {table for table, rows in found.items() if rows}
