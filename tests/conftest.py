"""Whole runs are dear: the tiny project is run once for all who only look at it."""

from __future__ import annotations

import gc
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness import aws_strict, examples, log_watch
from harness.log_watch import pytest_sessionfinish as pytest_sessionfinish
from harness.log_watch import pytest_terminal_summary as pytest_terminal_summary
from harness.log_watch import pytest_testnodedown as pytest_testnodedown

if TYPE_CHECKING:  # fixtures import the product when asked: who leads two workers runs no test, and they wait for it
    from kumitate.report.facts import Report

gc.disable()  # until all is collected: importing makes little garbage, and looking for it takes a fifth of the time
aws_strict.watch()
log_watch.watch()
for _started in ("SPARK_SUBMIT_OPTS", "SPARK_LAUNCHER_OPTS"):
    # The tests' data is small: what Java compiles thoroughly, in threads besides, costs more than it saves.
    os.environ.setdefault(_started, "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")

LATE = "numero;prenom;nom;courriel;telephone;points;modifie\n5;Denis;Martin;;;150;20/02/2026 08:00\n"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    examples.hold_to_profile(items)


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: nobody need look through it for garbage again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
    gc.enable()


@pytest.fixture(scope="session")
def bakery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bakery after one run of the command line; nobody writes to it."""
    from click.testing import CliRunner

    from harness.projects import BAKERY, copy_of
    from kumitate.cli.main import main

    root = copy_of(BAKERY, tmp_path_factory.mktemp("bakery") / "boulangerie")
    result = CliRunner().invoke(main, ["run", str(root)])
    assert result.exit_code == 0, result.output
    return root


@dataclass(frozen=True)
class ThreeRuns:
    """A first run, one with nothing new, one with a late file; each with its report."""

    root: Path
    first: Report
    second: Report
    third: Report


@pytest.fixture(scope="session")
def three_runs(tmp_path_factory: pytest.TempPathFactory) -> ThreeRuns:
    from harness.projects import BAKERY, copy_of

    root = copy_of(BAKERY, tmp_path_factory.mktemp("runs") / "boulangerie")
    first, second = _reported(root), _reported(root)
    (root / "data/clients-2.csv").write_text(LATE, encoding="utf-8")
    return ThreeRuns(root, first, second, _reported(root))


def _reported(root: Path) -> Report:
    from harness.projects import run
    from kumitate.execution.workspace import open_workspace
    from kumitate.report.collect import collect
    from kumitate.report.facts import RunFacts

    summary = run(root)
    facts = RunFacts(summary.run_id, summary.as_of, summary.engine, summary.seconds)
    with open_workspace(root) as workspace:
        return collect(workspace.engine, workspace.config, facts)
