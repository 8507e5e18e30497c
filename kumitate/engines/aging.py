"""Rows that are let go by their age: the files that hold some, and what else lies in these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
from pyiceberg.expressions.parser import parse
from pyiceberg.io.pyarrow import ArrowScan, schema_to_pyarrow
from pyiceberg.table import FileScanTask
from pyiceberg.table import Table as IcebergTable


@dataclass(frozen=True, slots=True)
class Age:
    """Rows are too old where the time in `column` is earlier than `before`; where there is none they stay."""

    column: str
    before: datetime

    @property
    def _moment(self) -> str:
        """The lake's times are UTC without saying so."""
        return self.before.astimezone(UTC).replace(tzinfo=None).isoformat()

    def files(self, table: IcebergTable) -> tuple[FileScanTask, ...]:
        """The files with a row that is too old, by their own statistics: nothing is read."""
        return tuple(table.scan(row_filter=f"{self.column} < '{self._moment}'").plan_files())

    def kept(self, table: IcebergTable, files: Sequence[FileScanTask]) -> Iterator[pa.RecordBatch]:
        """The rows of these files that stay, one file in memory at a time."""
        stays = parse(f"{self.column} >= '{self._moment}' or {self.column} is null")
        schema = schema_to_pyarrow(table.schema())
        scan = ArrowScan(table.metadata, table.io, table.schema(), stays)
        for file in files:
            yield from pa.RecordBatchReader.from_batches(schema, scan.to_record_batches([file])).cast(schema)
