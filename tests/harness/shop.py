"""The example shop with little data: all of its SQL, a run in seconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

from harness.projects import copy_of

SHOP = Path(__file__).parents[2] / "examples" / "shop"
_LINES, _ORDERS = 600, 20_000


def shop_cut_short(to: Path) -> Path:
    """The shop in `to` with the first rows of each file."""
    root = copy_of(SHOP, to)
    generated = root / "data" / "generated"
    subprocess.run([sys.executable, str(SHOP / "generate.py"), "--out", str(generated)], check=True)
    for path in generated.iterdir():
        if path.suffix in (".csv", ".jsonl"):
            path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:_LINES]))
    orders = root / "data" / "orders.parquet"
    pq.write_table(pq.read_table(orders).slice(0, _ORDERS), orders)
    return root
