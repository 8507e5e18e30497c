"""A lake in a dictionary: rows by table, and the marks of who wrote them."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from kumitate.model.table import Table
from kumitate.ports import Mark


class FakeLake:
    """Writes rows as dictionaries; `die_before` is the table whose write fails, as if the run were killed."""

    def __init__(self, die_before: str = "") -> None:
        self.rows: dict[str, list[dict[str, object]]] = {}
        self.marks: dict[tuple[str, str], str] = {}
        self.die_before = die_before

    def prepare(self, tables: Iterable[Table]) -> None:
        """Nothing to make."""

    def write(self, table: Table, batches: Iterable[pa.RecordBatch], mark: Mark) -> int:
        if str(table) == self.die_before:
            raise InterruptedError(str(table))
        rows = [row for batch in batches for row in batch.to_pylist()]
        self.rows.setdefault(str(table), []).extend(rows)
        self.marks[str(table), mark.step] = mark.run_id
        return len(rows)

    def done_by(self, table: Table, step: str) -> str:
        marks = (run for (name, each), run in self.marks.items() if name == str(table) and step in ("", each))
        return max(marks, default="")


class Answers:
    """An engine that answers every query with the same rows."""

    def __init__(self, rows: list[dict[str, object]]) -> None:
        self._rows = rows

    def rows(self, _query: object) -> Iterator[pa.RecordBatch]:
        if self._rows:
            yield pa.RecordBatch.from_pylist(self._rows)
