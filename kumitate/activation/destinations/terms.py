"""A vendor's terms, apart from the destinations: what sends for them all needs no settings of any."""

from __future__ import annotations

from dataclasses import dataclass

from kumitate.activation.destinations.auth import BEARER, Auth


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
