"""What every destination is: frozen settings that turn changes into requests and answers into outcomes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from kumitate.activation.destinations.auth import BEARER, Auth
from kumitate.model.request import Change, Operation, Outcome, Request, Response, Verdict
from kumitate.model.section import Section

if TYPE_CHECKING:  # a delivery function needs no shape of a project's files
    from kumitate.config.sync import NullPolicy


TOO_OLD = "event.too_old"
"""The event happened longer ago than the vendor counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A vendor's terms: what it offers and how it wants to be called.

    `idempotent` is False where an effect cannot be repeated (a message): such a row is never sent again
    unless it is certain that it did not arrive. `needs` and `accepts` name the fields a sync maps;
    `accepts` is None where the owner of the account names them.
    """

    modes: frozenset[str]
    base_url: str = ""
    """Empty where every account has an address of its own, and for AWS."""
    hosts: frozenset[str] = frozenset()
    """Other hosts of the vendor that requests may name (`api-data.line.me`)."""
    auth: Auth = BEARER
    is_aws: bool = False
    """Requests are AwsCalls, signed with AWS credentials."""
    sign_in_url: str = ""
    """Where credentials become a token; a path is relative to the base address."""
    scope: str = ""
    """The OAuth scope that signing in asks for."""
    idempotent: bool = True
    seconds_between_requests: float = 0.0
    needs: frozenset[str] = frozenset()
    accepts: frozenset[str] | None = None
    repeatable_seconds: float = 0.0
    """How long the vendor knows a request again by its idempotency key: so long after its claim, a row that
    cannot be repeated is sent again just the same."""
    daily_requests: int | None = None
    """The vendor's quota of an account; more wait for the next day."""
    is_whole: bool = False
    """All rows of a sync belong together (a session, a rebuilt audience): they are not cut into pages."""
    whole_modes: frozenset[str] = frozenset()
    """Modes in which that holds, where it does not hold in all of them (`rebuild`)."""
    most_rows: int = 0
    """Rows of the largest request; portions and pages are made of whole requests. 0 where rows go one by one."""
    talk_rows: int = 0
    """Rows that a conversation takes at most, where a portion of plain requests would be too small for it."""
    concurrency: int | None = None
    """Requests of an account that the vendor lets be under way at once."""
    least_rows: int = 0
    """An audience below this size is not usable at the platform; said beforehand, and the rows still go."""
    identifiers: tuple[tuple[str, ...], ...] = ()
    """Fields that an audience knows members by, each by itself or several together: a value that somebody who stays
    has as well does not leave with another."""
    reports_failures: bool = False
    """Requests may fail after they were taken, and the destination, which is `Reporting`, tells which."""
    erase_by_hand: str = ""
    """What the owner must do to erase a person there; empty where the destination is `Erasing` or `ErasingInTalk`."""

    def is_whole_in(self, mode: str) -> bool:
        """Whether all rows of a sync of this mode belong together."""
        return self.is_whole or mode in self.whole_modes


class Destination(Section):
    """One sync's end: the settings of account and sync, validated, and what they make of changes."""

    terms: ClassVar[Terms]
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Templates of the usual fields, by the destination's names, for syncs with `default_fields: true`: the first
    whose attributes the project has (`usual_fields.py`)."""
    missing: ClassVar[NullPolicy] = "keep"
    """What a missing value does where the sync's `nulls` do not say: a message has nothing to keep, so it is told."""
    caution: ClassVar[str] = ""
    """What `kumitate check` says of every account of this kind, though nothing is wrong with it."""

    @abstractmethod
    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        """Requests of at most the vendor's size, removals first; an Outcome for a row that cannot be sent.

        A key may be in several requests: it is accepted when all of them are.
        """

    @abstractmethod
    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        """One outcome per key of `request`."""


@runtime_checkable
class Recollecting(Protocol):
    """A destination that can tell afterwards whether a row arrived."""

    def inquiries(self, changes: Sequence[Change], since: datetime) -> Iterable[Request]:
        """Questions about rows that may have left at `since` or later."""
        ...

    def recollections(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        """ACCEPTED: it is there. RETRY: it certainly is not. UNKNOWN: cannot be told."""
        ...


@runtime_checkable
class Metering(Protocol):
    """A destination whose answers tell how much of the account's allowance is used, by whomever."""

    def used_up(self, response: Response) -> str:
        """Words where nothing more should leave before the allowance is renewed; empty where something may."""
        ...


@runtime_checkable
class Pacing(Protocol):
    """A destination that says in a way of its own how long it wants to be left alone; `Retry-After` is everybody's."""

    def asks_to_wait(self, response: Response) -> float:
        """Seconds."""
        ...


@runtime_checkable
class Dating(Protocol):
    """A destination that takes an event only so long after it happened, by the vendor's clock."""

    def most_days(self) -> int: ...
    def happened(self, change: Change) -> datetime | None:
        """None where the row does not say; `requests` refuses it."""
        ...


def requests_at(now: datetime, destination: Destination, changes: Sequence[Change]) -> Iterator[Request | Outcome]:
    """The destination's requests at this time; rows that the vendor would not count any more are refused here."""
    if isinstance(destination, Dating):
        days = destination.most_days()
        since = now - timedelta(days=days)
        late = {change.key for change in changes if (at := destination.happened(change)) is not None and at < since}
        for key in sorted(late):
            yield Outcome(key, Verdict.REJECTED, TOO_OLD, f"happened more than {days} days ago")
        changes = [change for change in changes if change.key not in late]
    yield from destination.requests(changes)


def batches(changes: Sequence[Change], size: int) -> Iterator[Sequence[Change]]:
    """`changes` in runs of at most `size`."""
    for start in range(0, len(changes), size):
        yield changes[start : start + size]


def packed(
    changes: Sequence[Change], *, most: int, most_bytes: int, size: Callable[[Change], int]
) -> Iterator[Sequence[Change]]:
    """`changes` in runs of at most `most` rows and `most_bytes` of `size`; one row too large stands alone."""
    start, held = 0, 0
    for place, change in enumerate(changes):
        own = size(change)
        if place > start and (place - start == most or held + own > most_bytes):
            yield changes[start:place]
            start, held = place, 0
        held += own
    if start < len(changes):
        yield changes[start:]


def split(changes: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """Removals, and all the others that say something new."""
    removals = [change for change in changes if change.operation is Operation.DELETE]
    others = changes if not removals else (change for change in changes if change.operation is not Operation.DELETE)
    return removals, list(others)
