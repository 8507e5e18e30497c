"""A sync of a million changes planned, from candidates to counts with every gate: seconds and memory, in one run.

`make bench-activation`, or `python bench/activation.py --small` for a taste. The lake is made by the benchmark; each
sync is planned in a process of its own, over Iceberg tables, as a run on a laptop does it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from activation_data import RUN, SYNCS, make, project
from peak import peak_mib

from kumitate.activation.stage import sync_steps
from kumitate.activation.tables import SYNC_COUNTS, changes_table
from kumitate.engines.duckdb import DuckDBEngine
from kumitate.engines.local_lake import open_local_lake
from kumitate.execution.steps import EngineWorker
from kumitate.model.step import Query
from kumitate.pipeline import step_name
from kumitate.ports import Mark

SECONDS, MEMORY_MIB = 10.0, 1024.0
FULL, SMALL = 1_000_000, 20_000


def main() -> int:
    options = _options()
    if options.measure:
        print(json.dumps(measured(options.measure, options.data)))
        return 0
    if options.make:
        make(options.data, options.make)
        return 0
    changes = SMALL if options.small else FULL
    with tempfile.TemporaryDirectory(dir=options.within) as folder:
        _child("--make", str(changes), "--data", folder)
        figures = {sync: repeated(sync, folder, 1 if options.small else options.repeats) for sync in SYNCS}
        print(f"{changes:,} changes a sync; {_machine()}")
        missed = report(figures, options.repeats)
    return 1 if missed and not options.small else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a fiftieth of the people, once; figures prove nothing")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--within", type=Path, help="where the lake is made (about 1 GB)")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--make", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _child(*arguments: str) -> str:
    command = [sys.executable, __file__, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def repeated(sync: str, folder: str, repeats: int) -> dict[str, Any]:
    """Medians of seconds, the worst of memory; what was planned must be the same each time."""
    runs = [json.loads(_child("--measure", sync, "--data", folder)) for _ in range(repeats)]
    assert all(run["outcomes"] == runs[0]["outcomes"] for run in runs)
    medians = {name: statistics.median(run[name] for run in runs) for name in ("seconds", "cpu_seconds")}
    by_step = {name: statistics.median(run["steps"][name] for run in runs) for name in runs[0]["steps"]}
    worst = max(run["mib"] for run in runs)
    return {**runs[0], **medians, "steps": by_step, "mib": worst}


def measured(sync: str, folder: Path) -> dict[str, Any]:
    """One sync planned: wall and processor seconds of its steps, the most memory the process ever held."""
    lake = open_local_lake(folder)
    engine = DuckDBEngine(lake, temp_directory=folder / "tmp", memory_limit="350MB")
    worker, names = EngineWorker(engine, lake), [*SYNCS]
    steps: dict[str, float] = {}
    cpu, started = time.process_time(), time.perf_counter()
    for step in sync_steps(project(), RUN, sync, planned=names[: names.index(sync)]):
        before = time.perf_counter()
        worker.carry_out(step, Mark(step.mode, f"{step_name(step)}#{time.time_ns()}", RUN.id))
        steps[step.query.name] = time.perf_counter() - before
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    mib = peak_mib()
    counted = f"select outcome, max(rows) as rows from {SYNC_COUNTS} where sync = '{sync}' group by outcome"
    outcomes = {row["outcome"]: row["rows"] for row in _rows(engine, counted)}
    changes = _rows(engine, f"select count(*) as rows from {changes_table(sync)}")[0]["rows"]
    engine.close()
    figures = {"seconds": seconds, "cpu_seconds": cpu_seconds, "mib": mib}
    return {"steps": steps, "outcomes": outcomes, "changes": changes, **figures}


def _rows(engine: DuckDBEngine, sql: str) -> list[dict[str, Any]]:
    return [row for batch in engine.rows(Query("counted", sql)) for row in batch.to_pylist()]


def report(figures: dict[str, dict[str, Any]], repeats: int) -> bool:
    """Prints what was found; whether a target was missed."""
    missed = False
    for sync, found in figures.items():
        is_met = found["seconds"] <= SECONDS and found["mib"] <= MEMORY_MIB
        missed |= not is_met
        print(
            f"\n{sync} ({project().syncs[sync].mode}): {found['changes']:,} changes in {found['seconds']:.1f} s"
            f" (processor {found['cpu_seconds']:.1f} s), at most {found['mib']:.0f} MiB:"
            f" {'met' if is_met else 'MISSED'} ({SECONDS:.0f} s, {MEMORY_MIB:.0f} MiB)"
        )
        print("  " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in found["steps"].items()))
        print("  " + ", ".join(f"{outcome} {rows:,}" for outcome, rows in sorted(found["outcomes"].items())))
    print(f"\nmedians of {repeats}; see bench/README.md")
    return missed


def _machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "pyarrow", "pyiceberg"))
    return f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}, {packages}"


if __name__ == "__main__":
    sys.exit(main())
