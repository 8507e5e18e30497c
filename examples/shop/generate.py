"""Makes the example's synthetic files around the real orders: `python examples/shop/generate.py --scale 1`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from shopdata.world import Assignment, make

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE / "data" / "generated", help="folder to write as a whole")
    parser.add_argument("--scale", type=int, default=1, choices=range(1, 101), metavar="1..100", help="copies of all")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    make(Assignment(HERE / "data", given.out, given.scale, given.seed), print_line)


def print_line(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
