"""What becomes of a trigger that has fired, for one sync: the row that goes out at once, or what holds it back.

A function imports this: it is light, and rests on what the last run has published (`cards`) and on the event alone.
"""

from __future__ import annotations

import json
import string
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from kumitate.errors import FatalError
from kumitate.model.event import Fired, State
from kumitate.model.request import Change, Operation

FACT = "fact."
"""Begins the placeholder of what a trigger tells: `{fact.products}`. Every trigger tells `fired_id` and `fired_at`."""

NO_CONSENT = "no_consent"
KEY_EMPTY = "key.empty"
NOT_IN_SEGMENT = "not_in_segment"
CARD_OUTDATED = "card.outdated"
"""The card was published for the sync as it was before a change: the next run publishes it anew."""
PERSON_UNKNOWN, PROFILE_UNKNOWN = "person.unknown", "profile.unknown"
TOO_LATE = "too_late"
"""It could not leave as long as its trigger's `fresh` lasted."""
_ANY = "any"


@dataclass(frozen=True, slots=True)
class Budget:
    """How many messages a person gets at most within a window."""

    name: str
    most: int
    within_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FiredSync:
    """A sync that a trigger fires, as far as a firing needs to know it; fields without facts stand in the card."""

    sync: str
    trigger: str
    account: str = ""
    """The destination account that it goes to."""
    consent: str = ""
    """`marketing/email`, with a brand `marketing/email/shop`; empty where none applies."""
    has_segment: bool = False
    fresh_seconds: float = 86_400.0
    """For so long what fired is worth telling."""
    fired_key: str = ""
    """The trigger's own key, with the places of facts and of `person_id`."""
    once_seconds: float | None = None
    """How often the trigger fires for that key; None: once for ever."""
    first_step: str = ""
    """What must not have happened before, by the name of its step; empty where the trigger waits for no first time."""
    remember_seconds: float = 0.0
    """How far back it must not."""
    key_facts: bool = False
    """Whether the sync's key has facts in it."""
    values: tuple[str, ...] = ()
    """Fields that are one fact and nothing else: its value keeps its type."""
    texts: tuple[str, ...] = ()
    """Fields that have facts in a text."""
    nulls: Mapping[str, str] = field(default_factory=dict)
    """What a missing fact does, by field of `values`: keep, clear or hold."""
    budgets: tuple[Budget, ...] = ()
    """Those that its messages spend; what was sent by the last run is on the card."""


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing leaves; with `waits` it is tried again when the next run has published."""

    reason: str
    waits: bool = False


def bring(plan: FiredSync, fired: Fired, card: Mapping[str, Any] | None) -> Change | Held:
    """The row of `fired` by the person's card; consent that the events have taken back holds before all else."""
    if denies(plan, fired):
        return Held(NO_CONSENT)
    if card is None:
        return _without_card(plan, fired)
    if card.get("gate"):
        return Held(str(card["gate"]))
    if not _fits(plan, card):
        return Held(CARD_OUTDATED, waits=True)
    facts = {"fired_id": fired.id, "fired_at": fired.at.isoformat(), **fired.facts}
    key = filled(card["key"], facts, missing=None) if plan.key_facts else card["key"]
    if key is None or not key.strip():
        return Held(KEY_EMPTY)
    fields = _fields(plan, card["fields"], facts)
    return fields if isinstance(fields, Held) else Change(key, Operation.CREATE, fields, fired.person_id)


def _fits(plan: FiredSync, card: Mapping[str, Any]) -> bool:
    """Whether facts have their places in the card, as the plan says."""
    asked = [card["fields"].get(name) for name in (*plan.values, *plan.texts)]
    asked += [card["key"]] if plan.key_facts else []
    return all(isinstance(template, str) and _has_fact(template) for template in asked)


def _has_fact(template: str) -> bool:
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
    except ValueError:
        return False
    return bool(names) and all(name.startswith(FACT) for name in names)


def _without_card(plan: FiredSync, fired: Fired) -> Held:
    if not fired.person_id:
        return Held(PERSON_UNKNOWN, waits=True)
    return Held(NOT_IN_SEGMENT) if plan.has_segment else Held(PROFILE_UNKNOWN, waits=True)


def _fields(plan: FiredSync, given: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any] | Held:
    """The card's fields with the facts in them, by name."""
    fields = {name: value for name, value in given.items() if name not in plan.values}
    for name in plan.texts:
        fields[name] = filled(fields[name], facts, missing="")
    for name in plan.values:
        value, policy = _value(given[name], facts), plan.nulls.get(name, "keep")
        if value is None and policy == "hold":
            return Held(f"field.null:{name}")
        if value is not None or policy == "clear":
            fields[name] = value
    return dict(sorted(fields.items()))


