"""What a firing finds that was there before: its key, another firing of its trigger, a spent budget, an earlier time.

Keys of the state store and what stands under them; a function imports this.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from kumitate.activation.triggered import Budget, FiredSync, Held
from kumitate.events.reading import milliseconds
from kumitate.events.state_keys import past_key
from kumitate.model.event import Fired, State

KEY_SENT = "key.sent"
"""Another firing has the same key, which leaves once."""
FIRED_ALREADY = "fired.already"
"""Its trigger has fired for the same key and person within `once_per`, before it was known who they are."""
NOT_FIRST = "not_first"
"""The lake knows an earlier one of what the trigger takes for the first."""
PAST_UNKNOWN = "past.unknown"
"""The lake has not been asked yet for what the trigger takes for the first: the next run does it."""
_EXPIRES = "expires_at"
_A_DAY_SECONDS = 86_400.0


def sent_key(sync: str, key: str) -> str:
    """Of the state store: which firing has a sync's key, for good: `{"fired": …}`."""
    return f"sent#{sync}#{_digest(key)}"


def fired_key(sync: str, key: str) -> str:
    """Of the state store: when a sync was told of its trigger's key, the person known: `{"<fired id>": ms}`."""
    return f"fired#{sync}#{_digest(key)}"


def fired_with(plan: FiredSync, known: Mapping[str, Any], fired: Fired) -> dict[str, Any] | None:
    """The document of a trigger's key with this firing in it; None where another is closer than `once_seconds`.

    Milliseconds since 1970: as seconds, two of exactly one day would not always be a day apart.
    """
    at, once = milliseconds(fired.at), plan.once_seconds
    others = {name: other for name, other in known.items() if name not in (fired.id, _EXPIRES)}
    if any(once is None or abs(other - at) < max(round(once * 1000), 1) for other in others.values()):
        return None
    if once is None:
        return {fired.id: at}
    lasting = round((once + plan.fresh_seconds + _A_DAY_SECONDS) * 1000)
    noted = {name: other for name, other in others.items() if other > at - lasting} | {fired.id: at}
    return noted | {_EXPIRES: (max(noted.values()) + lasting) // 1000}


def spent_key(budget: str, person_id: str) -> str:
    """Of the state store: when triggers sent the person messages of a budget: `{"<fired id>/<sync>": seconds}`."""
    return f"spent#{budget}#{person_id}"


def spent_by(budget: Budget, known: Mapping[str, Any], *, own: str, now: float) -> dict[str, Any] | None:
    """The budget's document with this message in it; None where the others have spent it all."""
    others = {
        name: at for name, at in known.items() if name not in (own, _EXPIRES) and at > now - budget.within_seconds
    }
    if len(others) >= budget.most:
        return None
    return others | {own: known.get(own, now), _EXPIRES: now + budget.within_seconds}


def unspent(known: Mapping[str, Any], *, own: str) -> dict[str, Any]:
    """The document without this message, which did not leave."""
    return {name: at for name, at in known.items() if name != own}


def _digest(key: str) -> str:
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def former_ids(person_id: str, found: Mapping[str, State]) -> list[str]:
    """The ids that went into the person's, by the states of `fired.who`."""
    told = (state.data for state in found.values() if state.data.get("person") == person_id)
    return sorted({str(each) for data in told for each in data.get("was", ())} - {person_id})


def not_first(plan: FiredSync, fired: Fired, found: Mapping[str, State]) -> Held | None:
    """What the lake says against a first time; `found` are the states of `past_key`, of the step and of the person.

    It may know the event at hand by now, and later ones. Between an earlier and a later one nothing is a first time.
    """
    if not plan.first_step:
        return None
    if past_key(plan.first_step) not in found:
        return Held(PAST_UNKNOWN, waits=True)
    past = found.get(past_key(plan.first_step, fired.person_id))
    if past is None:
        return None
    first, last = (datetime.fromisoformat(past.data[name]) for name in ("first", "last"))
    before = fired.at - timedelta(seconds=plan.remember_seconds)
    has_happened = before <= last if last < fired.at else first < fired.at
    return Held(NOT_FIRST) if has_happened else None
