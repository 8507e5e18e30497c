"""Delivering a run's changes: accounts side by side, every row noted, taken up exactly where a kill left it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from kumitate.activation.destinations.answers import QUOTA_SPENT
from kumitate.activation.portions import ROWS_AT_ONCE, WHOLE, cut_at_leisure, portion_rows
from kumitate.activation.routes import seconds_between_requests
from kumitate.activation.tables import OUTCOMES
from kumitate.errors import FatalError, RetryableError
from kumitate.execution.accounts import connect, is_sandboxed
from kumitate.execution.bringing import Bringing
from kumitate.execution.budget import Quota
from kumitate.execution.controls import CANCELLED, Watch, controls_of, holds
from kumitate.execution.conversing import Sent
from kumitate.execution.flight import Threaded, giving_way
from kumitate.execution.ledger import SqliteLedger
from kumitate.execution.memory import SentFiles, SqliteMemory
from kumitate.execution.outcomes import NEXT_TIME, Settlement, changes_of, write_figures
from kumitate.execution.portion import Page, Way
from kumitate.execution.sending import Patience, Sender
from kumitate.model.request import Change, Outcome, Verdict
from kumitate.model.step import DeliverStep, Mode, Run
from kumitate.ports import Engine, LakeWriter, Ledger, Mark, Memory, Progress
from kumitate.sandbox.server import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from kumitate.activation.destinations.base import Destination
    from kumitate.execution.workspace import Workspace
    from kumitate.project import Project

_ROWS_A_PIECE = 100
"""Rows read at a time while a request is under way."""
_IN_SANDBOX = Patience(arrives_seconds=0.0)
"""The stand-in dies with us: what it has not taken by then never arrives."""
_WORKER = "laptop"
_STOPPED = "delivery was stopped; what is noted stays, run again to go on"
_CALLED_OFF = "the sync was paused or its run cancelled"


def deliver(
    workspace: Workspace, steps: Sequence[DeliverStep], run: Run, *, progress: Progress, closing: Outcome | None = None
) -> None:
    """Bring the changes of all `steps` to their destinations, in the sandbox where an account has no url.

    With `closing` the run was interrupted: what may have left is settled, and of all other rows it is said.
    """
    folder = workspace.folder
    ledger, memory = SqliteLedger(folder / "ledger.db", clock=_now), SqliteMemory(folder / "memory.db")
    controls = controls_of(folder)
    delivery = Delivery(
        engine=workspace.engine,
        lake=workspace.lake,
        ledger=ledger,
        memory=memory,
        sent=partial(SentFiles, folder / "talks"),
        run=run,
        progress=progress,
        held=frozenset(holds(workspace.engine, controls, run)),
        watch=lambda sync: Watch(controls=controls, sync=sync, run_id=run.id, clock=_now).is_stopped,
        closing=closing,
    )
    with ExitStack() as stack:
        stack.callback(ledger.close)
        syncs = [step.sync for step in steps]
        project, folder = workspace.project, workspace.folder
        delivery.bring(account_routes(project, folder, syncs, stack=stack, sleep=delivery.sleep, memory=memory))


def account_routes(
    project: Project,
    folder: Path,
    syncs: Sequence[str],
    *,
    stack: ExitStack,
    sleep: Callable[[float], None],
    memory: Memory,
) -> tuple[Route, ...]:
    """One route per account that any of the syncs goes to; the sandbox is open as long as `stack`."""
    config = project.config
    accounts = {name: config.destinations[name] for name in sorted({config.syncs[s].destination for s in syncs})}
    sandbox = None
    if any(is_sandboxed(account) for account in accounts.values()):
        sandbox = stack.enter_context(Sandbox(folder / "sandbox.db"))
    routes = []
    for name, account in accounts.items():
        there = {s: project.destinations[s] for s in sorted(syncs) if config.syncs[s].destination == name}
        terms = next(iter(there.values())).terms
        sender = Sender(
            connect=partial(connect, account, terms, sandbox=sandbox, environment=os.environ),
            clock=_now,
            sleep=sleep,
            seconds_between_requests=0.0 if is_sandboxed(account) else seconds_between_requests(account),
            quota=Quota(account=name, most=terms.daily_requests, memory=memory, worker=_WORKER),
            patience=_IN_SANDBOX if is_sandboxed(account) else Patience(),
            line=Threaded(stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix=f"account-{name}"))),
        )
        whole = frozenset(s for s, each in there.items() if each.terms.is_whole_in(config.syncs[s].mode))
        routes.append(Route(sender, there, whole))
    return tuple(routes)


def _now() -> datetime:
    return datetime.now(UTC)


def _never(sync: str) -> Callable[[], bool]:  # noqa: ARG001 (whoever watches is told the sync)
    """Nobody calls a sync off."""
    return lambda: False


@dataclass(frozen=True, slots=True)
class Route:
    """An account's sender and the destinations behind it, by sync; `whole` are those whose rows belong together."""

    sender: Sender
    destinations: Mapping[str, Destination]
    whole: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One run's deliveries; a destination that is down or slow holds up no other, and never the run."""

    engine: Engine
    lake: LakeWriter
    ledger: Ledger
    memory: Memory
    sent: Callable[[str], Sent]
    run: Run
    progress: Progress
    held: frozenset[str] = frozenset()
    """Syncs that must not begin to deliver in this run."""
    watch: Callable[[str], Callable[[], bool]] = _never
    """Whether a sync has been called off meanwhile."""
    closing: Outcome | None = None
    """The run was interrupted, and nothing more of its plan leaves: what is said of rows that have not left."""
    rows_at_once: int = ROWS_AT_ONCE
    _writing: threading.Lock = field(default_factory=threading.Lock)
    _telling: threading.Lock = field(default_factory=threading.Lock)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def bring(self, routes: Sequence[Route]) -> None:
        """All routes side by side; what one of them raises is raised when all have come to an end."""
        with giving_way(), ThreadPoolExecutor(max(1, len(routes)), thread_name_prefix="deliver") as pool:
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
        spent: Outcome | None = None
        for sync in route.destinations:
            if self.lake.done_by(OUTCOMES, self._mark(sync).step) != self.run.id and not self._is_held(sync):
                trouble = spent or self._send(route, sync)
                self._settle(route, sync, trouble)
                spent = trouble if trouble is not None and trouble.reason == QUOTA_SPENT else None
            with self._writing:
                write_figures(self.lake, self.memory, sync, run_id=self.run.id)

    def _send(self, route: Route, sync: str) -> Outcome | None:
        """Every change that has no verdict yet; returns the trouble that ended it early."""
        is_called_off = self.watch(sync)

        def may_go_on() -> None:
            if self._stopping.is_set():
                raise FatalError(_STOPPED)
            if is_called_off():
                raise RetryableError(_CALLED_OFF, never_left=True)

        way = Way(route.sender, route.destinations[sync], Page(self.ledger, self.run.id, sync, may_go_on))
        bringing = Bringing(way=way, memory=self.memory, sent=self.sent(sync), is_whole=sync in route.whole)
        portions, notes = self._portions(route, sync), way.page.notes()
        try:
            if self.closing is not None:
                return bringing.close(portions, notes, self.closing)
            return bringing.bring(portions, notes)
        except RetryableError:
            if not is_called_off():
                raise
            return Outcome("", Verdict.RETRY, CANCELLED, _CALLED_OFF)

    def _portions(self, route: Route, sync: str) -> Iterator[tuple[int, list[Change]]]:
        done = 0
        kind = type(route.destinations[sync])
        rows = WHOLE if sync in route.whole else portion_rows(kind, self.rows_at_once)
        number = 1
        for portion in cut_at_leisure(changes_of(self.engine, sync, _ROWS_A_PIECE), rows):
            yield number, portion
            if portion:
                number, done = number + 1, done + len(portion)
                with self._telling:
                    self.progress(f"delivery {sync}", done)

    def _settle(self, route: Route, sync: str, trouble: Outcome | None) -> None:
        settlement = Settlement(
            run=self.run,
            sync=sync,
            notes=self.ledger.notes(self.run.id, sync),
            idempotent=route.destinations[sync].terms.idempotent,
            rest=self.closing or trouble or NEXT_TIME,
        )
        with self._writing:
            self.lake.write(OUTCOMES, settlement.batches(self.engine), self._mark(sync))

    def _mark(self, sync: str) -> Mark:
        return Mark(Mode.APPEND, f"deliver.{sync}", self.run.id)

    def _is_held(self, sync: str) -> bool:
        """A sync that was under way before it was held is brought to its end: what left of it is settled."""
        return sync in self.held and not self.ledger.notes(self.run.id, sync)
