"""What a project's folder holds is for its owner alone."""

import os
from pathlib import Path

from harness.projects import BAKERY, copy_of
from kumitate.execution.workspace import open_workspace


def test_nobody_else_reads_what_lies_in_the_lakes_folder(tmp_path: Path) -> None:
    root = copy_of(BAKERY, tmp_path / "boulangerie")
    before = os.umask(0o022)
    try:
        with open_workspace(root) as workspace:
            mode = workspace.folder.stat().st_mode
    finally:
        os.umask(before)
    assert mode & 0o077 == 0
