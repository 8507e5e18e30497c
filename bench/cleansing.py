"""Whole columns cleansed by kernels against two loops over rows, in one run; then the scores on public cases.

One loop calls the same rules for every row and gives the same: values and reasons. The lean one (`cleansing_naive.py`)
has only the rules that this table needs, and gives values alone.

`make bench-cleansing`, or `python bench/cleansing.py --small` for a taste.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import phonenumbers
import pyarrow as pa
from cleansing_data import COLUMNS, rows, rule
from cleansing_naive import NAIVE
from cleansing_scores import scores

from kumitate.cleanse.addresses.plain_notations import KNOWN_HEADS
from kumitate.cleanse.rules import column_cleanser, way_of
from kumitate.config.source import Semantic
from kumitate.model.table import Column

FULL, SMALL = 1_000_000, 40_000
NAIVE_SHARE = 20
"""A loop takes as long for every row: it is timed over one row in twenty."""
BATCH = 65_536
TARGET = 15


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one column: CPU seconds per million rows of each way, the share of distinct values, and of equal results."""

    kernels: float
    same_rules: float
    lean: float
    distinct: float
    equal: float


def main() -> int:
    options = _options()
    count = SMALL if options.small else FULL
    repeats = 1 if options.small else options.repeats
    print(f"{count:,} rows in batches of {BATCH:,}; {_machine()}")
    table = rows(count)
    figures = {name: measured(name, column, repeats) for name, column in table.items()}
    ratio = report(figures, repeats)
    print()
    scores()
    _addresses()
    if options.small:
        print("a taste: the verdict means nothing")
        return 0
    return 0 if ratio >= TARGET else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a twenty-fifth of the rows, once; figures prove nothing")
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


def measured(name: str, column: pa.Array, repeats: int) -> Figures:
    """Medians; both ways make Arrow columns of the same type out of the same Arrow columns."""
    cleanse, lean = column_cleanser(rule(name)), NAIVE[name]
    type_ = Column("value", COLUMNS[name][0].type).arrow.type
    fewer = column.slice(0, len(column) // NAIVE_SHARE)

    def by_kernels() -> list[pa.Array]:
        return [cleanse(column.slice(start, BATCH)).values for start in range(0, len(column), BATCH)]

    def by_same_rules() -> list[pa.Array]:
        reading = way_of(rule(name)).reading
        found = [reading(value) for value in fewer.to_pylist()]
        reasons = pa.array([" ".join(each.codes) or None for each in found], pa.string())
        return [pa.array([each.value for each in found], type_), reasons]

    def by_lean_rules() -> list[pa.Array]:
        return [pa.array([lean(value) for value in fewer.to_pylist()], type_)]

    print(name, file=sys.stderr)
    kernels = [_timed(by_kernels, len(column), before=KNOWN_HEADS.forget) for _ in range(repeats)]
    leans = [_timed(by_lean_rules, len(fewer)) for _ in range(repeats)]
    # Postal codes and addresses have rules for columns only: there the lean loop stands for both.
    has_reader = COLUMNS[name][0] not in (Semantic.POSTAL_CODE, Semantic.ADDRESS)
    loops = [_timed(by_same_rules, len(fewer)) for _ in range(repeats)] if has_reader else leans
    seconds = (statistics.median(runs) for runs in (kernels, loops, leans))
    equal = _equal(pa.chunked_array(by_kernels()).slice(0, len(fewer)), by_lean_rules()[0])
    return Figures(*seconds, len(column.unique()) / len(column), equal)


def _equal(column: pa.ChunkedArray, other: pa.Array) -> float:
    pairs = zip(column.to_pylist(), other.to_pylist(), strict=True)
    return sum(one == another for one, another in pairs) / len(other)


def _timed(work: Callable[[], object], count: int, *, before: Callable[[], object] = gc.collect) -> float:
    """CPU seconds for a million rows, of this process with all its threads; `before` is not counted."""
    before()
    gc.collect()
    started = time.process_time()
    work()
    return (time.process_time() - started) / count * 1_000_000


def report(figures: dict[str, Figures], repeats: int) -> float:
    """Print what came out; return how many times as fast as a loop with the same rules the whole table is cleansed."""
    print(f"{'column':13}{'semantic':13}{'distinct':>9}{'rows/s':>13}{'same rules':>19}{'lean loop':>19}{'equal':>9}")
    for name, found in figures.items():
        loops = (f"{1e6 / loop:>11,.0f}{loop / found.kernels:>7.1f}×" for loop in (found.same_rules, found.lean))
        start = f"{name:13}{COLUMNS[name][0]:13}{found.distinct:>9.1%}{1e6 / found.kernels:>13,.0f}"
        print(f"{start}{''.join(loops)}{found.equal:>9.2%}")
    ratio = _ratio(figures, "same_rules")
    verdict = "reached" if ratio >= TARGET else "MISSED"
    print(f"the whole table against a loop with the same rules: {ratio:.1f}× (target ≥ {TARGET}: {verdict})")
    print(f"  against the lean loop: {_ratio(figures, 'lean'):.1f}×")
    for left_out in (("address",), ("phone",), ("address", "phone")):
        rest = {name: found for name, found in figures.items() if name not in left_out}
        ratios = " and ".join(f"{_ratio(rest, loop):.1f}×" for loop in ("same_rules", "lean"))
        print(f"  without {' and '.join(left_out)}: {ratios}")
    print(f"CPU time, medians of {repeats}; the same rules give value and reasons, the lean loop values alone")
    return ratio


def _ratio(figures: dict[str, Figures], loop: str) -> float:
    return sum(getattr(found, loop) for found in figures.values()) / sum(found.kernels for found in figures.values())


def _addresses() -> None:
    """The scores of addresses, which have a measurement of their own."""
    if importlib.util.find_spec("cleansing_addresses") is not None:
        module = importlib.import_module("cleansing_addresses")
        print()
        sys.argv = sys.argv[:1]
        module.main()


def _machine() -> str:
    load = ", ".join(f"{number:.1f}" for number in os.getloadavg())
    versions = f"Python {platform.python_version()}, pyarrow {pa.__version__}, phonenumbers {phonenumbers.__version__}"
    return f"{platform.machine()}, {os.cpu_count()} cores, load {load}; {versions}"


if __name__ == "__main__":
    sys.exit(main())
