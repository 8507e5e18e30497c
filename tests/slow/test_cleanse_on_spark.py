"""What cleansing says of itself, and cleansing again under changed rules: the same rows on Spark as on DuckDB."""

from pathlib import Path
from typing import Any, Literal

import pytest

from harness.changed_rules import deliver, edit, project
from harness.projects import everything, rows, silent
from kumitate.execution.run import execute
from kumitate.execution.workspace import open_workspace

# That both engines cleanse alike once is said by test_glue_jobs.py, that they do so again after a change here.
pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(1800)]


def lake_after(root: Path, engine: Literal["duckdb", "spark"]) -> dict[str, list[tuple[Any, ...]]]:
    """After a run, and one with other types and one more file."""
    project(root)
    for change in (None, edit, deliver):
        if change is not None:
            change(root)
        with open_workspace(root, engine=engine) as workspace:
            execute(workspace, until="cleanse", progress=silent)
    return everything(root)


def test_cleansing_again_has_the_same_rows_on_both_engines(tmp_path: Path) -> None:
    found, expected = lake_after(tmp_path / "spark", "spark"), lake_after(tmp_path / "duckdb", "duckdb")
    assert [table for table in expected if found[table] != expected[table]] == []
    assert {"clean.changes", "quarantine.replays"} <= {table for table, held in found.items() if held}
    touched = "select count(*) from clean.clients where _changes is not null and _originals is not null"
    assert rows(tmp_path / "spark", touched) == rows(tmp_path / "duckdb", touched) != [(0,)]
