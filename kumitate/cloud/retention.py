"""Quarantined rows are let go after the environment's days: by a commit, for a lifecycle rule would take files."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from kumitate.config.environment import Retention
from kumitate.engines.aging import Age
from kumitate.ingest.tables import QUARANTINE
from kumitate.model.step import Mode, Run
from kumitate.model.table import Table
from kumitate.ports import Mark

STEP = f"retention.{QUARANTINE}"
_FOUND = "found_at"


class Removing(Protocol):
    """A lake that lets rows go."""

    def remove(self, table: Table, age: Age, mark: Mark) -> int: ...


def let_go(lake: Removing, kept: Retention, run: Run) -> int:
    """Remove what was quarantined earlier than `kept.quarantine` days before the run's clock; how many rows."""
    if kept.quarantine is None:
        return 0
    age = Age(_FOUND, run.as_of - timedelta(days=kept.quarantine))
    return lake.remove(QUARANTINE, age, Mark(Mode.REPLACE, STEP, run.id))
