"""Messages that were set aside: listed with their reasons, and brought back to their account's queue."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from kumitate.aws.queues import SetAside

AT_MOST = 1_000
"""Messages of one redrive; the next takes the rest."""


class DeadLetters(Protocol):
    """Queues, as a redrive sees them; messages are hidden from when they are looked at."""

    def look(self, url: str, *, at_most: int) -> Iterable[SetAside]: ...
    def show_again(self, url: str, receipts: Sequence[str]) -> None: ...
    def bring_back(self, source_url: str, target_url: str, messages: Sequence[SetAside]) -> None: ...


@dataclass(frozen=True, slots=True)
class Poisoned:
    """One message as it is shown: what it was about, and why it was set aside."""

    run_id: str
    sync: str
    number: int | None
    reason: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Redriven:
    """What lay in the dead-letter queue, and how much of it was brought back."""

    found: tuple[Poisoned, ...]
    brought_back: int

    @property
    def reasons(self) -> Mapping[str, int]:
        return Counter(each.reason for each in self.found)

    def to_json(self) -> dict[str, Any]:
        messages = [asdict(each) for each in self.found]
        return {"messages": messages, "reasons": dict(self.reasons), "brought_back": self.brought_back}


def redrive(letters: DeadLetters, *, dead: str, queue: str, dry_run: bool) -> Redriven:
    """Bring messages back from `dead` to `queue` (urls); a dry run only lists them."""
    found = list(letters.look(dead, at_most=AT_MOST))
    if dry_run:
        letters.show_again(dead, [each.receipt for each in found])
    else:
        letters.bring_back(dead, queue, found)
    return Redriven(tuple(map(_poisoned, found)), 0 if dry_run else len(found))


def _poisoned(message: SetAside) -> Poisoned:
    try:
        told = json.loads(message.body)
        run_id, sync, number = str(told["run_id"]), str(told["sync"]), int(told["number"])
    except (ValueError, TypeError, LookupError):
        return Poisoned("", "", None, message.reason, message.explanation)
    return Poisoned(run_id, sync, number, message.reason, message.explanation)
