"""What a person decided about a sync: by whom, when and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class Action(StrEnum):
    """What a person may decide about a sync."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    """Of one run: what has not left of it stays, and is a change again in the next."""
    APPROVE = "approve"
    """Of one held run: as many changes of each kind as it had may leave."""
    RESET = "reset"
    """What was accepted up to this run is forgotten: the next run is a first full sync."""
    SETTLE = "settle"
    """Of rows whose answer never came: whether they have arrived, or go again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision: by whom, when and why; `run_id` for those about one run."""

    sync: str
    action: Action
    author: str
    at: datetime
    reason: str
    run_id: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "sync": self.sync,
            "action": self.action.value,
            "author": self.author,
            "at": self.at.astimezone(UTC).isoformat(),
            "reason": self.reason,
            "run_id": self.run_id,
        }

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Decision:
        """ValueError, TypeError or KeyError where it is none."""
        known = {**given, "action": Action(given["action"]), "at": datetime.fromisoformat(given["at"])}
        return cls(**known)
