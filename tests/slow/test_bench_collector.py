"""Events reach the lake once each, though their sender repeats itself, the collector is killed, and it throttles."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FLOW = Path(__file__).parents[2] / "bench/collector_flow.py"


@pytest.mark.slow
def test_every_event_arrives_once_whatever_happens_to_the_collector(tmp_path: Path) -> None:
    command = [sys.executable, str(FLOW), str(tmp_path), "20000", "2"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=280).stdout
    done = json.loads(said.splitlines()[-1])
    assert (done["lost"], done["doubled"], done["rows"]) == (0, 0, 20_000)
    assert (done["kills"], done["runs"]) == (2, 1)
    assert done["answers"]["cut"] > 0
    assert done["answers"]["429"] > 0
    assert done["answers"]["200"] > 200, "some batches were sent twice"