def denies(plan: FiredSync, fired: Fired) -> bool:
    """Whether the person's newest events have taken back what the sync needs, from its brand or from all of them."""
    if not plan.consent:
        return False
    needed = _parts(plan.consent)
    return any(_covers(_parts(said), needed) for said in fired.denied)


def _parts(consent: str) -> tuple[str, str, str]:
    purpose, channel, brand = [*consent.split("/", 2), "", ""][:3]
    return purpose, channel, brand


def _covers(said: tuple[str, str, str], needed: tuple[str, str, str]) -> bool:
    is_channel = said[1] == needed[1] or _ANY in (said[1], needed[1])
    return said[0] == needed[0] and is_channel and said[2] in ("", needed[2])


def filled(template: str, facts: Mapping[str, Any], *, missing: str | None) -> str | None:
    """The text with its facts; one that is missing is written as `missing`, or makes the whole of it None."""
    parts = []
    for literal, name, _, _ in string.Formatter().parse(template):
        shown = shown_as(_fact(name, facts)) if name is not None else ""
        if shown is None and missing is None:
            return None
        parts += [literal, missing if shown is None else shown]
    return "".join(part for part in parts if part)


def _value(template: str, facts: Mapping[str, Any]) -> object:
    name = next((name for _, name, _, _ in string.Formatter().parse(template) if name is not None), None)
    value = _fact(name, facts)
    return None if value in ("", []) else value


def _fact(name: str | None, facts: Mapping[str, Any]) -> Any:
    return facts.get((name or "").removeprefix(FACT))


def shown_as(value: object) -> str | None:
    """A fact as people write it: `12.5`, `true`, `a, b`; of a mapping its values, one after another."""
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case int() | float() | Decimal():
            return _number(Decimal(str(value)))
        case list() | tuple():
            return ", ".join(text for each in value if (text := shown_as(each)))
        case Mapping():
            return " ".join(text for each in value.values() if (text := shown_as(each)))
        case _:
            return str(value)


def _number(value: Decimal) -> str | None:
    """Without exponent and trailing zeros, as in fields that are no facts; None for what is no number."""
    if not value.is_finite():
        return None
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def person_of(fired: Fired, found: Mapping[str, State]) -> str:
    """Who the published map says it is by now; `found` are the states of `fired.who`.

    Whom the event named stays, where any identifier still leads there; else the first that leads somewhere.
    """
    persons = [str(found[key].data["person"]) for key in fired.who if key in found]
    return fired.person_id if fired.person_id in persons else next(iter(persons), fired.person_id)


def is_fresh(plan: FiredSync, fired: Fired, now: datetime) -> bool:
    """Whether there is still a point in telling it."""
    return now - fired.at <= timedelta(seconds=plan.fresh_seconds)


def fired_json(fired: Fired) -> dict[str, Any]:
    """As the event `Trigger fired` carries it: ids and facts, and nothing that says who it is."""
    return {**asdict(fired), "at": fired.at.isoformat(), "denied": list(fired.denied), "who": list(fired.who)}


def fired_from(detail: Mapping[str, Any]) -> Fired:
    """FatalError where it is none."""
    try:
        return Fired(
            id=str(detail["id"]),
            trigger=str(detail["trigger"]),
            key=str(detail["key"]),
            person_id=str(detail["person_id"]),
            at=datetime.fromisoformat(detail["at"]),
            facts=dict(detail.get("facts") or {}),
            denied=tuple(detail.get("denied") or ()),
            who=tuple(detail.get("who") or ()),
        )
    except (KeyError, TypeError, ValueError):
        raise FatalError("an event 'Trigger fired' has not the members it should; see docs/concepts") from None


def to_json(plans: Iterable[FiredSync]) -> str:
    """The plans as a function carries them (`triggered.json`)."""
    return json.dumps([asdict(plan) for plan in plans], ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def from_json(text: str) -> tuple[FiredSync, ...]:
    """FatalError where `text` is none of ours."""
    try:
        given = json.loads(text)
        return tuple(_plan(each) for each in given)
    except (ValueError, TypeError, KeyError):
        raise FatalError("triggered.json cannot be read; deploy again") from None


def _plan(given: Mapping[str, Any]) -> FiredSync:
    lists = {name: tuple(given[name]) for name in ("values", "texts")}
    return FiredSync(**{**given, **lists, "budgets": tuple(Budget(**each) for each in given["budgets"])})
