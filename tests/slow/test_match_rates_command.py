"""`kumitate sync NAME --match-rates` says which requests a platform failed afterwards, as the newest run was told."""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from harness.projects import BAKERY, copy_of, run
from kumitate.activation.tables import PLATFORM_FIGURES
from kumitate.cli.main import main
from kumitate.execution.workspace import open_workspace
from kumitate.model.step import Mode
from kumitate.ports import Mark

pytestmark = pytest.mark.slow


def said(*words: str) -> str:
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_failed_request_is_told_until_a_newer_run_has_other_news(tmp_path: Path) -> None:
    root = copy_of(BAKERY, tmp_path / "boulangerie")
    run(root)
    asked = ("sync", "alerte_fideles", "--match-rates", "--project", str(root))
    for number, value in ((1, 1.0), (2, 0.0)):
        run_id = f"r{number:06d}"
        told = {"run_id": run_id, "at": datetime(2026, 3, number), "sync": "alerte_fideles", "receipt": f"q{number}"}
        row = told | {"name": "failed", "value": value}
        with open_workspace(root) as workspace:
            batch = pa.RecordBatch.from_pylist([row], schema=PLATFORM_FIGURES.schema)
            workspace.lake.write(PLATFORM_FIGURES, [batch], Mark(Mode.APPEND, "figures.alerte_fideles", run_id))
        assert ("the next run sends the rows again by itself" in said(*asked)) is (value > 0)
