"""Who entered and left, told on the bus: one event per segment that a run has changed, with how many people moved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from kumitate.blueprint.names import SEGMENT_CHANGED
from kumitate.model.step import Run
from kumitate.ports import Engine
from kumitate.segments.changes import moves_query


class Bus(Protocol):
    """Where events are put."""

    def put(self, detail_type: str, detail: Mapping[str, Any]) -> None: ...


def tell_moves(engine: Engine, bus: Bus, run: Run) -> int:
    """The number of segments told; a run that is taken up again tells them again, with the same `run_id`.

    Who the people are stands in `curated.segment_changes`: events hold counts alone.
    """
    told = 0
    for batch in engine.rows(moves_query(run)):
        for row in batch.to_pylist():
            moved = {name: row[name] for name in ("segment", "entered", "left")}
            bus.put(SEGMENT_CHANGED, {"run_id": run.id, "as_of": run.as_of.isoformat(), **moved})
            told += 1
    return told
