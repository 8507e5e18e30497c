"""Delivering a run's changes: accounts side by side, every row noted, taken up exactly where a kill left it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from kumitate.activation.destinations.base import Destination
from kumitate.activation.tables import OUTCOMES
from kumitate.errors import FatalError
from kumitate.execution.accounts import connect, is_sandboxed
from kumitate.execution.ledger import SqliteLedger
from kumitate.execution.outcomes import NEXT_TIME, ROWS_AT_ONCE, Settlement, changes_of
from kumitate.execution.portion import Page, Way
from kumitate.execution.sending import Sender
from kumitate.model.request import Change, Outcome
from kumitate.model.step import DeliverStep, Mode, Run
from kumitate.ports import Engine, LakeWriter, Ledger, Mark, Progress
from kumitate.sandbox.server import Sandbox

if TYPE_CHECKING:
    from kumitate.execution.workspace import Workspace

_ACCOUNTS_AT_ONCE = 8
_STOPPED = "delivery was stopped; what is noted stays, run again to go on"


def deliver(workspace: Workspace, steps: Sequence[DeliverStep], run: Run, *, progress: Progress) -> None:
    """Bring the changes of all `steps` to their destinations, in the sandbox where an account has no url."""
    ledger = SqliteLedger(workspace.folder / "ledger.db", clock=_now)
    delivery = Delivery(engine=workspace.engine, lake=workspace.lake, ledger=ledger, run=run, progress=progress)
    with ExitStack() as stack:
        delivery.bring(_routes(workspace, [step.sync for step in steps], stack=stack, sleep=delivery.sleep))
    ledger.forget(run.id)


def _routes(
    workspace: Workspace, syncs: Sequence[str], *, stack: ExitStack, sleep: Callable[[float], None]
) -> tuple[Route, ...]:
    """One route per account that any of the syncs goes to; the sandbox is open as long as `stack`."""
    config = workspace.config
    accounts = {name: config.destinations[name] for name in sorted({config.syncs[s].destination for s in syncs})}
    sandbox = None
    if any(is_sandboxed(account) for account in accounts.values()):
        sandbox = stack.enter_context(Sandbox(workspace.folder / "sandbox.db"))
    routes = []
    for name, account in accounts.items():
        there = {s: workspace.project.destinations[s] for s in sorted(syncs) if config.syncs[s].destination == name}
        terms = next(iter(there.values())).terms
        sender = Sender(
            connect=partial(connect, account, terms, sandbox=sandbox, environment=os.environ),
            clock=_now,
            sleep=sleep,
            seconds_between_requests=0.0 if is_sandboxed(account) else terms.seconds_between_requests,
        )
        routes.append(Route(sender, there))
    return tuple(routes)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Route:
    """An account's sender and the destinations behind it, by sync."""

    sender: Sender
    destinations: Mapping[str, Destination]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One run's deliveries; a destination that is down or slow holds up no other, and never the run."""

    engine: Engine
    lake: LakeWriter
    ledger: Ledger
    run: Run
    progress: Progress
    rows_at_once: int = ROWS_AT_ONCE
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def bring(self, routes: Iterable[Route]) -> None:
        """All routes side by side; what one of them raises is raised when all have come to an end."""
        with ThreadPoolExecutor(_ACCOUNTS_AT_ONCE, thread_name_prefix="deliver") as pool:
            try:
                running = [pool.submit(self._account, route) for route in routes]
                wait(running)
            except BaseException:
                self._stopping.set()
                raise
        for route in running:
            route.result()

    def sleep(self, seconds: float) -> None:
        """Wait, unless delivery is told to stop."""
        if self._stopping.wait(seconds):
            raise FatalError(_STOPPED)

    def _account(self, route: Route) -> None:
        for sync, destination in route.destinations.items():
            mark = Mark(Mode.APPEND, f"deliver.{sync}", self.run.id)
            if self.lake.done_by(OUTCOMES, mark.step) == self.run.id:
                continue
            page = Page(self.ledger, self.run.id, sync, self._may_go_on)
            trouble = self._send(Way(route.sender, destination, page))
            settlement = Settlement(
                run=self.run,
                sync=sync,
                notes=page.notes(),
                idempotent=destination.terms.idempotent,
                rest=trouble or NEXT_TIME,
            )
            with self._one_at_a_time:
                self.lake.write(OUTCOMES, settlement.batches(self._changes(sync)), mark)

    def _send(self, way: Way) -> Outcome | None:
        """Every change that has no verdict yet; returns the trouble that ended it early."""
        notes = way.page.notes()
        done = 0
        for chunk in self._changes(way.page.sync):
            trouble = way.bring(chunk, notes)
            done += len(chunk)
            with self._one_at_a_time:
                self.progress(f"delivery {way.page.sync}", done)
            if trouble is not None:
                return trouble
        return None

    def _changes(self, sync: str) -> Iterator[list[Change]]:
        return changes_of(self.engine, sync, self.rows_at_once)

    def _may_go_on(self) -> None:
        if self._stopping.is_set():
            raise FatalError(_STOPPED)
