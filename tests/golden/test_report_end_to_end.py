"""The report of a real run: its sums agree, it shows nobody's data, and a second run says there is no news."""

from pathlib import Path

import pytest

from harness.projects import BAKERY, copy_of, rows, run
from kumitate.execution.workspace import open_workspace
from kumitate.report.collect import collect
from kumitate.report.facts import Report, RunFacts
from kumitate.report.render import render


def report_of(root: Path) -> Report:
    summary = run(root)
    facts = RunFacts(summary.run_id, summary.as_of, summary.engine, summary.seconds)
    with open_workspace(root) as workspace:
        return collect(workspace.engine, workspace.config, facts)


@pytest.fixture(scope="module")
def bakery_twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report, Report]:
    root = copy_of(BAKERY, tmp_path_factory.mktemp("report") / "project")
    return root, report_of(root), report_of(root)


def test_all_sums_of_a_first_and_a_second_run_agree(bakery_twice: tuple[Path, Report, Report]) -> None:
    _, first, second = bakery_twice
    assert (first.broken, second.broken) == ((), ())
    assert (first.changes, first.accepted) == (2, 2)
    assert (second.changes, second.accepted) == (0, 0)
    assert "0 changes: nothing new delivered" in render(second)


def test_the_page_shows_nobodys_data(bakery_twice: tuple[Path, Report, Report]) -> None:
    root, first, _ = bakery_twice
    page = render(first)
    personal = rows(root, "select prenom, nom, courriel, telephone from clean.clients")
    quarantined = rows(root, "select payload from quarantine.rows")
    values = {value for row in personal for value in row if value} | {payload for (payload,) in quarantined}
    assert len(values) > 5
    assert [value for value in values if value in page] == []
