"""One plan, two engines: every table of a run on Spark equals the run on DuckDB, row for row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.projects import BAKERY, copy_of, everything, silent
from harness.shop import shop_cut_short
from kumitate.execution.run import execute
from kumitate.execution.workspace import open_workspace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def lake_after(root: Path, engine: str) -> dict[str, list[tuple[Any, ...]]]:
    with open_workspace(root, engine="spark" if engine == "spark" else "duckdb") as workspace:
        execute(workspace, progress=silent)
    return everything(root)


@pytest.mark.long  # that Glue's jobs write the laptop's rows (test_glue_jobs.py) says most of it
def test_the_bakery_has_the_same_rows_on_both_engines(tmp_path: Path) -> None:
    duckdb, spark = (copy_of(BAKERY, tmp_path / engine) for engine in ("duckdb", "spark"))
    assert lake_after(spark, "spark") == lake_after(duckdb, "duckdb")


@pytest.mark.long
def test_the_shop_has_the_same_rows_on_both_engines(tmp_path: Path) -> None:
    root = shop_cut_short(tmp_path / "duckdb")
    copy_of(root, tmp_path / "spark")
    expected, found = lake_after(root, "duckdb"), lake_after(tmp_path / "spark", "spark")
    assert found.keys() == expected.keys()
    assert [table for table in expected if found[table] != expected[table]] == []
    assert sum(map(len, expected.values())) > 50_000
    assert {"activation.outcomes", "curated.segment_changes"} <= {table for table, rows in found.items() if rows}
