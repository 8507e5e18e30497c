"""Whoever reads a lake makes none of a folder that is something else."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.projects import BAKERY
from kumitate.cli.main import main


@pytest.mark.parametrize("words", [("status",), ("query", "select 1 as one"), ("links",), ("segment", "fideles")])
def test_a_folder_that_is_no_lake_stays_as_it_is(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "clients.csv").write_text("numero\n1\n")
    result = CliRunner().invoke(main, [*words, "--project", str(BAKERY), "--lake", str(tmp_path)])
    assert result.exit_code == 1
    assert f"{tmp_path}: no run has left a lake there" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["clients.csv"]
