"""Which services a platform needs, and in which regions AWS offers them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from kumitate.blueprint.platform import Platform

APPFLOW = "Amazon AppFlow"
CUSTOMER_PROFILES = "Amazon Connect Customer Profiles"
CAMPAIGNS = "Amazon Connect outbound campaigns"
SES = "Amazon SES"
SMS = "AWS End User Messaging (SMS)"
PUSH = "AWS End User Messaging (push)"
PERSONALIZE = "Amazon Personalize"

_OF_DESTINATIONS: Mapping[str, tuple[str, ...]] = {
    "connect_campaign": (CAMPAIGNS, CUSTOMER_PROFILES),
    "connect_customer_profiles": (CUSTOMER_PROFILES,),
    "personalize": (PERSONALIZE,),
    "pinpoint": (PUSH,),  # one API and one address, whatever of it has ended
    "push": (PUSH,),
    "ses": (SES,),
    "sms": (SMS,),
}
"""What a destination inside AWS is called at; of the others the SDK lists no regions."""


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name("regions.yaml").read_text(encoding="utf-8"))
    return table


def all_regions() -> tuple[str, ...]:
    return tuple(_table()["everywhere"])


def regions_of(service: str) -> tuple[str, ...]:
    return tuple(_table()["services"][service]["regions"])


def endpoints() -> dict[str, str]:
    """Service -> what botocore calls it."""
    return {name: service["endpoint"] for name, service in _table()["services"].items()}


def needed(platform: Platform) -> Iterator[tuple[str, str]]:
    """Services that are not everywhere, each with what needs it, in the project's words."""
    messaging = platform.environment.messaging
    for pulled in platform.pulls:
        if pulled.by_appflow:
            yield APPFLOW, f"source {pulled.name!r} is pulled"
    wanted = {
        SES: messaging.email,
        SMS: messaging.sms,
        PUSH: messaging.push,
        CAMPAIGNS: messaging.connect_instance is not None,
        CUSTOMER_PROFILES: messaging.connect_instance is not None,
    }
    yield from ((service, "the environment's 'messaging'") for service, wants in wanted.items() if wants)
    for account in platform.accounts:
        for service in _OF_DESTINATIONS.get(account.type, ()):
            yield service, f"destination {account.name!r}"
