"""The collector measured: what one core takes in, what a function costs to start, whether a million events arrive once.

`make bench-collector`, or `python bench/collector.py --small` for a taste. Each part has a process of its own; the
clients of the flow are another one, and what arrived is counted in the lake.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from collector_flow import Flow, flow

TARGET_IMPORT_MS = 300
_HERE = Path(__file__).parent
_ROOT = _HERE.parent
_PARTS = {
    "a batch parsed, validated and routed in one process": "collector_core.py",
    "triggers decided in one process": "collector_triggers.py",
}
_FUNCTIONS = ("functions.collector.handler", "functions.processor.handler")
_IMPORT = "import time; began = time.process_time(); import {0}; print((time.process_time() - began) * 1000)"
_SHOWN = ("uvicorn", "h11", "jsonschema-rs", "pyarrow", "pyiceberg")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--small", action="store_true", help="20,000 events instead of a million")
    options.add_argument("--within", type=Path, help="a folder for the lake, instead of a temporary one")
    asked = options.parse_args()
    print(_machine())
    missed = [name for name, script in _PARTS.items() if not _part(name, script, small=asked.small)]
    missed += [name for name in _FUNCTIONS if not _import(name)]
    events, kills, runs = (20_000, 2, 1) if asked.small else (1_000_000, 6, 2)
    with tempfile.TemporaryDirectory(dir=asked.within) as folder:
        done = flow(Path(folder), events, kills=kills, runs=runs)
    missed += [] if _told(done) else ["the flow"]
    print(f"targets missed: {'; '.join(missed) or 'none'}")
    return int(bool(missed))


def _machine() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in _SHOWN)
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {platform.machine()}, Python {platform.python_version()}, {versions}"


def _part(name: str, script: str, *, small: bool) -> bool:
    """Each says itself what it measures, how, and what it has to reach; it ends with 1 where that is missed."""
    print(f"\n== {name}", flush=True)
    command = [sys.executable, str(_HERE / script), *(["--small"] if small else [])]
    return subprocess.run(command, cwd=_ROOT, check=False).returncode == 0


def _import(module: str) -> bool:
    """CPU time of the import in a new interpreter, the median of five."""
    print(f"\n== {module} imported", flush=True)
    command = [sys.executable, "-c", _IMPORT.format(module)]
    taken = [
        float(subprocess.run(command, cwd=_ROOT, check=True, capture_output=True, text=True).stdout) for _ in range(5)
    ]
    spent = statistics.median(taken)
    five = ", ".join(f"{each:.0f}" for each in sorted(taken))
    print(f"{spent:.0f} ms CPU (target: at most {TARGET_IMPORT_MS}); of five: {five}")
    return spent <= TARGET_IMPORT_MS


def _told(done: Flow) -> bool:
    print(f"\n== {done.events:,} events through a collector into the lake")
    answers = ", ".join(f"{what}: {number:,}" for what, number in sorted(done.answers.items()) if what != "batches")
    print(f"killed {done.kills} times; {done.runs} runs of the pipeline meanwhile; answers {answers}")
    print(
        f"acknowledged after {done.seconds:.0f} s ({done.events / done.seconds:,.0f} a second, limited by the slow key)"
    )
    print(f"the last run's ingest: {done.ingest_seconds:.1f} s; rows in the lake {done.rows:,}")
    print(f"lost {done.lost} (target: 0), doubled {done.doubled} (target: 0)")
    was_hard = min(done.answers.get("cut", 0), done.answers.get("429", 0), done.kills) > 0
    if not was_hard:
        print("not proven: no call was cut off, or none was throttled")
    return was_hard and done.lost == done.doubled == 0


if __name__ == "__main__":
    sys.exit(main())
