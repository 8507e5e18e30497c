"""The stand-ins there are, by destination type, imported when first called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache

from kumitate.sandbox.call import Vendor

VENDORS: Mapping[str, str] = {
    "account_engagement": "kumitate.sandbox.account_engagement",
    "braze": "kumitate.sandbox.braze",
    "connect_campaign": "kumitate.sandbox.connect_campaign",
    "connect_customer_profiles": "kumitate.sandbox.connect_customer_profiles",
    "criteo": "kumitate.sandbox.criteo",
    "files": "kumitate.sandbox.files",
    "google_data_manager": "kumitate.sandbox.google_data_manager",
    "hubspot": "kumitate.sandbox.hubspot",
    "kintone": "kumitate.sandbox.kintone",
    "line": "kumitate.sandbox.line",
    "ly_ads": "kumitate.sandbox.ly_ads",
    "ly_conversion": "kumitate.sandbox.ly_conversion",
    "marketo": "kumitate.sandbox.marketo",
    "meta": "kumitate.sandbox.meta",
    "personalize": "kumitate.sandbox.personalize",
    "pinpoint": "kumitate.sandbox.pinpoint",
    "push": "kumitate.sandbox.push",
    "salesforce": "kumitate.sandbox.salesforce",
    "ses": "kumitate.sandbox.ses",
    "slack": "kumitate.sandbox.slack",
    "sms": "kumitate.sandbox.sms",
    "teams": "kumitate.sandbox.teams",
    "tiktok": "kumitate.sandbox.tiktok",
    "webhook": "kumitate.sandbox.webhook",
    "whatsapp": "kumitate.sandbox.whatsapp",
    "x": "kumitate.sandbox.x",
    "yahoo_conversion": "kumitate.sandbox.yahoo_conversion",
}


@cache
def vendor(type_: str) -> Vendor:
    found: Vendor = importlib.import_module(VENDORS[type_]).answer
    return found
