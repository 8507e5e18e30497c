"""How an account stands with all its workers: paused, its quota spent; and where the rows of conversations lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from kumitate.activation.destinations.answers import AGAIN, QUOTA_SPENT
from kumitate.errors import RetryableError
from kumitate.execution.budget import notes_of, pause_noted
from kumitate.execution.rows import changes_on
from kumitate.model.request import Change, Outcome
from kumitate.ports import Memory


@dataclass(frozen=True, slots=True)
class Standing:
    """What one worker was told by the account, so that the others need not ask."""

    memory: Memory
    account: str
    clock: Callable[[], datetime]

    def check_pause(self) -> None:
        """RetryableError where the account wants to be left alone for a while."""
        seconds = pause_noted(self.memory, self.account, self.clock())
        if seconds > 0:
            raise RetryableError(f"the account {self.account} asked to be left alone", seconds, never_left=True)

    def tell(self, trouble: Outcome, run_id: str, seconds: float) -> None:
        """Note what the account said: to be left alone for `seconds`, or for the rest of the run."""
        if trouble.reason == QUOTA_SPENT:
            self.memory.remember(notes_of(self.account), "spent", {"run_id": run_id})
        if trouble.reason in AGAIN and seconds > 0:
            until = (self.clock() + timedelta(seconds=seconds)).isoformat()
            self.memory.remember(notes_of(self.account), "pause", {"until": until})

    def is_spent(self, run_id: str) -> bool:
        """Whether the account's quota was used up in this run."""
        return self.memory.recall(notes_of(self.account)).get("spent", {}).get("run_id") == run_id


class Contents(Protocol):
    """Where a page's bytes lie."""

    def get(self, name: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class PageSent:
    """A conversation's changes are those of its page, less what had its verdict when it began."""

    contents: Contents
    page: str
    changes: Sequence[Change]

    def keep(self, name: str, changes: Sequence[Change]) -> Mapping[str, Any]:
        about = {change.key for change in changes}
        return {"talk": name, "page": self.page, "without": [c.key for c in self.changes if c.key not in about]}

    def read(self, place: Mapping[str, Any]) -> list[Change]:
        """RecordError where the bucket has let go of the page."""
        without = set(place["without"])
        return [change for change in changes_on(self.contents.get(place["page"])) if change.key not in without]

    def drop(self, place: Mapping[str, Any]) -> None:
        """Pages go by themselves, with their run's."""
