"""The period the traces cover, and how each system writes a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

TOKYO = timezone(timedelta(hours=9), "JST")
NOW = datetime(2011, 12, 10, tzinfo=TOKYO)
"""The project's `as_of`: nothing happens after it."""
SINCE = datetime(2011, 9, 1, tzinfo=TOKYO)
"""From here on web, e-mail and support are on record."""


def local(at: datetime) -> datetime:
    """The orders' naive times are the shops' clocks."""
    return at.replace(tzinfo=TOKYO)


def plain(at: datetime) -> str:
    """`2011-11-30 14:05:09`, as exports without a zone have it."""
    return at.strftime("%Y-%m-%d %H:%M:%S")


def zulu(at: datetime) -> str:
    """`2011-11-30T05:05:09.250Z`, as tracking libraries have it (from a time in UTC)."""
    return at.isoformat(timespec="milliseconds")[:23] + "Z"


def salesforce(at: datetime) -> str:
    """`2011-11-30T05:05:09.000+0000`, as a Salesforce export has it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
