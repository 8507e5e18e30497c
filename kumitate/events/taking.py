"""Takes one event of a source: as its consent, contracts, allow-list and rules on bots and addresses say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kumitate.errors import RecordError
from kumitate.events.answering import Rejected
from kumitate.events.bots import is_bot
from kumitate.events.collecting import Intake
from kumitate.events.contracts import Contracts, Verdict, marks_of
from kumitate.events.messages import Arrival, Message, message_of
from kumitate.events.minimising import address, minimise, tree_of
from kumitate.events.unpacking import compact, written
from kumitate.model.event import MARKS, Event

BOT, REPLAYED = "bot", "replayed"
_LONGEST_ID = 100
_TOLD_ADDRESS = "request_ip"
"""Where RudderStack's events have the address that they came from."""
_Marks = dict[str, Any]
_Blamed = tuple[str, str] | tuple[()]
"""Reason and field; nothing where the event is good."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one item: an event to keep, or why there is none; both where it goes to quarantine."""

    event: Event | None = None
    rejected: Rejected | None = None


@dataclass(frozen=True)
class Taker:
    """One source's rules, made ready."""

    intake: Intake
    contracts: Contracts = field(repr=False)
    allowed: Mapping[str, Any] | None

    def each(self, items: Iterable[Any], call: str, arrival: Arrival) -> Iterator[Taken]:
        """One outcome an item, in their order."""
        for index, item in enumerate(items):
            try:
                message, event, blamed = self._taken(item, call, arrival, unique=f"{index}\n{written(item)}")
            except RecordError as error:
                yield Taken(rejected=Rejected(index, error.reason, error.field, _id(item)))
            else:
                yield Taken(event, Rejected(index, *blamed, id=message.id) if blamed else None)

    def _taken(
        self, item: dict[str, Any], call: str, arrival: Arrival, *, unique: str
    ) -> tuple[Message, Event, _Blamed]:
        """And why it goes to quarantine; what is blocked is known apart, so that it may come again mended."""
        message = message_of(item, call, arrival, unique=unique)
        event = message.event
        flags = [*message.flags, *self._flags(message, arrival)]
        marks: _Marks = {"source": self.intake.source, "key": arrival.key, "flags": flags}
        consent = consent_of(event.get("context"), self.intake.consent)
        verdict = self.contracts.judge(event)
        _share_traits(event)
        _set_address(event, arrival.address, self.intake.ip)
        dropped = minimise(event, dict(self.allowed)) if self.allowed is not None else {}
        marks |= {"consent": consent, "dropped": dropped, **marks_of(verdict)}
        event[MARKS] = {name: value for name, value in marks.items() if value}
        known_as = f"{message.id}\n{verdict.blocked}" if verdict.blocked else message.id
        kept = Event(self.intake.source, known_as, message.person, compact(event).encode())
        return message, kept, _blamed(verdict)

    def _flags(self, message: Message, arrival: Arrival) -> list[str]:
        flags = []
        agent = (message.event.get("context") or {}).get("userAgent")
        if is_bot(agent if isinstance(agent, str) and agent else arrival.agent):
            if self.intake.bots == "reject":
                raise RecordError("event.bot")
            flags.append(BOT)
        if (arrival.at - message.moments.happened).total_seconds() > self.intake.replayed_after_seconds:
            flags.append(REPLAYED)
        return flags


def _blamed(verdict: Verdict) -> _Blamed:
    field_ = next((each.told for each in verdict.violations if each.action == "block"), "")
    return (verdict.blocked, field_) if verdict.blocked else ()


def _id(item: Any) -> str:
    """What the sender calls an event that is not taken."""
    given = item.get("messageId") if isinstance(item, dict) else None
    return given if isinstance(given, str) and len(given) <= _LONGEST_ID else ""


def taker_of(intake: Intake) -> Taker:
    return Taker(intake, Contracts(intake), tree_of(intake.allow) if intake.allow else None)


def _share_traits(event: dict[str, Any]) -> None:
    """Who is identified stands where every other call has it, too: Segment's SDKs tell it in `traits` alone."""
    traits, context = event.get("traits"), event.get("context") or {}
    told = context.get("traits") or {}
    if event["type"] == "identify" and traits and isinstance(told, dict):
        event["context"] = {**context, "traits": {**traits, **told}}


def _set_address(event: dict[str, Any], sender: str, rule: str) -> None:
    """What the event brings, or else the sender's, as far as the source keeps it."""
    context, told = event.get("context") or {}, event.pop(_TOLD_ADDRESS, None)
    kept = address(context.get("ip") or told or sender, rule)
    without = {name: value for name, value in context.items() if name != "ip"}
    if kept is not None:
        event["context"] = {**without, "ip": kept}
    elif "ip" in context:
        event["context"] = without


def consent_of(context: Any, purposes: Mapping[str, str]) -> dict[str, bool]:
    """`{"marketing/email": False}`; what one category of a purpose denies, another does not grant.

    Segment's SDKs tell `context.consent.categoryPreferences`, RudderStack's `context.consentManagement` with the ids
    that are allowed and denied.
    """
    if not purposes or not isinstance(context, dict):
        return {}
    given: dict[str, bool] = {}
    for category, granted in _categories(context).items():
        purpose = purposes.get(category)
        if purpose is not None:
            given[purpose] = granted and given.get(purpose, True)
    return given


def _categories(context: Mapping[str, Any]) -> dict[str, bool]:
    preferences = _below(context, "consent").get("categoryPreferences")
    found = dict(preferences) if isinstance(preferences, dict) else {}
    managed = _below(context, "consentManagement")
    for name, granted in (("allowedConsentIds", True), ("deniedConsentIds", False)):
        ids = managed.get(name)
        found |= {each: granted for each in ids if isinstance(each, str)} if isinstance(ids, list) else {}
    return {category: granted for category, granted in found.items() if isinstance(granted, bool)}


def _below(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}
