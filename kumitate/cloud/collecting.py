"""A run's deliveries collected: its pages are closed, and what the ledger notes becomes rows of the lake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from kumitate.activation.destinations.terms import Terms
from kumitate.activation.tables import OUTCOMES
from kumitate.execution.outcomes import Settlement, write_figures
from kumitate.model.step import Mode, Run
from kumitate.ports import Engine, LakeWriter, Ledger, Mark, Memory


class Closing(Protocol):
    """What ends deliveries: after it no request of the sync begins; one that each delivery has in flight may arrive."""

    def close(self, run_id: str, sync: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One run's outcomes on their way into the lake; done twice it writes them once."""

    engine: Engine
    lake: LakeWriter
    ledger: Ledger
    book: Closing
    memory: Memory
    run: Run

    def collect(self, sync: str, terms: Terms, *, is_held: bool = False) -> int:
        """Rows written: one per change of the sync, none where an earlier try has written them.

        Of a held sync nothing has left, so nothing became of its rows; where something has, it was held meanwhile.
        """
        mark = Mark(Mode.APPEND, f"deliver.{sync}", self.run.id)
        if self.lake.done_by(OUTCOMES, mark.step) == self.run.id:
            return 0
        self.book.close(self.run.id, sync)
        notes = self.ledger.notes(self.run.id, sync)
        if is_held and not notes:
            return 0
        settlement = Settlement(run=self.run, sync=sync, notes=notes, idempotent=terms.idempotent)
        return self.lake.write(OUTCOMES, settlement.batches(self.engine), mark)

    def collect_figures(self, sync: str) -> int:
        """Rows written: what platforms have told since the run before, forgotten where it was noted."""
        return write_figures(self.lake, self.memory, sync, run_id=self.run.id)
