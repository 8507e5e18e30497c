"""A recomputation is told on the bus, by segment and in counts alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from harness.memory_lake import MemoryLake
from kumitate.cloud.segment_events import tell_moves
from kumitate.model.step import BatchFunction, Query, Run
from kumitate.segments.tables import SEGMENT_CHANGES

RUN = Run("r000002", datetime(2026, 3, 10, 12, tzinfo=UTC))


@dataclass
class Told:
    """A bus that keeps what it was told."""

    events: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def put(self, detail_type: str, detail: Mapping[str, Any]) -> None:
        self.events.append((detail_type, detail))


@dataclass
class Asked:
    lake: MemoryLake

    def rows(self, query: Query) -> Iterator[pa.RecordBatch]:
        yield from self.lake.query(query).to_batches()

    def apply(self, query: Query, function: BatchFunction, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        raise NotImplementedError


def test_each_segment_that_a_run_changed_is_told_once_with_how_many_entered_and_left() -> None:
    moves = [("vips", "p1", "entered"), ("vips", "p2", "entered"), ("vips", "p3", "left"), ("lapsed", "p1", "left")]
    at = RUN.as_of.replace(tzinfo=None)
    rows = [{"run_id": RUN.id, "at": at, "segment": s, "person_id": p, "change": c} for s, p, c in moves]
    lake, bus = MemoryLake(), Told()
    lake.put(SEGMENT_CHANGES, [*rows, rows[0] | {"run_id": "r000001", "segment": "buyers"}])
    assert tell_moves(Asked(lake), bus, RUN) == 2
    of_run = {"run_id": "r000002", "as_of": "2026-03-10T12:00:00+00:00"}
    assert bus.events == [
        ("Segment changed", of_run | {"segment": "lapsed", "entered": 0, "left": 1}),
        ("Segment changed", of_run | {"segment": "vips", "entered": 2, "left": 1}),
    ]
