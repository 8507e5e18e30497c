"""The lake as a reader wants it: tables of no run yet are empty, and some hold other rows than those committed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from kumitate.config.project import Config
from kumitate.model.step import BatchStep, Mode, Query, QueryStep
from kumitate.model.table import Table
from kumitate.pipeline import all_tables
from kumitate.ports import Engine, LakeReader, Scan


@dataclass(slots=True)
class Overlay:
    """A lake reader over another; the rows given to `put` lie in `folder`, the lake is never written."""

    lake: LakeReader
    declared: Mapping[str, Table]
    folder: Path
    _own: dict[str, Scan] = field(default_factory=dict)

    def scan(self, table: str) -> Scan:
        if table in self._own:
            return self._own[table]
        if table in self.declared and table not in self.lake.tables():
            return Scan(self.declared[table].schema, (), {})
        return self.lake.scan(table)

    def tables(self) -> tuple[str, ...]:
        return tuple(sorted({*self.lake.tables(), *self.declared, *self._own}))

    def put(self, table: Table, batches: Iterable[pa.RecordBatch]) -> None:
        """Rows of `table` from now on; they may be made of the rows it had."""
        path = self.folder / f"{table}.{len(list(self.folder.iterdir()))}.parquet"
        with pq.ParquetWriter(path, table.schema) as writer:
            for batch in batches:
                writer.write_batch(batch.cast(table.schema))
        self._own[str(table)] = Scan(table.schema, (str(path),), {})

    def carry_out(self, step: QueryStep | BatchStep, engine: Engine) -> None:
        """The step's rows in its table, or after those that it has; `engine` reads this overlay."""
        made = (
            engine.apply(step.query, step.function, step.table.schema)
            if isinstance(step, BatchStep)
            else engine.rows(step.query)
        )
        self.put(step.table, chain(self._rows(step.table, engine), made) if step.mode is Mode.APPEND else made)

    def _rows(self, table: Table, engine: Engine) -> Iterator[pa.RecordBatch]:
        names = ", ".join(column.name for column in table.columns)
        return engine.rows(Query("rows", f"select {names} from {table}"))


def declared_tables(config: Config) -> dict[str, Table]:
    """Every table of the project, whether it was written or not."""
    return {str(table): table for table in all_tables(config)}
