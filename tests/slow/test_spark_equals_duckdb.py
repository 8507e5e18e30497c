"""One plan, two engines: every table of a run on Spark equals the run on DuckDB, row for row."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.projects import BAKERY, copy_of, everything, run, silent
from kumitate.execution.run import execute
from kumitate.execution.workspace import open_workspace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def run_on_spark(root: Path) -> None:
    with open_workspace(root, engine="spark") as workspace:
        execute(workspace, progress=silent)


def test_a_project_gives_the_same_rows_on_both_engines(tmp_path: Path) -> None:
    duckdb, spark = copy_of(BAKERY, tmp_path / "duckdb"), copy_of(BAKERY, tmp_path / "spark")
    run(duckdb)
    run_on_spark(spark)
    expected, found = everything(duckdb), everything(spark)
    assert found.keys() == expected.keys()
    assert [table for table in expected if found[table] != expected[table]] == []
    assert sum(map(len, expected.values())) > 20
