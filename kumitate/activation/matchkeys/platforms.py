"""The rule sets: one per platform and version of its API, each with the page its rules come from."""

from __future__ import annotations

from collections.abc import Mapping

from kumitate.activation.matchkeys import contacts, identifiers, persons, places
from kumitate.activation.matchkeys.kana import roman
from kumitate.activation.matchkeys.keys import Rule, RuleSet

_NAMES_AND_PLACE = frozenset({"given_name", "family_name", "postal_code", "country"})
_ROMAN_FIRST: Mapping[str, tuple[tuple[str, Rule], ...]] = {
    "given_name": (("given_name_roman", persons.joined_name), ("given_name_kana", roman)),
    "family_name": (("family_name_roman", persons.joined_name), ("family_name_kana", roman)),
}
_DEVICES = ("idfa", "aaid")


def _any_device(rule: Rule) -> tuple[tuple[str, Rule], ...]:
    return tuple((name, rule) for name in _DEVICES)


def _each_alone(*names: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset({name}) for name in names)


GOOGLE_DATA_MANAGER_V1 = RuleSet(
    "google_data_manager.v1",
    {
        "email": contacts.google_email,
        "phone": contacts.e164,
        "given_name": persons.name,
        "family_name": persons.name,
        "postal_code": places.postal_code,
        "country": places.country_code,
    },
    plain=frozenset({"postal_code", "country"}),
    enough=(*_each_alone("email", "phone"), _NAMES_AND_PLACE),
)
"""https://developers.google.com/data-manager/api/devguides/concepts/formatting"""

META_V26 = RuleSet(
    "meta.v26",
    {
        "email": contacts.email,
        "phone": contacts.digits,
        "given_name": persons.joined_name,
        "family_name": persons.joined_name,
        "gender": persons.gender,
        "birth_year": persons.year,
        "birth_month": persons.month,
        "birth_day": persons.day,
        "city": places.letters,
        "state": places.state,
        "postal_code": places.compact_postal_code,
        "country": places.lower_country_code,
        "madid": identifiers.lower_device_id,
    },
    plain=frozenset({"madid"}),
    instead={
        **_ROMAN_FIRST,
        "birth_year": (("birthdate", persons.birth_year),),
        "birth_month": (("birthdate", persons.birth_month),),
        "birth_day": (("birthdate", persons.birth_day),),
        "madid": _any_device(identifiers.lower_device_id),
    },
    enough=(*_each_alone("email", "phone", "madid"), _NAMES_AND_PLACE),
)
"""https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences#hash; no spaces in names, as
in Meta's own library, https://github.com/facebook/capi-param-builder"""

META_CONVERSIONS_V26 = RuleSet(
    "meta_conversions.v26",
    {
        "email": contacts.email,
        "phone": contacts.digits,
        "given_name": persons.joined_name,
        "family_name": persons.joined_name,
        "gender": persons.gender,
        "birthdate": persons.birthdate,
        "city": places.letters,
        "state": places.state,
        "postal_code": places.compact_postal_code,
        "country": places.lower_country_code,
        "external_id": identifiers.folded_id,
        "madid": identifiers.lower_device_id,
    },
    plain=frozenset({"madid"}),
    opaque=frozenset({"external_id"}),
    instead={**_ROMAN_FIRST, "madid": _any_device(identifiers.lower_device_id)},
    enough=(*_each_alone("email", "phone", "external_id", "madid"), _NAMES_AND_PLACE),
)
"""https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters
names and external ids without spaces, the latter in lower case: https://github.com/facebook/capi-param-builder"""

_TIKTOK = {
    "email": contacts.unsuffixed_email,
    "idfa": identifiers.lower_device_id,
    "aaid": identifiers.lower_device_id,
}
TIKTOK_V13 = RuleSet("tiktok.v1.3", {**_TIKTOK, "phone": contacts.e164})
"""https://ads.tiktok.com/help/article/how-to-create-a-custom-audience-with-a-customer-file (September 2025): E.164."""

TIKTOK_V13_WITHOUT_PLUS = RuleSet("tiktok.v1.3.without_plus", {**_TIKTOK, "phone": contacts.digits})
"""https://ads.tiktok.com/help/article/list-of-supported-ids-and-formats-for-a-customer-file (August 2025): no plus."""

