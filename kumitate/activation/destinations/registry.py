"""The destinations there are, one line each, imported when first asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kumitate.activation.destinations.base import Destination
from kumitate.errors import FatalError

if TYPE_CHECKING:
    from kumitate.config.project import Config

_HERE = "kumitate.activation.destinations"

REGISTRY: Mapping[str, str] = {
    "connect_customer_profiles": f"{_HERE}.connect_customer_profiles:ConnectCustomerProfiles",
    "google_data_manager": f"{_HERE}.google_data_manager:GoogleDataManager",
    "meta": f"{_HERE}.meta:Meta",
    "salesforce": f"{_HERE}.salesforce:Salesforce",
    "ses": f"{_HERE}.ses:Ses",
    "slack": f"{_HERE}.slack:Slack",
}


def destination_class(type_: str) -> type[Destination]:
    """The class registered for a type; FatalError naming those that exist."""
    if type_ not in REGISTRY:
        raise FatalError(f"unknown destination type {type_!r}; there are {', '.join(sorted(REGISTRY))}")
    module, _, name = REGISTRY[type_].partition(":")
    found: type[Destination] = getattr(importlib.import_module(module), name)
    return found


def settings_for(config: Config, sync: str) -> dict[str, Any]:
    """A sync's settings from both parts, as its destination's class takes them."""
    section = config.syncs[sync]
    account = config.destinations[section.destination]
    given = {**account.settings, **section.settings}
    if section.object is not None:
        given["object"] = section.object
    if "sync" in destination_class(account.type).model_fields:
        given["sync"] = sync
    return given


def destination_for(config: Config, sync: str) -> Destination:
    """A sync's destination; pydantic's ValidationError where its settings are wrong."""
    account = config.destinations[config.syncs[sync].destination]
    return destination_class(account.type).model_validate(settings_for(config, sync))
