"""What goes to a destination and what comes back, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MOST_WORDS = 1_000
"""Characters of a destination's words that are kept: a gateway answers with a page, a row at a time."""


class Operation(StrEnum):
    """What happens to one row at the destination."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    KEEP = "keep"
    """Unchanged, in a whole that is built anew; such a row comes in mode `rebuild` alone."""


@dataclass(frozen=True, slots=True)
class Change:
    """One row to bring to a destination; `fields` are mapped values, still plain text."""

    key: str
    operation: Operation
    fields: Mapping[str, Any] = field(repr=False)
    person_id: str = ""
    previous: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What the destination accepted last; an audience must forget what is no longer true."""
    since: str = ""
    """The run in which the destination took the row as it has it, or took it out; empty: never. The same while this
    change is pending, another when the same values change again."""
    shared: tuple[str, ...] = ()
    """Fields that somebody who stays in the audience has as well: they do not leave it with this row."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One HTTP call; auth headers are added by the transport. `keys` names the rows it carries.

    `host` where it is not the account's own (one of the destination's `Terms.hosts`); an account with a `url`
    of its own gets those calls as well.
    """

    method: str
    path: str
    body: bytes = field(repr=False)
    keys: tuple[str, ...]
    headers: Mapping[str, str] = field(default_factory=dict)
    host: str = ""


@dataclass(frozen=True, slots=True)
class AwsCall:
    """One AWS API call in boto3's terms: `AwsCall("sesv2", "send_bulk_email", {...}, keys)`."""

    service: str
    operation: str
    parameters: Mapping[str, Any] = field(repr=False)
    keys: tuple[str, ...]


Request = HttpRequest | AwsCall


@dataclass(frozen=True, slots=True)
class Response:
    """A destination's answer; for AWS calls `status` is the HTTP code and `body` the parsed reply as JSON."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


class Verdict(StrEnum):
    """What became of one row: only `ACCEPTED` enters the state; `RETRY` and `UNKNOWN` stay pending."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RETRY = "retry"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row's result: a reason code of ours, and the destination's own words (kept out of logs).

    Words are kept as far as a person reads them, and as text that can be stored: half of a pair of UTF-16, which
    JSON may escape alone, becomes a question mark.
    """

    key: str
    verdict: Verdict
    reason: str = ""
    message: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", _storable(self.reason))
        object.__setattr__(self, "message", _storable(self.message))


def _storable(words: str) -> str:
    if len(words) > MOST_WORDS:
        words = f"{words[: MOST_WORDS - 1]}…"
    return words if words.isascii() else words.encode("utf-8", "replace").decode()
