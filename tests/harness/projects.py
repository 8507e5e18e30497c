"""Whole projects in a folder of their own, run through the same door as the command line."""

import shutil
from pathlib import Path
from typing import Any

from kumitate.execution.run import RunSummary, execute
from kumitate.execution.workspace import open_workspace
from kumitate.model.step import Query

BAKERY = Path(__file__).parents[1] / "golden/boulangerie"


def silent(what: str, done: int, total: int | None = None) -> None:
    """Progress for tests."""


def run(root: Path, **options: Any) -> RunSummary:
    with open_workspace(root) as workspace:
        return execute(workspace, progress=silent, **options)


def rows(root: Path, sql: str) -> list[tuple[Any, ...]]:
    with open_workspace(root) as workspace:
        batches = list(workspace.engine.rows(Query("test", sql)))
    return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]


def copy_of(project: Path, to: Path) -> Path:
    """`project` without what earlier runs left, in a folder of its own."""
    return Path(shutil.copytree(project, to, ignore=shutil.ignore_patterns(".kumitate", "report.html")))


def everything(root: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every table of the lake with its rows in a comparable order."""
    with open_workspace(root) as workspace:
        found = {}
        for table in workspace.lake.tables():
            names = ", ".join(workspace.lake.scan(table).schema.names)
            batches = workspace.engine.rows(Query("test", f"select {names} from {table}"))
            found[table] = sorted(
                (tuple(row.values()) for batch in batches for row in batch.to_pylist()), key=lambda row: repr(row)
            )
    return found
