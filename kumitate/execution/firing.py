"""What triggers fire, delivered on this machine: by the collector as it happens, and by each run what was left over."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kumitate.activation.cards import fired_syncs
from kumitate.errors import RetryableError
from kumitate.execution.bringing import Bringing
from kumitate.execution.controls import Controls, controls_of, is_cancelled
from kumitate.execution.deliver import Route, account_routes
from kumitate.execution.fired import Firings
from kumitate.execution.fired_book import SqliteFirings, one_at_a_time
from kumitate.execution.ledger import SqliteLedger
from kumitate.execution.memory import SentFiles, SqliteMemory
from kumitate.execution.portion import Page, Way
from kumitate.model.event import Fired
from kumitate.model.firing import Firing
from kumitate.model.request import Outcome
from kumitate.ports import Memory, StateStore

if TYPE_CHECKING:
    from kumitate.project import Project


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalOut:
    """Rows of firings on their way from this machine: the account's sender, the ledger of the runs."""

    routes: Callable[[], Mapping[str, Route]]
    """By sync; opened when the first row leaves."""
    ledger: SqliteLedger
    memory: Memory
    controls: Controls
    folder: Path

    def send(self, firing: Firing) -> None:
        """As far as it goes: what is left has no verdict, and goes again."""
        if firing.change is None or self._is_stopped(firing):
            return
        route = self.routes()[firing.sync]
        page = Page(self.ledger, firing.run_id, firing.sync, partial(self._go_on, firing))
        way = Way(route.sender, route.destinations[firing.sync], page)
        bringing = Bringing(way=way, memory=self.memory, sent=SentFiles(self.folder / "talks", firing.sync))
        try:
            bringing.bring([(1, [firing.change])], page.notes())
        except RetryableError:
            return  # called off, or nobody answers: the notes say how far it came

    def note(self, firing: Firing) -> Outcome | datetime | None:
        return self.ledger.notes(firing.run_id, firing.sync).get(firing.key)

    def end(self, firing: Firing) -> None:
        """Whoever sends holds the lock: nothing of an attempt is under way when another begins."""

    def forget(self, firing: Firing) -> None:
        """Drop the ledger's notes of all its attempts."""
        for attempt in range(1, firing.attempt + 1):
            self.ledger.drop(replace(firing, attempt=attempt).run_id, firing.sync)

    def _go_on(self, firing: Firing) -> None:
        if self._is_stopped(firing):
            raise RetryableError("the sync was paused", never_left=True)

    def _is_stopped(self, firing: Firing) -> bool:
        return is_cancelled(self.controls.decisions(), firing.sync, firing.run_id)


@dataclass(frozen=True, slots=True)
class LocalFirings:
    """`Firings` of this machine, one process at a time."""

    firings: Firings
    out: LocalOut
    folder: Path

    def told(self, fired: Iterable[Fired]) -> Mapping[str, int]:
        """How many came into which state; what is safe in the book when this returns need not be told again."""
        states: Counter[str] = Counter()
        for each in fired:
            with one_at_a_time(self.folder):
                states.update(self.firings.told(each))
        return states

    def again(self) -> Mapping[str, int]:
        """What waited for a run, or did not arrive; costs next to nothing where there is none."""
        with one_at_a_time(self.folder):
            return self.firings.again()


@contextmanager
def open_firings(
    project: Project, folder: Path, store: StateStore, *, clock: Callable[[], datetime] = _now
) -> Iterator[LocalFirings]:
    """For a process that lives long, as the collector does; accounts and the sandbox stay open as long."""
    with ExitStack() as stack:
        ledger, memory = SqliteLedger(folder / "ledger.db", clock=clock), SqliteMemory(folder / "memory.db")
        stack.callback(ledger.close)
        accounts = _Accounts(project, folder, memory, stack)
        out = LocalOut(
            routes=accounts.routes, ledger=ledger, memory=memory, controls=controls_of(folder), folder=folder
        )
        plans = {plan.sync: plan for plan in fired_syncs(project.config)}
        firings = Firings(plans=plans, store=store, book=SqliteFirings(folder), out=out, clock=clock)
        yield LocalFirings(firings, out, folder)


@dataclass(slots=True)
class _Accounts:
    project: Project
    folder: Path
    memory: Memory
    stack: ExitStack
    _found: dict[str, Route] = field(default_factory=dict)

    def routes(self) -> Mapping[str, Route]:
        if not self._found:
            syncs = sorted(self.project.config.fired_syncs)
            routes = account_routes(
                self.project, self.folder, syncs, stack=self.stack, sleep=time.sleep, memory=self.memory
            )
            self._found = {sync: route for route in routes for sync in route.destinations}
        return self._found
