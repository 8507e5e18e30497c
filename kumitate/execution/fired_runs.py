"""What a run on this machine does for triggers: takes in what they fired, publishes people, and tries again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kumitate.execution.collected import Collected
from kumitate.execution.collected_states import SqliteStates
from kumitate.execution.firing import open_firings
from kumitate.execution.gathered import Gathering
from kumitate.model.step import LiveStep, Run
from kumitate.ports import StateStore

if TYPE_CHECKING:
    from kumitate.execution.workspace import Workspace


def carry_out_live(workspace: Workspace, step: LiveStep, run: Run) -> int:
    """One live step with the book, ledger and state store that lie beside the lake."""
    with state_store(workspace) as store, open_firings(workspace.project, workspace.folder, store) as local:
        gathering = Gathering(
            engine=workspace.engine,
            lake=workspace.lake,
            store=store,
            book=local.firings.book,
            out=local.out,
            memory=local.out.memory,
            forget=local.out.forget,
            syncs=tuple(sorted(workspace.config.fired_syncs)),
            run=run,
        )
        return gathering.carry_out(step)


def fire_again(workspace: Workspace) -> None:
    """Firings that waited for this run to publish their person, and rows that have not arrived."""
    if workspace.config.fired_syncs:
        with state_store(workspace) as store, open_firings(workspace.project, workspace.folder, store) as local:
            local.again()


@contextmanager
def state_store(workspace: Workspace) -> Iterator[StateStore]:
    """What real time remembers beside the lake."""
    with closing(Collected(workspace.folder, clock=lambda: datetime.now(UTC))) as collected:
        yield SqliteStates(collected)
