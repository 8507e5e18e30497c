"""What tests of every engine share: a lake without tables, rows as tuples, and functions that workers can load."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kumitate.ports import Scan


class NoTables:
    """A lake with nothing in it: parity cases bring their rows."""

    def scan(self, table: str) -> Scan:
        raise AssertionError(f"{table} is not asked for")

    def tables(self) -> tuple[str, ...]:
        return ()


def tuples(batches: Iterable[pa.RecordBatch]) -> list[tuple[Any, ...]]:
    """Rows in the order they come."""
    table = pa.Table.from_batches(batches)
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def types_of(rows: list[tuple[Any, ...]]) -> list[list[type]]:
    """A float that should be an integer is a difference, too."""
    return [[type(value) for value in row] for row in rows]


def failing(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch function that stumbles, and quotes a row."""
    raise ValueError(batch.column("order_id")[0].as_py())


def doubled(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch function: `quantity` twice as much."""
    quantity = pc.multiply(batch.column("quantity"), 2)
    return pa.record_batch({"order_id": batch.column("order_id"), "quantity": quantity})
