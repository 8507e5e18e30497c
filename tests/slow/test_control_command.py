"""`kumitate control` and dry runs over a project that has run: decisions are kept, and a rehearsal leaves no trace."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from harness.projects import BAKERY, copy_of
from kumitate.cli.main import main

pytestmark = pytest.mark.slow  # a project has to run first

SYNC = "alerte_fideles"


def kumitate(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def answer(*arguments: str) -> Any:
    result = kumitate(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The bakery, whose sync needs an approval."""
    made = copy_of(BAKERY, tmp_path / "boulangerie")
    sync = next((made / "syncs").glob("*.yaml"))
    text = sync.read_text(encoding="utf-8")
    sync.write_text(text.replace("  mode: append\n", "  mode: append\n  approval: required\n"), encoding="utf-8")
    assert kumitate("run", str(made)).exit_code == 0
    return made


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_rehearsal_tells_calls_time_and_approval_and_leaves_no_trace(root: Path) -> None:
    before = contents(root)
    found = answer("sync", SYNC, "--dry-run", "--project", str(root))
    assert contents(root) == before
    assert (found["creates"], found["updates"], found["deletes"]) == (2, 0, 0)
    assert found["requests"] == 2
    assert found["seconds"] == pytest.approx(2.0, abs=1.0)
    assert [(hold["reason"], hold["creates"]) for hold in found["holds"]] == [("approval", 2)]


def test_a_held_sync_says_so_and_goes_once_it_is_approved(root: Path) -> None:
    told = kumitate("sync", SYNC, "--project", str(root))
    assert told.exit_code == 0
    assert f"{SYNC}: 2 changes wait (approval); nothing was sent" in told.stdout
    assert kumitate("control", "approve", SYNC, "--project", str(root)).exit_code == 2
    decided = answer("control", "approve", SYNC, "--reason", "looked at", "--author", "Ann", "--project", str(root))
    assert (decided["run_id"], decided["author"]) == ("r000002", "Ann")
    rehearsed = answer("sync", SYNC, "--dry-run", "--project", str(root))
    assert (rehearsed["holds"], rehearsed["is_approved"]) == ([], True)
    assert "a person has approved as much" in kumitate("sync", SYNC, "--dry-run", "--project", str(root)).stdout
    assert answer("sync", SYNC, "--project", str(root))["delivered"] == 2
    assert answer("sync", SYNC, "--project", str(root))["unchanged"] == 2


def test_a_paused_sync_waits_and_every_decision_is_listed(root: Path) -> None:
    for action in ("pause", "resume"):
        assert kumitate("control", action, SYNC, "--reason", "a test", "--project", str(root)).exit_code == 0
    assert answer("control", "approve", SYNC, "--reason", "fine", "--project", str(root))["run_id"] == "r000001"
    assert kumitate("control", "pause", SYNC, "--reason", "stop", "--project", str(root)).exit_code == 0
    told = answer("sync", SYNC, "--project", str(root))
    assert (told["delivered"], told["waiting"], told["waits_for"]) == (0, 2, "paused")
    listed = answer("control", "list", SYNC, "--project", str(root))
    assert [each["action"] for each in listed] == ["pause", "resume", "approve", "pause"]


def test_a_reset_is_asked_for_and_sends_everything_anew(root: Path) -> None:
    kumitate("control", "approve", SYNC, "--reason", "fine", "--project", str(root))
    assert answer("sync", SYNC, "--project", str(root))["delivered"] == 2
    before = contents(root)
    shown = kumitate("control", "reset", SYNC, "--dry-run", "--project", str(root))
    assert "2 accepted rows would be forgotten" in shown.stderr
    assert "people would get their messages a second time" in shown.stderr
    assert contents(root) == before
    asked = CliRunner().invoke(
        main, ["control", "reset", SYNC, "--reason", "again", "--project", str(root)], input="n\n"
    )
    assert asked.exit_code == 1
    assert contents(root) == before
    assert kumitate("control", "reset", SYNC, "--reason", "again", "--yes", "--project", str(root)).exit_code == 0
    assert answer("sync", SYNC, "--dry-run", "--project", str(root))["creates"] == 2
