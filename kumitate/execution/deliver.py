"""Delivering a run's changes: accounts side by side, every row noted, taken up exactly where a kill left it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from kumitate.activation.changes import changes_in_order
from kumitate.activation.destinations.answers import UNAVAILABLE
from kumitate.activation.destinations.base import Destination, Recollecting
from kumitate.activation.tables import OUTCOMES
from kumitate.errors import FatalError
from kumitate.execution.accounts import connect, is_sandboxed
from kumitate.execution.ledger import SqliteLedger
from kumitate.execution.sending import Sender
from kumitate.model.request import Change, Operation, Outcome, Verdict
from kumitate.model.step import DeliverStep, Mode, Run
from kumitate.ports import Engine, LakeWriter, Ledger, Mark, Progress
from kumitate.sandbox.server import Sandbox

if TYPE_CHECKING:
    from kumitate.execution.workspace import Workspace

ROWS_AT_ONCE = 10_000
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


@dataclass(frozen=True, slots=True)
class Page:
    """The ledger's notes of one sync in one run."""

    ledger: Ledger
    run_id: str
    sync: str
    stopping: threading.Event = field(default_factory=threading.Event)

    def claim(self, keys: Iterable[str]) -> None:
        self.ledger.claim(self.run_id, self.sync, keys)

    def settle(self, outcomes: Iterable[Outcome]) -> None:
        self.ledger.settle(self.run_id, self.sync, outcomes)
        if self.stopping.is_set():
            raise FatalError(_STOPPED)

    def notes(self) -> Mapping[str, Outcome | datetime]:
        return self.ledger.notes(self.run_id, self.sync)


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
            page = Page(self.ledger, self.run.id, sync, self._stopping)
            trouble = self._send(route.sender, destination, page)
            rest = trouble or Outcome("", Verdict.RETRY, UNAVAILABLE)
            unsure = Verdict.RETRY if destination.terms.idempotent else Verdict.UNKNOWN
            with self._one_at_a_time:
                self.lake.write(OUTCOMES, self._outcomes(page, rest=rest, unsure=unsure), mark)

    def _send(self, sender: Sender, destination: Destination, page: Page) -> Outcome | None:
        """Every change that has no verdict yet; returns the trouble that ended it early."""
        notes = page.notes()
        done = 0
        for chunk in changes_of(self.engine, page.sync, self.rows_at_once):
            left = [change for change in chunk if not _is_settled(notes.get(change.key))]
            if not destination.terms.idempotent:
                left = _certain(left, notes, _Asking(sender, destination, page))
            trouble = sender.send(destination, left, page)
            done += len(chunk)
            with self._one_at_a_time:
                self.progress(f"delivery {page.sync}", done)
            if trouble is not None:
                return trouble
        return None

    def _outcomes(self, page: Page, *, rest: Outcome, unsure: Verdict) -> Iterator[pa.RecordBatch]:
        """One row per change: its verdict; `unsure` where it may have left; as `rest` where it has not."""
        notes = page.notes()
        for chunk in changes_of(self.engine, page.sync, self.rows_at_once):
            rows = []
            for change in chunk:
                note = notes.get(change.key)
                if not isinstance(note, Outcome):
                    verdict = Verdict.RETRY if note is None else unsure
                    note = Outcome(change.key, verdict, rest.reason, rest.message)
                rows.append(self._row(page.sync, change, note))
            yield pa.RecordBatch.from_pylist(rows, schema=OUTCOMES.schema)

    def _row(self, sync: str, change: Change, outcome: Outcome) -> dict[str, object]:
        return {
            "run_id": self.run.id,
            "at": self.run.as_of.astimezone(UTC).replace(tzinfo=None),
            "sync": sync,
            "key": change.key,
            "person_id": change.person_id,
            "operation": change.operation.value,
            "verdict": outcome.verdict.value,
            "reason": outcome.reason,
            "message": outcome.message,
        }


@dataclass(frozen=True, slots=True)
class _Asking:
    sender: Sender
    destination: Destination
    page: Page


def _certain(changes: list[Change], notes: Mapping[str, Outcome | datetime], asking: _Asking) -> list[Change]:
    """The changes that certainly have not arrived; those that may have are asked for, else left without verdict."""
    claims = {change.key: note for change in changes if isinstance(note := notes.get(change.key), datetime)}
    if not claims:
        return changes
    claimed = [change for change in changes if change.key in claims]
    found = [Outcome(change.key, Verdict.UNKNOWN, UNAVAILABLE) for change in claimed]
    if isinstance(asking.destination, Recollecting):
        found = asking.sender.recollect(asking.destination, claimed, min(claims.values()))
    absent = {outcome.key for outcome in found if outcome.verdict is Verdict.RETRY}
    asking.page.settle(outcome for outcome in found if outcome.key not in absent)
    return [change for change in changes if change.key not in claims or change.key in absent]


def _is_settled(note: Outcome | datetime | None) -> bool:
    return isinstance(note, Outcome) and note.verdict is not Verdict.RETRY


def changes_of(engine: Engine, sync: str, rows_at_once: int = ROWS_AT_ONCE) -> Iterator[list[Change]]:
    """What a sync has to bring, in portions."""
    for batch in engine.rows(changes_in_order(sync)):
        for start in range(0, batch.num_rows, rows_at_once):
            yield [_change(row) for row in batch.slice(start, rows_at_once).to_pylist()]


def _change(row: Mapping[str, str]) -> Change:
    previous = json.loads(row["previous_fields"]) if row["previous_fields"] else {}
    return Change(row["key"], Operation(row["operation"]), json.loads(row["fields"]), row["person_id"], previous)
