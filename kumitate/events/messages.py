"""From what an SDK sends to the event that is kept: names and ids checked, times set right, the rest left as it is."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from kumitate.errors import RecordError
from kumitate.events.routing import CALLS
from kumitate.events.times import Moments, moments, written
from kumitate.model.event import MARKS, SECTIONS

_IDS = ("userId", "anonymousId", "groupId", "previousId")
_MAX_ID = 100
_REPLACED = "id.replaced"
_PRIVATE = ("writeKey", MARKS)
"""What a sender may not leave in an event: a key is a secret, marks are ours."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What holds for every event of one call."""

    at: datetime
    source: str
    key: str = ""
    """The write key's name; empty for a webhook."""
    envelope: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What stands beside `batch`: `sentAt`, `context`, `integrations`."""
    address: str = field(default="", repr=False)
    """Of the person: not of the server that sends for them."""
    agent: str = field(default="", repr=False)
    needs_person: bool = True
    salt: str = ""
    """Tells apart what is alike: with one of its own, a call's derived ids are no other call's."""


@dataclass(frozen=True, slots=True)
class Message:
    """An event as it will be kept, but for its marks."""

    event: dict[str, Any] = field(repr=False)
    moments: Moments
    flags: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return str(self.event["messageId"])

    @property
    def person(self) -> str:
        return str(self.event.get("anonymousId") or self.event.get("userId") or self.id)


def message_of(item: dict[str, Any], call: str, arrival: Arrival, *, unique: str) -> Message:
    """The event of a call that the path names, or else `type`; `unique` is what it was written as, and where.

    RecordError where it lacks what it needs.
    """
    event = {name: value for name, value in item.items() if name not in _PRIVATE}
    event["type"] = _call(event, call)
    _set_ids(event)
    _set_sections(event, arrival)
    _check_needs(event, arrival)
    times = moments(
        event.get("originalTimestamp") or event.get("timestamp") or arrival.envelope.get("timestamp"),
        event.get("sentAt") or arrival.envelope.get("sentAt"),
        arrival.at,
    )
    event["originalTimestamp"], event["sentAt"] = times.original, times.sent
    event["receivedAt"], event["timestamp"] = written(arrival.at), written(times.happened)
    return Message(event, times, (*_set_message_id(event, arrival, unique), *times.flags))


def _call(event: Mapping[str, Any], call: str) -> str:
    named = call or event.get("type")
    if not isinstance(named, str) or not named:
        raise RecordError("type.missing", "type")
    if named.lower() not in CALLS:
        raise RecordError("type.unknown", "type")
    return named.lower()


def _set_ids(event: dict[str, Any]) -> None:
    """Numbers as text; SDKs send null and empty ones where they know none."""
    for name in _IDS:
        if name in event:
            value = _id(event.pop(name), name)
            if value:
                event[name] = value


def _id(value: Any, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    raise RecordError("field.no_text", name)


def _set_sections(event: dict[str, Any], arrival: Arrival) -> None:
    shared = arrival.envelope.get("context", {})
    for name in SECTIONS:
        value = event.get(name)
        if value is None:
            event.pop(name, None)
        elif not isinstance(value, dict):
            raise RecordError("field.no_object", name)
    if shared:
        event["context"] = {**deepcopy(shared), **event.get("context", {})}
    if "integrations" not in event and "integrations" in arrival.envelope:
        event["integrations"] = arrival.envelope["integrations"]


def _check_needs(event: Mapping[str, Any], arrival: Arrival) -> None:
    call = event["type"]
    if call == "merge":
        if not isinstance(event.get("mergeProperties"), list):
            raise RecordError("merge.missing", "mergeProperties")
        return
    if call == "track" and not (isinstance(event.get("event"), str) and event["event"].strip()):
        raise RecordError("name.missing", "event")
    if call == "group" and "groupId" not in event:
        raise RecordError("group.missing", "groupId")
    if call == "alias" and "previousId" not in event:
        raise RecordError("previous.missing", "previousId")
    if arrival.needs_person and "userId" not in event and "anonymousId" not in event:
        raise RecordError("person.missing", "userId")


def _set_message_id(event: dict[str, Any], arrival: Arrival, unique: str) -> tuple[str, ...]:
    """An SDK's own, or one made of it where it is too long; else one that the same body sent again gets again."""
    given = event.get("messageId")
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    if isinstance(given, str) and given.strip():
        event["messageId"] = given.strip() if _is_id(given.strip()) else _derived(f"{arrival.source}\n{given}")
        return () if event["messageId"] == given.strip() else (_REPLACED,)
    sent = arrival.envelope.get("sentAt") or ""
    event["messageId"] = _derived(f"{arrival.source}\n{sent}\n{arrival.salt}\n{unique}")
    return (_REPLACED,) if given else ()


def _is_id(text: str) -> bool:
    """The lake reads text without what cannot be seen: it would take two ids for one, or for none."""
    return len(text) <= _MAX_ID and text.isprintable()


def _derived(content: str) -> str:
    return f"derived-{sha256(content.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
