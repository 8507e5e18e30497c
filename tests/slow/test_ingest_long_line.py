"""A line of 300 MB: quarantined by name, in bounded memory, and the rest of the file is read."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SIZE = 300 * 2**20
MOST_MEMORY_MB = 150

READ = """
import json, sys
from harness.reading import source
from kumitate.ingest.delivery import Delivery
from kumitate.ingest.reader import read
from peak import peak_mib

before = peak_mib()
found = source(format=sys.argv[2])
lines, rejections = [], []
with open(sys.argv[1], "rb") as stream:
    for portion in read(stream, Delivery("r000001-00001", "things", "x"), found, run_id="r000001"):
        lines += [] if portion.rows is None else portion.rows["_line"].to_pylist()
        rejections += [[r.line, r.reason, r.payload] for r in portion.rejections]
grown = peak_mib() - before
print(json.dumps({"lines": lines, "rejections": rejections, "grown_mb": grown}))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("format_", "before", "after"),
    [("csv", b"a,b\n1,2\n", b"3,4\n"), ("jsonl", b'{"z": 1}\n{"a": 1}\n', b'{"a": 2}\n')],
)
def test_a_line_of_300_mb_costs_one_row_and_little_memory(
    tmp_path: Path, format_: str, before: bytes, after: bytes
) -> None:
    path = tmp_path / "long"
    with path.open("wb") as file:
        file.write(before + b'"')
        for _ in range(SIZE // 2**20):
            file.write(b"x" * 2**20)
        file.write(b'"\n' + after)
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", READ, str(path), format_]
    done = subprocess.run(
        command,
        capture_output=True,
        check=True,
        text=True,
        env={"PYTHONPATH": f"{root}:{root / 'tests'}:{root / 'bench'}"},
    )
    found = json.loads(done.stdout)
    ((line, reason, payload),) = found["rejections"]
    assert (line, reason, json.loads(payload)["bytes"]) == (3, "row.too_long", SIZE + 2)
    assert found["lines"][-1] == 4
    assert found["grown_mb"] < MOST_MEMORY_MB
