"""The destinations there are, one line each, imported when first asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from kumitate.activation.destinations.base import Destination
from kumitate.config.project import Config
from kumitate.errors import FatalError

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


def destination_for(config: Config, sync: str) -> Destination:
    """A sync's destination from both parts of its settings; pydantic's ValidationError where they are wrong."""
    section = config.syncs[sync]
    account = config.destinations[section.destination]
    class_ = destination_class(account.type)
    given = {**account.settings, **section.settings}
    if section.object is not None:
        given["object"] = section.object
    if "sync" in class_.model_fields:
        given["sync"] = sync
    return class_.model_validate(given)
