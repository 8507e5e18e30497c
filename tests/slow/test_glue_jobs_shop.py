"""The example shop's whole SQL in the Glue jobs: every table up to activation has the laptop's rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.glue import ROOT, GlueAccount
from harness.ministack import PYTHON, ministack
from harness.projects import copy_of, everything, run
from harness.shop import shop_cut_short
from kumitate.pipeline import STAGES
from tools.jars import is_possible

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not is_possible(), reason="build/jars is empty and Maven is not installed"),
    pytest.mark.skipif(not PYTHON.exists(), reason="the emulator is not installed; `make build` does it"),
]


def test_the_shop_has_the_laptops_rows_in_every_table_before_delivery(tmp_path: Path) -> None:
    root = shop_cut_short(tmp_path / "project")
    laptop = copy_of(root, tmp_path / "laptop")
    as_of = run(laptop, until="activation").as_of
    expected = everything(laptop)
    stages = [stage.name for stage in STAGES if stage.name != "delivery"]
    with ministack(tmp_path) as url:
        account = GlueAccount(url, root)
        account.place()
        script = ROOT / "tests" / "harness" / "glue_stages.py"
        job = account.submit(script, "ingest", run_id="r000001", as_of=as_of, more=("--stages", ",".join(stages)))
        assert job.code == 0, job.last_words
        found = account.rows()
    assert found.keys() == expected.keys()
    assert [table for table in expected if found[table] != expected[table]] == []
    assert sum(map(len, found.values())) > 100_000
