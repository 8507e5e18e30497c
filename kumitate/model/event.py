"""Events on their way in: what was called, what was taken, and what is told about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

MARKS = "_kumitate"
"""The member of a collected event that holds what the collector found: `source`, `key` (the write key's name), `flags`
(`bot`, `replayed`, `time.future` …), `contract` (`order_completed/1.1`), `violations`, `consent` (`{"marketing/email":
true}`), and for a blocked one `blocked` (the reason): such a line goes to quarantine when it is read."""

SECTIONS = ("properties", "traits", "context")
_API = """
type event name category messageId userId anonymousId groupId previousId mergeProperties timestamp originalTimestamp
sentAt receivedAt integrations channel version
"""
MEMBERS = frozenset((*SECTIONS, *_API.split()))
"""What the tracking APIs of Segment and RudderStack know of an event; other members are a sender's own."""


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request as it came in; header names are lower-case, `body` is not yet unpacked."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    address: str = field(repr=False)
    """The sender's IP address."""
    at: datetime
    query: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: never a stack trace, never a value of the request."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """One collected event of a source: `line` is its JSON (UTF-8, one line, no break) with `MARKS` in it.

    `person` is stable for one person as far as the event tells (anonymous id, else user id, else message id):
    events of one person keep their order. `id` is the messageId, with the reason where the event is blocked: an id that
    comes again counts once, unless it was blocked before and is not, or otherwise, now.
    """

    source: str
    id: str
    person: str = field(repr=False)
    line: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Fired:
    """A trigger that has fired: `id` is the same however often it is told."""

    id: str
    trigger: str
    key: str = field(repr=False)
    person_id: str
    """Of the lake; empty while it does not know the person."""
    at: datetime
    """When the condition came true, by the events' own time."""
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)
    denied: tuple[str, ...] = ()
    """Consents that the person's newest events have taken back: `marketing/email`."""
    who: tuple[str, ...] = ()
    """State keys of what the events call the person by (`who#member_no#…`, hashed), to ask the lake's map again."""


@dataclass(frozen=True, slots=True)
class State:
    """What is kept under a key: JSON, and a version that each write raises; 0 where there is nothing."""

    data: Mapping[str, Any] = field(repr=False)
    version: int = 0
