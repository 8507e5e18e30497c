"""Match keys: what an ad platform recognises a person by, normalised by that platform's rules, then hashed.

One rule set per platform and API version; each rule takes plain text and the person's country and gives the text
that is hashed, or raises RecordError with a reason code. Nothing is stored hashed: platforms differ.
"""

from kumitate.activation.matchkeys.contacts import (
    digits,
    domestic_digits,
    e164,
    email,
    google_email,
)
from kumitate.activation.matchkeys.keys import MatchKeys, Rule, RuleSet, match_keys, readable_keys
from kumitate.activation.matchkeys.persons import name
from kumitate.activation.matchkeys.places import (
    compact_postal_code,
    country_code,
    lower_country_code,
    postal_code,
)
from kumitate.activation.matchkeys.platforms import (
    AMAZON_ADS_V1,
    CRITEO_2027_01,
    GOOGLE_DATA_MANAGER_V1,
    LINE_V2,
    LINE_V2_IFA,
    LY_AUDIENCE_V19,
    META_CONVERSIONS_V26,
    META_V26,
    PLATFORMS,
    RULE_SETS,
    TIKTOK_V13,
    TIKTOK_V13_WITHOUT_PLUS,
    X_V12,
    YAHOO_CONVERSION_V1,
)

__all__ = [
    "AMAZON_ADS_V1",
    "CRITEO_2027_01",
    "GOOGLE_DATA_MANAGER_V1",
    "LINE_V2",
    "LINE_V2_IFA",
    "LY_AUDIENCE_V19",
    "META_CONVERSIONS_V26",
    "META_V26",
    "PLATFORMS",
    "RULE_SETS",
    "TIKTOK_V13",
    "TIKTOK_V13_WITHOUT_PLUS",
    "X_V12",
    "YAHOO_CONVERSION_V1",
    "MatchKeys",
    "Rule",
    "RuleSet",
    "compact_postal_code",
    "country_code",
    "digits",
    "domestic_digits",
    "e164",
    "email",
    "google_email",
    "lower_country_code",
    "match_keys",
    "name",
    "postal_code",
    "readable_keys",
]
