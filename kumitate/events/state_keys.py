"""Keys of the state store: hashed where a value is personal, so that no key tells who somebody is."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

_DIGITS = 32


def who_key(kind: str, value: str) -> str:
    """Of the lake's map: `{"person": "p-…", "was": ["p-…"]}`, published after each run.

    `was` are the ids that went into the person's, if any; `value` is normalised (`identifiers`).
    """
    return who_of(root_of(kind, value))


def who_of(root: str) -> str:
    """The same of somebody whom the lake may not know, by their `root_of`."""
    return "who#" + root.replace(":", "#", 1)


def moved_key(person_id: str) -> str:
    """Of a person id that has gone into another: `{"person": "p-…"}`, published after each run."""
    return f"moved#{person_id}"


def link_of(root: str) -> str:
    """Of what events have tied to a `root_of` since: `{"to": ["member_no", "<hash>"]}`."""
    return "link#" + root.replace(":", "#", 1)


def person_key(root: str) -> str:
    """What somebody did lately; `root` is a person id, or `<kind>:<hash>` while the lake does not know them."""
    return f"person#{root}"


def card_key(sync: str, person_id: str) -> str:
    """What a sync with a trigger would send to a person, and what holds it back, as of the last run."""
    return f"card#{sync}#{person_id}"


def past_key(step: str, person_id: str = "") -> str:
    """Of a step that must not have happened before: `{"first": …, "last": …}`, of the lake's events, as ISO 8601.

    Without a person: that the lake was asked for the step.
    """
    return f"past#{step}#{person_id}"


def root_of(kind: str, value: str) -> str:
    """`anonymous_id:3b1f…` for somebody whom the lake does not know."""
    return f"{kind}:{_hashed(value)}"


@lru_cache(maxsize=4096)
def _hashed(value: str) -> str:
    return sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
