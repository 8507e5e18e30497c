"""The benchmark of segments still runs, and its ways still agree."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench/segments.py"


@pytest.mark.slow
def test_the_small_benchmark_runs_and_its_ways_agree(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCH), "--small", "--within", str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "the ways agree" in done.stdout
    assert "memory of scan and masks" in done.stdout
