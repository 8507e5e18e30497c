"""Between the lake and what real time keeps: firings gathered, people published, and what the lake has let go of."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from kumitate.activation.firings import former_syncs
from kumitate.activation.publishing import changes_to_put
from kumitate.activation.tables import FIRINGS_TOLD
from kumitate.execution.outcomes import write_figures
from kumitate.model.firing import Firing, FiringState
from kumitate.model.request import Outcome, Verdict
from kumitate.model.step import Live, LiveStep, Mode, Query, Run
from kumitate.pipeline import step_name
from kumitate.ports import Engine, FiringBook, LakeWriter, Mark, Memory, StateStore, WayOut

WAITING = "delivery.waiting"
"""The reason of a firing whose row is on its way, and of which the destination has said nothing yet."""
GONE = "sync.gone"
"""The reason of a firing that had not ended when its sync was taken out of the project, or got another name."""
_LEFT_ALONE = timedelta(days=1)
"""So long a row of such a sync may still be on its way."""
_ROWS = 1_000
_SIDE_BY_SIDE = 8
_FINAL = "select sync, fired_id from {table} where state <> 'pending' order by sync, fired_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """The live steps of one run, wherever book, store and ledger are."""

    engine: Engine
    lake: LakeWriter
    store: StateStore
    book: FiringBook
    out: WayOut
    memory: Memory
    syncs: tuple[str, ...]
    """Those that triggers fire."""
    run: Run
    forget: Callable[[Firing], None] = lambda _firing: None
    """Told of each firing that the lake has for good."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def carry_out(self, step: LiveStep) -> int:
        """Rows gathered, documents put or firings let go; done twice it is the same."""
        match step.work:
            case Live.GATHER:
                return self._gather(step)
            case Live.PUBLISH:
                return self._publish()
            case Live.SETTLE:
                return self._settle()
            case Live.FIGURES:
                return sum(write_figures(self.lake, self.memory, sync, run_id=self.run.id) for sync in self.syncs)

    def _gather(self, step: LiveStep) -> int:
        mark = Mark(Mode.REPLACE, step_name(step), self.run.id)
        if self.lake.done_by(step.table, mark.step) == self.run.id:
            return 0
        return self.lake.write(step.table, self._batches(), mark)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="gather") as pool:
            for sync in sorted({*self.syncs, *self._former()}):
                firings = list(self.book.uncollected(sync))
                for start in range(0, len(firings), _ROWS):
                    rows = list(pool.map(self._row, firings[start : start + _ROWS]))
                    yield pa.RecordBatch.from_pylist(rows, schema=FIRINGS_TOLD.schema)

    def _former(self) -> Iterator[str]:
        for batch in self.engine.rows(former_syncs()):
            yield from (row["sync"] for row in batch.to_pylist())

    def _row(self, firing: Firing) -> dict[str, Any]:
        state, reason, message = became(firing, self.out)
        if state == FiringState.PENDING and firing.sync not in self.syncs:
            state, reason = self._left_behind(firing, reason)
        return {
            "fired_id": firing.fired.id,
            "trigger": firing.fired.trigger,
            "sync": firing.sync,
            "key": firing.key,
            "person_id": firing.fired.person_id,
            "at": _moment(firing.fired.at),
            "state": state,
            "reason": reason,
            "message": message,
            "told_at": _moment(firing.told_at),
        }

    def _left_behind(self, firing: Firing, reason: str) -> tuple[str, str]:
        """Nobody tries again for a sync that is gone; what had left already may still arrive for a while."""
        if firing.state is not FiringState.LEAVING:
            return FiringState.HELD.value, GONE
        if self.clock() - firing.told_at < _LEFT_ALONE:
            return FiringState.PENDING.value, reason
        has_left = isinstance(self.out.note(firing), datetime)
        return (FiringState.UNKNOWN if has_left else FiringState.HELD).value, GONE

    def _publish(self) -> int:
        put = 0

        def entries() -> Iterator[tuple[str, Mapping[str, Any] | None]]:
            nonlocal put
            for batch in self.engine.rows(changes_to_put()):
                for key, data in zip(batch.column("key").to_pylist(), batch.column("data").to_pylist(), strict=True):
                    put += 1
                    yield key, None if data is None else json.loads(data)

        self.store.publish(entries())
        return put

    def _settle(self) -> int:
        with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="settle") as pool:
            return sum(pool.map(self._let_go, self._ended()))

    def _ended(self) -> Iterable[tuple[str, str]]:
        for batch in self.engine.rows(Query("ended_firings", _FINAL.format(table=FIRINGS_TOLD))):
            yield from ((row["sync"], row["fired_id"]) for row in batch.to_pylist())

    def _let_go(self, place: tuple[str, str]) -> bool:
        firing = self.book.read(*place)
        if firing is None or firing.is_collected:
            return False
        if not self.book.write(firing.collected(), instead_of=firing.version):
            return False
        self.forget(firing)
        return True


def became(firing: Firing, out: WayOut) -> tuple[str, str, str]:
    """State, reason and the destination's words, as `activation.firings` has them."""
    if firing.state is not FiringState.LEAVING:
        return firing.state.value, firing.reason, ""
    note = out.note(firing)
    if isinstance(note, Outcome) and note.verdict is not Verdict.RETRY:
        return note.verdict.value, note.reason, note.message
    return FiringState.PENDING.value, note.reason if isinstance(note, Outcome) else WAITING, ""


def _moment(at: datetime) -> datetime:
    """UTC without a zone, in milliseconds, as the lake keeps it."""
    utc = at.astimezone(UTC).replace(tzinfo=None)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)
