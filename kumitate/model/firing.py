"""A trigger that has fired, as one sync has to do with it: what was decided, and the row that leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from kumitate.model.event import Fired
from kumitate.model.request import Change, Operation


class FiringState(StrEnum):
    """What was decided; what the destination says of a row that leaves stands in the ledger."""

    PENDING = "pending"
    """The lake does not know the person, or has not published them: tried again after the next run."""
    LEAVING = "leaving"
    """Its key is its own, and its row goes to the destination."""
    HELD = "held"
    UNKNOWN = "unknown"
    """It may have left, and nobody will say so any more."""


def firing_of(run_id: str) -> str:
    """Whose attempt the run id of a ledger's notes is: `t3f…` of `t3f….2`; empty for a run of the pipeline."""
    return run_id.partition(".")[0] if run_id.startswith("t") else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """One fired trigger for one sync; `version` is the book's, 0 where it is not in it."""

    fired: Fired
    sync: str
    state: FiringState
    told_at: datetime
    """When it came into this state; of a row that leaves, when its newest attempt began."""
    reason: str = ""
    change: Change | None = field(default=None, repr=False)
    attempt: int = 1
    """Rows that have not arrived for certain go again under a run id of their own."""
    is_collected: bool = False
    """The lake has it for good."""
    version: int = 0

    @property
    def run_id(self) -> str:
        """What the ledger calls the attempt."""
        return f"t{self.fired.id}" + (f".{self.attempt}" if self.attempt > 1 else "")

    @property
    def key(self) -> str:
        return self.change.key if self.change else ""

    def collected(self) -> Firing:
        """As it is remembered, so that it is known when it is told again: without what it said."""
        fired = replace(self.fired, facts={}, who=(), key="")
        return replace(self, fired=fired, change=None, is_collected=True)

    def to_json(self) -> dict[str, Any]:
        fired = {**asdict(self.fired), "at": self.fired.at.isoformat()}
        return {
            "fired": fired,
            "sync": self.sync,
            "state": self.state.value,
            "told_at": self.told_at.isoformat(),
            "reason": self.reason,
            "change": {"key": self.change.key, "fields": dict(self.change.fields)} if self.change else None,
            "attempt": self.attempt,
            "is_collected": self.is_collected,
        }

    @staticmethod
    def from_json(told: Mapping[str, Any], *, version: int) -> Firing:
        fired, row = dict(told["fired"]), told["change"]
        fired |= {
            "at": datetime.fromisoformat(fired["at"]),
            "denied": tuple(fired["denied"]),
            "who": tuple(fired["who"]),
        }
        return Firing(
            fired=Fired(**fired),
            sync=told["sync"],
            state=FiringState(told["state"]),
            told_at=datetime.fromisoformat(told["told_at"]),
            reason=told["reason"],
            change=Change(row["key"], Operation.CREATE, row["fields"], fired["person_id"]) if row else None,
            attempt=told["attempt"],
            is_collected=told["is_collected"],
            version=version,
        )
