"""Destinations that need more than one answer: jobs, sessions, audiences rebuilt and swapped, as a machine of steps.

A step is a value, its `state` plain JSON. The state is noted before what the step asks for leaves, so that a
conversation goes on where a kill left it, in the same run or a later one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from kumitate.model.request import Change, Operation, Outcome, Request, Response

State = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """Send `request`; its answer goes to `answered` together with `state`."""

    request: Request
    state: State = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wait:
    """The vendor is at work: come back in `seconds`, with `resumed`. The run may end meanwhile."""

    seconds: float
    state: State = field(repr=False)


@dataclass(frozen=True, slots=True)
class Done:
    """The end: an outcome per change, what the sync must remember for good, and what the vendor counted."""

    outcomes: tuple[Outcome, ...]
    memory: State | None = field(default=None, repr=False)
    """Replaces the sync's memory (`{"audience_id": "123"}`); None leaves it as it is."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """By name: `received`, `invalid`, `matched`, `match_rate_low`, …"""


Turn = Ask | Wait | Done


@runtime_checkable
class Conversing(Protocol):
    """A destination whose changes take a conversation; its `requests` and `outcomes` are not asked for these."""

    def begins(self, changes: Sequence[Change], memory: State) -> Turn | None:
        """The first turn; None where plain `requests` will do (few rows). `memory` is what `Done` left last time."""
        ...

    def answered(self, changes: Sequence[Change], state: State, response: Response) -> Turn:
        """The turn after an answer. Answers that mean the same everywhere (401, 429, 5xx) never get here."""
        ...

    def resumed(self, changes: Sequence[Change], state: State) -> Turn:
        """The turn after a wait or a kill: the request of `state` may or may not have arrived."""
        ...


@runtime_checkable
class Leaning(Protocol):
    """A conversation that needs what other syncs remember: a narrowcast, the audience that another sync rebuilds."""

    def leans_on(self) -> Sequence[str]:
        """Their names; `begins` finds what they remember under `memory["syncs"][name]`."""
        ...


@runtime_checkable
class Stamping(Protocol):
    """A conversation that tells whoever reads what it brings which run brought it."""

    def stamps(self) -> bool:
        """Whether `begins` is to find the run's id under `memory["run_id"]`."""
        ...


@runtime_checkable
class Lapsing(Protocol):
    """A conversation whose request must not arrive twice, and that the vendor forgets after `repeatable_seconds`."""

    def lapsed(self, changes: Sequence[Change], state: State) -> Done:
        """The end where the request of `state` may have arrived and cannot be repeated any more: UNKNOWN, and in the
        memory what keeps later rows from sending it again. Without changes where nobody knows them any more.
        """
        ...


FAILED = "failed"
"""The figure of a report: 1 where nothing came of the whole request."""
GOES_AGAIN = "sent_again"
"""1 where so many rows of the request were refused that all of it is sent once more."""
REFUSED_ROW = "refused_row."
"""Begins the name of a figure that is the place of one refused row: `refused_row.17.invalid_format` is 17."""

EITHER_OF = ""
"""The one name in the fields of a row that was to be changed by a request that failed: what it may be known by is
any of a list of fields. No sync can map a field of this name."""


@runtime_checkable
class Reporting(Protocol):
    """A destination that tells later what it made of a request it took (Google's requestStatus, match rates).

    Where its terms say `reports_failures`, the message of an accepted row begins with the receipt and the row's
    place in the request, counted from 0: `request-1#17`. What `report` calls failed is a change again.
    """

    def receipt(self, request: Request, response: Response) -> str:
        """What to ask by later; empty where there is nothing to ask."""
        ...

    def inquiry(self, receipt: str) -> Request: ...

    def report(self, receipt: str, response: Response) -> Mapping[str, float] | None:
        """The figures (`received`, `matched`, `rejected`, …) in an answer that is no refusal; None while the vendor is
        still at work.
        """
        ...


@runtime_checkable
class Erasing(Protocol):
    """A destination that can forget people for good by requests that are known beforehand.

    Others are `ErasingInTalk`, or say how it is done by hand (`Terms.erase_by_hand`).
    """

    def erasures(self, changes: Sequence[Change]) -> Sequence[Request | Outcome]:
        """Requests that erase these rows wherever the account holds them; `outcomes` reads the answers."""
        ...


@runtime_checkable
class ErasingInTalk(Conversing, Protocol):
    """One that has to ask for the vendor's own ids before it can forget people."""

    def erased_rows(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Rows whose conversation (`begins` and so on) erases these, and nothing else; who is not there is erased."""
        ...


def erases(kind: type) -> bool:
    """Whether a destination's class can forget people by calls."""
    return issubclass(kind, Erasing) or issubclass(kind, ErasingInTalk)


def deletions(changes: Sequence[Change]) -> list[Change]:
    """The same keys once each, to be deleted, with nothing that is known of them."""
    return [Change(key, Operation.DELETE, {}) for key in dict.fromkeys(change.key for change in changes)]
