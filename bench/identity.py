"""Who is who: how right, how fast, in how much memory, beside Splink alone in the same run.

`make bench-identity`, or `python bench/identity.py --quick` for a taste. Every measurement has a process of its own.
The seed of the synthetic persons is drawn anew by each run, unless given, and printed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from identity_measures import DATA, PARTS, generate
from peak import peak_mib

HERE = Path(__file__).parent
FULL, QUICK = (1_000_000, 100_000), (20_000, 10_000)

Figures = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One claim: what was wanted, what was got, and whether it holds."""

    what: str
    wanted: str
    got: str
    holds: bool | None

    def __str__(self) -> str:
        verdict = {True: "ok", False: "MISSED", None: "-"}[self.holds]
        return f"{self.what:<52} {self.wanted:<28} {self.got:<44} {verdict}"


def main() -> int:
    options = _options()
    if options.measure:
        figures = PARTS[options.measure](options.data)
        used = resource.getrusage(resource.RUSAGE_SELF)
        figures |= {"peak_gib": peak_mib() / 1024, "cpu": used.ru_utime + used.ru_stime}
        print("figures " + json.dumps(figures))
        return 0
    seed = options.seed if options.seed is not None else secrets.randbelow(1 << 31)
    million, tenth = QUICK if options.quick else FULL
    print(f"seed {seed}; {_machine()}", flush=True)
    with tempfile.TemporaryDirectory(dir=options.within) as folder:
        data = Path(folder)
        generate(data, seed=seed, million=million, tenth=tenth)
        missed = 0
        for row in rows(data, million=million, quick=options.quick):
            print(row, flush=True)
            missed += row.holds is False
    if options.quick:
        print("small tables: times mean nothing, and fixed costs weigh more than what is compared")
    return 1 if missed and not options.quick else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small tables: shows that it works, proves no speed")
    parser.add_argument("--seed", type=int, help="of the synthetic persons; drawn anew, unless given")
    parser.add_argument("--within", type=Path, help="where the tables are put meanwhile")
    parser.add_argument("--measure", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, default=HERE, help=argparse.SUPPRESS)
    return parser.parse_args()


def _machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pyarrow", "rapidfuzz", "splink", "duckdb"))
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, {packages}"


def measured(part: str, data: Path) -> Figures:
    """One part in a process of its own."""
    command = [sys.executable, str(HERE / "identity.py"), "--measure", part, "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = [line for line in done.stdout.splitlines() if line.startswith("figures ")]
    if done.returncode or not told:
        raise SystemExit(f"{part} failed:\n{done.stderr[-2000:]}")
    return dict(json.loads(told[-1].removeprefix("figures ")))


def rows(data: Path, *, million: int, quick: bool) -> Iterator[Row]:
    """Every claim, as soon as it is measured."""
    yield from _public_sets()
    yield from _synthetic(data, million)
    yield from _beside_splink(data, million)
    yield from _hubs(data)
    yield from _scale(quick=quick)
    ids = measured("same_ids", data / "plain.parquet")
    got = f"{ids['changed']:,} of {ids['records']:,}"
    yield Row("ids changed: unchanged data, rebuilt, shuffled", "0", got, ids["changed"] == 0)


def _public_sets() -> Iterator[Row]:
    for part, folder, least in (("febrl3", "er_febrl", 0.9995), ("fake_1000", "er_splink", 0.95)):
        what = f"{part}: pairwise F1, shipped defaults"
        if not (DATA / folder).is_dir():
            yield Row(what, f">= {least}", "the public data set is not there", None)
            continue
        found = measured(part, HERE)
        yield Row(what, f">= {least}", _quality(found), found["f1"] >= least)


def _synthetic(data: Path, million: int) -> Iterator[Row]:
    found = measured("whole", data / "delivered.parquet")
    what = f"{million:,} delivered records to persons, no model"
    yield Row(what, "<= 40 s", f"{_spent(found)}, {_steps(found)}", found["seconds"] <= 40)
    yield Row(f"{million:,} without a model: quality", "-", _quality(found), None)
    found = measured("whole_with_model", data / "delivered.parquet")
    yield Row(f"{million:,} with a model learned on the way", "-", f"{_spent(found)}, {_steps(found)}", None)
    holds = found["f1"] >= 0.99 and found["precision"] >= 0.995
    yield Row("synthetic, unseen seed: F1 / precision", ">= .990 / >= .995", _quality(found), holds)


def _beside_splink(data: Path, million: int) -> Iterator[Row]:
    ours, peer = (measured(part, data / "cleansed.parquet") for part in ("model_alone", "splink_alone"))
    what = f"{million:,} cleansed: learn, block, score, cluster"
    got = f"{_spent(ours)}, F1 {ours['f1']:.4f}"
    yield Row(what, f"<= {peer['seconds']:.1f} s (Splink), 2 GiB", got, _no_slower(ours, peer))
    got = f"{_spent(peer)}, F1 {peer['f1']:.4f} at its best threshold"
    yield Row("Splink 5 alone, same table, same run", "-", got, None)


def _no_slower(ours: Figures, peer: Figures) -> bool:
    return bool(ours["seconds"] <= peer["seconds"] and ours["peak_gib"] <= 2)


def _hubs(data: Path) -> Iterator[Row]:
    plain, hubs = (measured("whole_with_model", data / f"{name}.parquet") for name in ("plain", "hubs"))
    lost = plain["f1"] - hubs["f1"]
    got = f"loss {lost:.4f}, largest {hubs['largest']} ({_quality(hubs)})"
    holds = lost <= 0.005 and hubs["largest"] <= 50
    yield Row("20 tablets on 5,000 + a call centre on 2,000 records", "loss <= .005, largest <= 50", got, holds)


def _scale(*, quick: bool) -> Iterator[Row]:
    """Keys to persons, by the benchmark of the graph itself."""
    sizes = ((20_000, 5, 1),) if quick else ((1_000_000, 5, 1), (10_000_000, 60, 6))
    for count, seconds, gib in sizes:
        found = _graph("full", count)
        spent, memory = found["resolve_s"] + found["ids_s"], found["peak_mb"] / 1024
        got = f"{spent:.1f} s, {memory:.2f} GiB"
        holds = spent <= seconds and memory <= gib
        yield Row(f"{count:,} records, keys to persons", f"<= {seconds} s, {gib} GiB", got, holds)
    found = _graph("new", sizes[0][0])
    got = f"{found['resolve_s']:.2f} s, {found['with_ids_and_events_s']:.2f} s; as a full run: {found['equals_full']}"
    holds = found["resolve_s"] <= 1 and found["with_ids_and_events_s"] <= 2 and found["equals_full"]
    yield Row(f"10,000 new on {sizes[0][0]:,}", "<= 1 s, <= 2 s with ids", got, holds)


def _graph(part: str, count: int) -> Figures:
    command = [sys.executable, str(HERE / "identity_scale.py"), "--part", part, str(count)]
    return dict(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def _quality(found: Figures) -> str:
    return f"{found['f1']:.4f} / {found['precision']:.4f}, recall {found['recall']:.4f}"


def _spent(found: Figures) -> str:
    """Seconds by the clock; processor time is that of the whole process, with what it read and imported."""
    return f"{found['seconds']:.1f} s ({found['cpu']:.0f} s CPU), {found['peak_gib']:.2f} GiB"


def _steps(found: Figures) -> str:
    return ", ".join(f"{step} {seconds:.1f}" for step, seconds in found["steps"].items() if seconds >= 0.05)


if __name__ == "__main__":
    sys.exit(main())
