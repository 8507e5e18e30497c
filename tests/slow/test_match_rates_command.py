"""`kumitate sync NAME --match-rates` says which requests a platform failed afterwards, until the sync is reset."""

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


def test_a_failed_request_is_told_with_its_remedy_until_the_sync_is_reset(tmp_path: Path) -> None:
    root = copy_of(BAKERY, tmp_path / "boulangerie")
    run(root)
    told = {"run_id": "r000001", "at": datetime(2026, 3, 1), "sync": "alerte_fideles", "receipt": "q"}
    row = told | {"name": "failed", "value": 1.0}
    with open_workspace(root) as workspace:
        batch = pa.RecordBatch.from_pylist([row], schema=PLATFORM_FIGURES.schema)
        workspace.lake.write(PLATFORM_FIGURES, [batch], Mark(Mode.APPEND, "figures.alerte_fideles", "r000001"))
    asked = ("sync", "alerte_fideles", "--match-rates", "--project", str(root))
    assert "`kumitate control reset alerte_fideles --reason …`" in said(*asked)
    said("control", "reset", "alerte_fideles", "--reason", "a test", "--yes", "--project", str(root))
    assert "control reset" not in said(*asked)