X_V12 = RuleSet(
    "x.v12",
    {
        "email": contacts.email,
        "phone": contacts.e164,
        "device_id": identifiers.lower_device_id,
        "handle": identifiers.handle,
        "twitter_id": identifiers.number,
        "partner_user_id": identifiers.readable_id,
    },
    plain=frozenset({"partner_user_id"}),
    opaque=frozenset({"partner_user_id"}),
    instead={
        "device_id": (("madid", identifiers.lower_device_id), *_any_device(identifiers.lower_device_id)),
        "partner_user_id": (("external_id", identifiers.readable_id),),
    },
)
"""https://developer.x.com/en/docs/x-ads-api/audiences/overview/user-data"""

CRITEO_2027_01 = RuleSet(
    "criteo.2027-01",
    {"email": contacts.email, "phone": contacts.digits, "madid": identifiers.lower_device_id},
    plain=frozenset({"madid"}),
    instead={"madid": _any_device(identifiers.lower_device_id)},
)
"""https://developers.criteo.com/marketing-solutions/docs/contact-list-audiences; phones as in Criteo's help,
https://help.criteo.com/kb/guide/en/criteo-onetag-advanced-settings-M2TiX6m90K/Steps/886908,4106561,4106563"""

LY_AUDIENCE_V19 = RuleSet(
    "ly_audience.v19",
    {
        "email": contacts.email,
        "phone": contacts.digits,
        "idfa": identifiers.upper_device_id,
        "aaid": identifiers.lower_device_id,
    },
    plain=frozenset({"idfa", "aaid"}),
)
"""https://ads-help.yahoo-net.jp/s/article/H000044507"""

YAHOO_CONVERSION_V1 = RuleSet("yahoo_conversion.v1", {"email": contacts.email, "phone": contacts.domestic_digits})
"""https://github.com/yahoojp-marketing/ads-data-management-api-documents"""

LINE_V2 = RuleSet(
    "line.v2",
    {"line_user_id": identifiers.line_user_id},
    plain=frozenset({"line_user_id"}),
)
"""https://developers.line.biz/en/reference/messaging-api/#create-upload-audience-group"""

LINE_V2_IFA = RuleSet(
    "line.v2.ifa",
    {"madid": identifiers.lower_device_id},
    plain=frozenset({"madid"}),
    instead={"madid": (("idfa", identifiers.upper_device_id), ("aaid", identifiers.lower_device_id))},
)
"""The same audiences by advertising id (`isIfaAudience`), for accounts that LINE has allowed it."""

AMAZON_ADS_V1 = RuleSet(
    "amazon_ads.v1",
    {
        "email": contacts.email,
        "phone": contacts.digits,
        "given_name": persons.compact_name,
        "family_name": persons.compact_name,
        "address": places.uploaded,
        "city": places.uploaded,
        "state": places.state,
        "postal_code": places.compact_postal_code,
    },
    enough=(
        *_each_alone("email", "phone"),
        frozenset({"given_name", "family_name", "address", "postal_code"}),
    ),
)
"""https://advertising.amazon.com/help/GCCXMZYCK4RXWS6A; held to the published vectors of Amazon's own uploader."""

PLATFORMS: Mapping[str, RuleSet] = {
    "google": GOOGLE_DATA_MANAGER_V1,
    "meta": META_V26,
    "meta_conversions": META_CONVERSIONS_V26,
    "line": LINE_V2,
    "ly": LY_AUDIENCE_V19,
    "yahoo_conversion": YAHOO_CONVERSION_V1,
    "tiktok": TIKTOK_V13,
    "x": X_V12,
    "criteo": CRITEO_2027_01,
    "amazon_ads": AMAZON_ADS_V1,
}
"""The rule sets by the platform's short name, at the version that its destination speaks."""

RULE_SETS: Mapping[str, RuleSet] = {
    rules.name: rules for rules in (*PLATFORMS.values(), TIKTOK_V13_WITHOUT_PLUS, LINE_V2_IFA)
}
"""Every rule set by its full name."""
