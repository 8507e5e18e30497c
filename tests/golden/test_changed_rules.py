"""A source's rules change between two runs: all its rows are cleansed again, once, wherever the run is killed."""

from pathlib import Path
from typing import Any

import pytest

from harness.changed_rules import changed, deliver, edit, project
from harness.projects import everything, rows, run
from kumitate.execution.run import execute
from kumitate.execution.workspace import open_workspace

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = changed(tmp_path_factory.mktemp("unbroken") / "project")
    run(root, until="cleanse")
    return root


def clean(root: Path) -> dict[str, Any]:
    """The clean tables' rows by column: what was added later stands behind."""
    columns = {"clients": "numero, courriel, points, modifie", "visits": "id, at, stay, twice"}
    sql = "select _record_id, _delivery_id, _line, _run_id, _changes, _originals, {} from clean.{} order by 1, 2, 3"
    return {name: rows(root, sql.format(each, name)) for name, each in columns.items()}


def test_clean_tables_are_as_if_the_new_types_had_always_held(unbroken: Path, tmp_path: Path) -> None:
    always = project(tmp_path / "project")
    edit(always)
    run(always, until="cleanse")
    deliver(always)
    run(always, until="cleanse")
    assert clean(unbroken) == clean(always)
    stays = "select id, cast(stay as double), _run_id from clean.visits order by id"
    assert rows(unbroken, stays) == [("a", 60.0, "r000001"), ("b", None, "r000001"), ("c", 120.0, "r000002")]


def test_quarantine_and_counts_tell_what_became_of_the_rows(unbroken: Path) -> None:
    refused = "select reason, run_id from quarantine.rows where source = 'visits'"
    assert rows(unbroken, refused) == [("integer.invalid", "r000001")]
    assert rows(unbroken, "select line, kind, run_id from quarantine.replays") == [(3, "recleansed", "r000002")]
    counts = "select run_id, outcome, rows from clean.source_counts where source = 'visits' order by 1, 2"
    assert rows(unbroken, counts) == [
        ("r000001", "accepted", 1), ("r000001", "duplicate", 1), ("r000001", "quarantined", 1),
        ("r000002", "accepted", 1), ("r000002", "duplicate", 1), ("r000002", "recleansed", 3),
    ]  # fmt: skip


def test_nothing_is_cleansed_again_while_the_rules_stay(tmp_path: Path) -> None:
    root = changed(tmp_path / "project")
    run(root, until="cleanse")
    before = clean(root)
    summary = run(root, until="cleanse")
    assert {step: count for step, count in summary.stages[1].rows.items() if count} == {
        next(step for step in summary.stages[1].rows if step.startswith("clean.clients:")): 5
    }
    assert clean(root) == before


class Killed(BaseException):
    """As if the process had gone."""


def killed_at(call: int, root: Path) -> bool:
    """Whether the run got as far as telling its progress so often."""
    told = 0

    def progress(what: str, done: int, total: int | None = None) -> None:  # noqa: ARG001 (the port's)
        nonlocal told
        told += 1
        if told == call:
            raise Killed

    try:
        with open_workspace(root) as workspace:
            execute(workspace, until="cleanse", progress=progress)
    except Killed:
        return True
    return False


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_run_with_new_rules_killed_before_any_step_ends_as_an_unbroken_one(unbroken: Path, tmp_path: Path) -> None:
    expected = everything(unbroken)
    call = 6  # the first step of cleansing
    while killed_at(call, root := changed(tmp_path / f"at-{call}")):
        if not run(root, until="cleanse").resumed:
            break  # it was told that it had finished
        assert everything(root) == expected, f"killed at progress call {call}"
        call += 1
    assert call > 15


def test_rules_that_are_changed_back_while_a_run_lies_killed_hold_for_all_rows(tmp_path: Path) -> None:
    root, never = changed(tmp_path / "back"), project(tmp_path / "never")
    assert killed_at(16, root)
    assert rows(root, "select stay from clean.visits where id = 'b'") == [(None,)]
    edit(root, back=True)
    run(root, until="cleanse")
    run(never, until="cleanse")
    deliver(never)
    run(never, until="cleanse")
    assert old_clean(root) == old_clean(never)


def old_clean(root: Path) -> list[tuple[Any, ...]]:
    return rows(root, "select id, stay, _line, _delivery_id from clean.visits order by id")
