"""One compiled scan against a query per segment, and masks against long rows: CPU, bytes, memory, in one run.

`make bench-segments`, or `python bench/segments.py --small` for a taste. Each measurement has a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from peak import peak_mib
from segment_cost import bytes_read
from segment_data import generate, generate_states, project
from segment_ways import WAYS, statements

MIB = 1 << 20
MEMORY_MIB = 4096
FULL, SMALL = (1_000_000, 20_000_000), (20_000, 400_000)

Figures = dict[str, Any]


def main() -> int:
    options = _options()
    if options.measure:
        print(json.dumps(measured(options.measure, options.data)))
        return 0
    profiles, events = SMALL if options.small else FULL
    with tempfile.TemporaryDirectory(dir=options.within) as folder:
        started = time.perf_counter()
        data = Path(folder)
        generate(data, profiles=profiles, events=events)
        repeats = 1 if options.small else options.repeats
        figures = {name: repeated(name, data, repeats) for name in ("one", "hundred")}
        generate_states(data, project())
        figures |= {name: repeated(name, data, repeats) for name in ("masks", "rows")}
        costs = {name: bytes_read(name, data) for name in ("one", "hundred")}
        print(f"{profiles:,} profiles, {events:,} events, {len(project().segments)} segments; {_machine()}")
        missed = report(figures, costs)
        print(f"{time.perf_counter() - started:.0f} s in all; medians of {repeats}; see bench/README.md")
        if options.small:
            print("a fiftieth of the data: fixed costs weigh more than what is compared, the verdicts mean nothing")
    return 1 if missed and not options.small else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a fiftieth of the data, once; figures prove nothing")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--within", type=Path, help="where to make the data, about 1 GB; a temporary folder by default")
    parser.add_argument("--measure", choices=sorted(WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def measured(name: str, data: Path) -> Figures:
    """CPU of this process with all its threads, its time, and the most memory it held; then what it answered."""
    queries = statements(name)
    before, started = _cpu_seconds(), time.perf_counter()
    result = WAYS[name].run(data, queries)
    seconds, cpu = time.perf_counter() - started, _cpu_seconds() - before
    peak = peak_mib()
    return {"cpu": cpu, "seconds": seconds, "peak": peak, "answer": WAYS[name].answer(result, data)}


def repeated(name: str, data: Path, repeats: int) -> Figures:
    """Medians over processes; all of them must have answered the same."""
    command = [sys.executable, __file__, "--measure", name, "--data", str(data)]
    runs = []
    for number in range(repeats):
        print(f"{WAYS[name].title} ({number + 1} of {repeats})", file=sys.stderr)
        runs.append(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout))
    if any(run["answer"] != runs[0]["answer"] for run in runs):
        raise SystemExit(f"{name}: not the same answer twice")
    medians = {figure: statistics.median(run[figure] for run in runs) for figure in ("cpu", "seconds")}
    return medians | {"peak": max(run["peak"] for run in runs), "answer": runs[0]["answer"]}


def report(figures: dict[str, Figures], costs: dict[str, int]) -> list[str]:
    """Print what came out; return what misses its target."""
    for one, other in (("one", "hundred"), ("masks", "rows")):
        if figures[one]["answer"] != figures[other]["answer"]:
            raise SystemExit(f"{WAYS[one].title} and {WAYS[other].title} do not answer the same")
    for name, found in figures.items():
        spent = f"{found['cpu']:8.2f} cpu-s {found['seconds']:8.2f} s {found['peak']:6.0f} MiB at most"
        print(f"  {WAYS[name].title:42}{spent}" + (f"  {costs[name] / MIB:8.0f} MiB read" if name in costs else ""))
    print(
        f"  the ways agree: {sum(figures['one']['answer']):,} memberships, {sum(figures['masks']['answer']):,} changes"
    )
    verdicts = dict(_verdicts(figures, costs))
    for line, reached in verdicts.items():
        print(f"  {line}: {'reached' if reached else 'MISSED'}")
    return [line for line, reached in verdicts.items() if not reached]


def _verdicts(figures: dict[str, Figures], costs: dict[str, int]) -> Iterator[tuple[str, bool]]:
    ratios = {
        "CPU, queries over scan": (figures["hundred"]["cpu"] / figures["one"]["cpu"], 2),
        "bytes, queries over scan": (costs["hundred"] / costs["one"], 12),
        "CPU, long rows over masks": (figures["rows"]["cpu"] / figures["masks"]["cpu"], 15),
    }
    for name, (ratio, target) in ratios.items():
        yield f"{name:28}{ratio:7.1f} ×   (target ≥ {target})", ratio >= target
    peak = max(figures["one"]["peak"], figures["masks"]["peak"])
    yield f"{'memory of scan and masks':28}{peak:7.0f} MiB (target ≤ {MEMORY_MIB})", peak <= MEMORY_MIB


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _machine() -> str:
    load = ", ".join(f"{number:.1f}" for number in os.getloadavg())
    versions = f"Python {platform.python_version()}, DuckDB {duckdb.__version__}, sqlglot {sqlglot.__version__}"
    return f"{platform.machine()}, {os.cpu_count()} cores, load {load}; {versions}"


if __name__ == "__main__":
    sys.exit(main())
