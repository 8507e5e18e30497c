"""A run killed anywhere and started again ends where an unbroken run ends."""

import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from harness.projects import BAKERY, copy_of, everything, run
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
        if calls == int(sys.argv[2]):
            os._exit(9)

    with open_workspace(Path(sys.argv[1])) as workspace:
        execute(workspace, progress=progress)
    """
)


def killed_at(step: int, root: Path) -> bool:
    child = subprocess.run([sys.executable, "-c", DIE_AT_STEP, str(root), str(step)], check=False)
    return child.returncode == 9


@pytest.fixture(scope="module")
def unbroken(bakery: Path) -> dict[str, list[tuple[object, ...]]]:
    return everything(bakery)


def test_a_run_killed_between_two_steps_ends_as_an_unbroken_one(
    tmp_path: Path, unbroken: dict[str, list[tuple[object, ...]]]
) -> None:
    root = copy_of(BAKERY, tmp_path / "project")
    assert killed_at(17, root)
    assert run(root).resumed
    assert everything(root) == unbroken


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_run_killed_before_any_step_ends_as_an_unbroken_one(
    tmp_path: Path, unbroken: dict[str, list[tuple[object, ...]]]
) -> None:
    step = 1
    while killed_at(step, root := copy_of(BAKERY, tmp_path / f"at-{step}")):
        run(root)
        assert everything(root) == unbroken, f"killed at progress call {step}"
        step += 2  # a step and what follows it are told one after the other
    assert step > 20


@pytest.mark.parametrize("seed", range(8))
def test_a_run_killed_at_random_moments_again_and_again_ends_as_an_unbroken_one(
    seed: int, tmp_path: Path, unbroken: dict[str, list[tuple[object, ...]]]
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
    assert everything(root) == unbroken


def is_finished(root: Path) -> bool:
    """Whether the first run has come to its end, killed or not."""
    folder = root / ".kumitate"
    last = RunLog(folder / "runs.db").last() if folder.exists() else None
    return last is not None and last.finished_at is not None
