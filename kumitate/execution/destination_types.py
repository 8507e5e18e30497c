"""What each type of destination can do, as its class says it: modes, objects, settings, limits, how it forgets."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from kumitate.activation.destinations.auth import NoAuth, OAuth1, SecretUrl, Signature
from kumitate.activation.destinations.registry import REGISTRY, destination_class, vendor_of
from kumitate.activation.destinations.talk import Conversing, Reporting, erases
from kumitate.config.json_schema import field_texts

if TYPE_CHECKING:  # a cold start pays for destinations when it knows which
    from kumitate.activation.destinations.base import Destination

_OWN = frozenset({"mode", "sync"})
"""Settings that Kumitate fills in itself."""


def every_type() -> list[dict[str, Any]]:
    """All registered types by name, in short."""
    return [_short(type_, destination_class(type_)) for type_ in sorted(REGISTRY)]


def one_type(type_: str) -> dict[str, Any]:
    """All that a class says of itself; FatalError for an unknown type."""
    kind = destination_class(type_)
    terms = kind.terms
    return _short(type_, kind) | {
        "about": inspect.cleandoc(kind.__doc__ or ""),
        "settings": _settings(kind),
        "fields": sorted(terms.accepts) if terms.accepts is not None else None,
        "needs": sorted(terms.needs),
        "auth": _auth(kind),
        "address": terms.base_url or ("AWS" if terms.is_aws else "the account's own"),
        "rows_a_request": terms.most_rows or None,
        "seconds_between_requests": terms.seconds_between_requests,
        "daily_requests": terms.daily_requests,
        "least_rows": terms.least_rows or None,
        "repeatable": terms.idempotent,
        "erase_by_hand": terms.erase_by_hand,
    }


_TOLD_WITH_THEIR_VENDOR = frozenset({"personalize.events", "slack.webhook", "webhook.once"})
"""Objects without a page of their own."""


def _short(type_: str, kind: type[Destination]) -> dict[str, Any]:
    terms = kind.terms
    return {
        "type": type_,
        "modes": sorted(terms.modes),
        "objects": sorted(name for name in REGISTRY if vendor_of(name) == type_ and name != type_),
        "tells_later": issubclass(kind, Conversing) or issubclass(kind, Reporting),
        "erases": erases(kind),
        "docs": f"docs/destinations/{vendor_of(type_) if type_ in _TOLD_WITH_THEIR_VENDOR else type_}.md",
    }


def _settings(kind: type[Destination]) -> list[dict[str, Any]]:
    schema = kind.model_json_schema()
    required = schema.get("required", [])
    below = field_texts(kind)
    texts = {field.alias or name: below.get(name, "") for name, field in kind.model_fields.items()}
    return [
        {
            "name": name,
            "required": name in required,
            "default": told.get("default"),
            "pattern": told.get("pattern"),
            "about": " ".join((told.get("description") or texts.get(name, "")).split()),
        }
        for name, told in schema.get("properties", {}).items()
        if name not in _OWN
    ]


def _auth(kind: type[Destination]) -> str:
    match kind.terms.auth:
        case _ if kind.terms.is_aws:
            return "AWS credentials"
        case OAuth1():
            return "OAuth 1.0a"
        case Signature(header):
            return f"signed body in {header}"
        case SecretUrl():
            return "the secret is the address"
        case NoAuth():
            return "none"
    return f"token in {kind.terms.auth.header}"
