"""The destinations there are, one line each, imported when first asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kumitate.errors import FatalError

if TYPE_CHECKING:
    from kumitate.activation.destinations.base import Destination
    from kumitate.config.project import Config
    from kumitate.config.sync import Destination as Account
    from kumitate.config.sync import Sync

_HERE = "kumitate.activation.destinations"

REGISTRY: Mapping[str, str] = {
    "account_engagement": f"{_HERE}.account_engagement:AccountEngagement",
    "braze": f"{_HERE}.braze:Braze",
    "connect_campaign": f"{_HERE}.connect_campaign:ConnectCampaign",
    "connect_campaign.segment": f"{_HERE}.connect_segment:ConnectSegment",
    "connect_customer_profiles": f"{_HERE}.connect_customer_profiles:ConnectCustomerProfiles",
    "criteo": f"{_HERE}.criteo:Criteo",
    "files": f"{_HERE}.files:Files",
    "google_data_manager": f"{_HERE}.google_data_manager:GoogleDataManager",
    "google_data_manager.event": f"{_HERE}.google_event:GoogleEvent",
    "hubspot": f"{_HERE}.hubspot:Hubspot",
    "hubspot.list": f"{_HERE}.hubspot_list:HubspotList",
    "hubspot.task": f"{_HERE}.hubspot_task:HubspotTask",
    "kintone": f"{_HERE}.kintone:Kintone",
    "line": f"{_HERE}.line:Line",
    "line.narrowcast": f"{_HERE}.line_narrowcast:LineNarrowcast",
    "line.push": f"{_HERE}.line_push:LinePush",
    "ly_ads": f"{_HERE}.ly_ads:LyAds",
    "ly_conversion": f"{_HERE}.ly_conversion:LyConversion",
    "marketo": f"{_HERE}.marketo:Marketo",
    "marketo.list": f"{_HERE}.marketo_list:MarketoList",
    "meta": f"{_HERE}.meta:Meta",
    "meta.conversion": f"{_HERE}.meta_conversion:MetaConversion",
    "personalize": f"{_HERE}.personalize:Personalize",
    "personalize.events": f"{_HERE}.personalize_event:PersonalizeEvent",
    "pinpoint": f"{_HERE}.pinpoint:Pinpoint",
    "push": f"{_HERE}.push:Push",
    "salesforce": f"{_HERE}.salesforce:Salesforce",
    "ses": f"{_HERE}.ses:Ses",
    "slack": f"{_HERE}.slack:Slack",
    "slack.webhook": f"{_HERE}.slack_webhook:SlackWebhook",
    "sms": f"{_HERE}.sms:Sms",
    "teams": f"{_HERE}.teams:Teams",
    "tiktok": f"{_HERE}.tiktok:Tiktok",
    "webhook": f"{_HERE}.webhook:Webhook",
    "webhook.once": f"{_HERE}.webhook:WebhookOnce",
    "whatsapp": f"{_HERE}.whatsapp:Whatsapp",
    "x": f"{_HERE}.x:X",
    "yahoo_conversion": f"{_HERE}.yahoo_conversion:YahooConversion",
}


VENDORS = frozenset(type_ for type_ in REGISTRY if "." not in type_)
"""Types an account may have; `line.push` is an object of `line`."""


def registered(account: Account, sync: Sync) -> str:
    """The registered type a sync goes to: `line.push` for `object: push` at an account of type `line`, where the
    vendor's objects differ in kind; else the account's type alone, and the object is a setting.
    """
    special = f"{account.type}.{sync.object}"
    return special if special in REGISTRY else account.type


def vendor_of(type_: str) -> str:
    """The account's type of a registered one: `line` for `line.push`."""
    return type_.partition(".")[0]


def destination_class(type_: str) -> type[Destination]:
    """The class registered for a type (`line`, `line.push`); FatalError naming those that exist."""
    if type_ not in REGISTRY:
        raise FatalError(f"unknown destination type {type_!r}; there are {', '.join(sorted(REGISTRY))}")
    module, _, name = REGISTRY[type_].partition(":")
    found: type[Destination] = getattr(importlib.import_module(module), name)
    return found


def settings_for(config: Config, sync: str) -> dict[str, Any]:
    """A sync's settings from both parts, as its destination's class takes them."""
    section = config.syncs[sync]
    account = config.destinations[section.destination]
    type_ = registered(account, section)
    given = {**account.settings, **section.settings}
    if section.object is not None and type_ == account.type:
        given["object"] = section.object
    own = {"sync": sync, "mode": section.mode}
    given |= {name: own[name] for name in own.keys() & destination_class(type_).model_fields.keys()}
    return given


def destination_for(config: Config, sync: str) -> Destination:
    """A sync's destination; pydantic's ValidationError where its settings are wrong."""
    section = config.syncs[sync]
    type_ = registered(config.destinations[section.destination], section)
    return destination_class(type_).model_validate(settings_for(config, sync))
