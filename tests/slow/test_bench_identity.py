"""The identity benchmark runs on small tables, and the persons it makes are the same for the same seed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
NAMES = Path(os.environ.get("KUMITATE_ORACLES", Path(__file__).parents[3] / "shared/data")) / "jp_names"
"""Where the benchmark looks for lists of names; without them it has a short one of its own."""
pytestmark = pytest.mark.slow


def _made(folder: Path, *, seed: int) -> bytes:
    target = folder / "persons.parquet"
    command = [sys.executable, str(BENCH / "identity_data.py"), "--records", "5000", "--seed", str(seed)]
    subprocess.run([*command, "--delivered", "--hubs", "--to", str(target)], check=True, capture_output=True)
    return target.read_bytes()


def test_the_same_seed_makes_the_same_persons(tmp_path: Path) -> None:
    assert _made(tmp_path, seed=1) == _made(tmp_path, seed=1)
    assert _made(tmp_path, seed=1) != _made(tmp_path, seed=2)


def test_small_tables_give_every_figure(tmp_path: Path) -> None:
    pytest.importorskip("splink", reason="needs the extra `probabilistic`")
    command = [sys.executable, str(BENCH / "identity.py"), "--quick", "--seed", "4", "--within", str(tmp_path)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=280).stdout
    assert "seed 4" in said
    for what in ("delivered records to persons", "Splink 5 alone", "keys to persons", "new on"):
        assert what in said
    shuffled = next(line for line in said.splitlines() if line.startswith("ids changed"))
    assert shuffled.endswith("ok")
    if not NAMES.is_dir():
        pytest.skip(f"the lists of names are not in {NAMES.name} beside the project: few names make many namesakes")
    quality = next(line for line in said.splitlines() if line.startswith("synthetic, unseen seed"))
    assert quality.endswith("ok")
