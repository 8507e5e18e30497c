"""A run killed anywhere and started again ends where an unbroken run ends; killed while delivering, a new run does.

Then run ids differ, and tables that count runs have the closed one, too: people, profiles and destinations do not.
"""

import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.projects import BAKERY, copy_of, everything, rows, run
from kumitate.execution.runs import RunLog

pytestmark = pytest.mark.slow

DIE_AT_STEP = textwrap.dedent(
    """
    import os, sys
    from pathlib import Path
    from kumitate.execution.run import execute
    from kumitate.execution.workspace import open_workspace

    calls = 0

    def progress(what, done, total=None):
        global calls
        calls += 1
        if sys.argv[2] in (str(calls), what):
            os._exit(9)

    with open_workspace(Path(sys.argv[1])) as workspace:
        execute(workspace, progress=progress)
    """
)


def killed_at(step: int, root: Path) -> bool:
    child = subprocess.run([sys.executable, "-c", DIE_AT_STEP, str(root), str(step)], check=False)
    return child.returncode == 9


Tables = dict[str, list[tuple[object, ...]]]
TELLS_OF_RUNS = ("activation.outcomes", "activation.sync_counts", "curated.segment_sizes", "staging.")


@dataclass(frozen=True)
class Ending:
    """Where a project is at the end: its tables, what the destination has (but for its own times), what it took."""

    tables: Tables
    there: list[tuple[object, ...]]
    accepted: list[tuple[object, ...]]

    @property
    def lasting(self) -> Tables:
        """The tables but for run ids."""
        kept = {name: found for name, found in self.tables.items() if not name.startswith(TELLS_OF_RUNS)}
        return {name: [row[:-1] for row in v] if ".state_" in name else v for name, v in kept.items()}


def ending(root: Path) -> Ending:
    with closing(sqlite3.connect(root / ".kumitate/sandbox.db")) as sandbox:
        there = sandbox.execute("select vendor, kind, record from records order by 1, 2, 3").fetchall()
    taken = rows(root, "select sync, key from activation.outcomes where verdict = 'accepted' order by sync, key")
    return Ending(everything(root), there, taken)


def ends_as(root: Path, unbroken: Ending) -> bool:
    found = ending(root)
    if any(each.note == "interrupted" for each in RunLog(root / ".kumitate/runs.db").all()):
        return (found.lasting, found.there, found.accepted) == (unbroken.lasting, unbroken.there, unbroken.accepted)
    return found == unbroken


@pytest.fixture(scope="module")
def unbroken(bakery: Path) -> Ending:
    return ending(bakery)


def test_a_run_killed_while_delivering_is_closed_and_a_new_one_ends_as_an_unbroken_one(
    tmp_path: Path, unbroken: Ending
) -> None:
    root = copy_of(BAKERY, tmp_path / "project")
    child = subprocess.run([sys.executable, "-c", DIE_AT_STEP, str(root), "delivery alerte_fideles"], check=False)
    assert child.returncode == 9
    closed = run(root).closed
    assert closed is not None
    assert closed.run_id == "r000001"
    assert ends_as(root, unbroken)


def test_a_run_killed_between_two_steps_ends_as_an_unbroken_one(tmp_path: Path, unbroken: Ending) -> None:
    root = copy_of(BAKERY, tmp_path / "project")
    assert killed_at(17, root)
    assert run(root).resumed
    assert ends_as(root, unbroken)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_run_killed_before_any_step_ends_as_an_unbroken_one(tmp_path: Path, unbroken: Ending) -> None:
    step = 1
    while killed_at(step, root := copy_of(BAKERY, tmp_path / f"at-{step}")):
        run(root)
        assert ends_as(root, unbroken), f"killed at progress call {step}"
        step += 2  # a step and what follows it are told one after the other
    assert step > 20


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(3, 8))])
def test_a_run_killed_at_random_moments_again_and_again_ends_as_an_unbroken_one(
    seed: int, tmp_path: Path, unbroken: Ending
) -> None:
    root = copy_of(BAKERY, tmp_path / "project")
    moments = random.Random(seed)
    for _ in range(3):
        if not is_finished(root):
            child = subprocess.Popen([sys.executable, "-c", DIE_AT_STEP, str(root), "0"])
            time.sleep(moments.uniform(0.5, 3.0))
            child.send_signal(signal.SIGKILL)
            child.wait()
    if not is_finished(root):
        run(root)
    assert ends_as(root, unbroken)


def is_finished(root: Path) -> bool:
    """Whether the first run has come to its end, killed or not."""
    folder = root / ".kumitate"
    last = RunLog(folder / "runs.db").last() if folder.exists() else None
    return last is not None and last.finished_at is not None
