"""Ingest: a source's deliveries of this run go from the raw area into raw table, quarantine and register."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from tempfile import SpooledTemporaryFile
from typing import IO, cast

import pyarrow as pa

from kumitate.config.source import Source
from kumitate.ingest.delivery import Delivery
from kumitate.ingest.portion import Portion, quarantine_batch
from kumitate.ingest.reader import read
from kumitate.ingest.tables import DELIVERIES, QUARANTINE
from kumitate.model.step import IngestStep, Mode, Run
from kumitate.model.table import Table
from kumitate.ports import LakeWriter, Mark, RawArea

_SPOOL_BYTES = 16 * 2**20


def ingest(
    step: IngestStep, deliveries: Iterable[Delivery], *, source: Source, writer: LakeWriter, raw_area: RawArea, run: Run
) -> int:
    """Write what this run's deliveries of the step's source hold; the number of raw rows written.

    Three tables, each with its own mark, the register of deliveries last. A stored file reads the same every time,
    so a run that was killed between two of them reads again and writes only what is missing.
    """
    own = tuple(delivery for delivery in deliveries if delivery.source == step.source)
    commit = _Commit(step.source, writer, run)
    if not own or commit.is_done(DELIVERIES):
        return 0
    with SpooledTemporaryFile(max_size=_SPOOL_BYTES) as spool:
        reading = _Reading(own, source, raw_area=raw_area, run=run, spool=cast(IO[bytes], spool))
        written = commit.write(step.table, reading.rows()) if reading.has_files else 0
        if reading.rejection_count:
            commit.write(QUARANTINE, reading.rejections())
    commit.write(DELIVERIES, [reading.register()])
    return written


@dataclass(frozen=True, slots=True)
class _Commit:
    """Writes of one source's ingest, each once a run."""

    source: str
    writer: LakeWriter
    run: Run

    def is_done(self, table: Table) -> bool:
        return self.writer.done_by(table, self._step(table)) == self.run.id

    def write(self, table: Table, batches: Iterable[pa.RecordBatch]) -> int:
        if self.is_done(table):
            deque(batches, maxlen=0)
            return 0
        return self.writer.write(table, batches, Mark(Mode.APPEND, self._step(table), self.run.id))

    def _step(self, table: Table) -> str:
        return f"ingest.{self.source}:{table}"


@dataclass(slots=True)
class _Tally:
    """What one file held."""

    read: int = 0
    rejected: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, portion: Portion) -> None:
        self.read += portion.row_count
        self.rejected += len(portion.rejections)
        if portion.problem and portion.problem not in self.problems:
            self.problems.append(portion.problem)


class _Reading:
    """One pass over the files: raw rows stream through, rejections wait in `spool`, counts are kept per file."""

    def __init__(
        self, deliveries: tuple[Delivery, ...], source: Source, *, raw_area: RawArea, run: Run, spool: IO[bytes]
    ) -> None:
        self._deliveries = deliveries
        self._source = source
        self._raw_area = raw_area
        self._run = run
        self._spool = spool
        self._tallies = {delivery.id: _Tally() for delivery in deliveries}

    @property
    def has_files(self) -> bool:
        return any(delivery.stored for delivery in self._deliveries)

    @property
    def rejection_count(self) -> int:
        return sum(tally.rejected for tally in self._tallies.values())

    def rows(self) -> Iterator[pa.RecordBatch]:
        """All raw rows; `rejections` and `register` are whole once these have been taken."""
        with pa.ipc.new_stream(self._spool, QUARANTINE.schema) as sink:
            for delivery in self._deliveries:
                if delivery.stored:
                    yield from self._rows_of(delivery, sink)

    def rejections(self) -> Iterator[pa.RecordBatch]:
        self._spool.seek(0)
        yield from pa.ipc.open_stream(self._spool)

    def register(self) -> pa.RecordBatch:
        """The files' rows of `raw.deliveries`."""
        rows = [self._entry(delivery, self._tallies[delivery.id]) for delivery in self._deliveries]
        return pa.RecordBatch.from_pylist(rows, schema=DELIVERIES.schema)

    def _rows_of(self, delivery: Delivery, sink: pa.RecordBatchWriter) -> Iterator[pa.RecordBatch]:
        tally = self._tallies[delivery.id]
        with self._raw_area.open(delivery.stored) as file:
            for portion in read(file, delivery, self._source, run_id=self._run.id):
                tally.add(portion)
                if portion.rejections:
                    sink.write_batch(quarantine_batch(portion.rejections, delivery, self._run))
                if portion.rows is not None:
                    yield portion.rows

    def _entry(self, delivery: Delivery, tally: _Tally) -> dict[str, object]:
        return {
            "delivery_id": delivery.id,
            "source": delivery.source,
            "file": delivery.file,
            "sha256": delivery.sha256,
            "bytes": delivery.bytes,
            "rows_in": tally.read + tally.rejected,
            "rows_read": tally.read,
            "rows_rejected": tally.rejected,
            "duplicate_of": delivery.duplicate_of or None,
            "problem": "; ".join(filter(None, [delivery.problem, *tally.problems])) or None,
            "run_id": self._run.id,
            "received_at": self._run.as_of.astimezone(UTC).replace(tzinfo=None),
        }
