"""What syncs put into Amazon Connect Customer Profiles, as object types of a domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kumitate.activation.destinations.connect_customer_profiles import ConnectCustomerProfiles
from kumitate.activation.destinations.connect_segment import mark_of
from kumitate.activation.destinations.registry import registered
from kumitate.blueprint.platform import Platform, SyncRoute

_OBJECTS, _SEGMENT = "connect_customer_profiles", "connect_campaign.segment"
_OWN = {
    "BirthDate": "STRING",
    "BusinessName": "STRING",
    "EmailAddress": "EMAIL_ADDRESS",
    "FirstName": "NAME",
    "GenderString": "STRING",
    "LastName": "NAME",
    "MiddleName": "NAME",
    "MobilePhoneNumber": "PHONE_NUMBER",
    "PhoneNumber": "PHONE_NUMBER",
}
"""Fields that a profile has itself, with their kind; every other becomes an attribute of the profile."""


@dataclass(frozen=True, slots=True)
class ProfileField:
    name: str
    target: str
    kind: str


@dataclass(frozen=True, slots=True)
class ProfileObject:
    """One object type: `key` makes an object one of its kind, and finds its profile."""

    name: str
    key: str
    fields: tuple[ProfileField, ...]


def domain_of(platform: Platform) -> str:
    """The domain that the project's destinations name; its own name where none does."""
    named = {str(settings["domain"]) for _, settings in _routes(platform) if "domain" in settings}
    return min(named, default=platform.names.called("profiles"))


def profile_objects(platform: Platform) -> tuple[ProfileObject, ...]:
    """An object type for each that a sync writes, with the fields of all syncs that write it."""
    fields: dict[str, dict[str, ProfileField]] = {}
    keys: dict[str, str] = {}
    for route, settings in _routes(platform):
        is_segment = _type(platform, route) == _SEGMENT
        name = str(settings["object_type"]) if is_segment else route.sync.object or ""
        marks = [mark_of(route.name)] if is_segment else []
        keys[name] = str(settings.get("key_field", ConnectCustomerProfiles.model_fields["key_field"].default))
        fields.setdefault(name, {}).update({each: _field(each) for each in (*route.sync.fields, *marks)})
    return tuple(ProfileObject(name, keys[name], tuple(fields[name].values())) for name in sorted(fields))


def _routes(platform: Platform) -> list[tuple[SyncRoute, Mapping[str, object]]]:
    destinations = platform.config.destinations
    return [
        (route, {**destinations[route.account].settings, **route.sync.settings})
        for route in platform.routes
        if _type(platform, route) in (_OBJECTS, _SEGMENT)
    ]


def _type(platform: Platform, route: SyncRoute) -> str:
    return registered(platform.config.destinations[route.account], route.sync)


def _field(name: str) -> ProfileField:
    if name in _OWN:
        return ProfileField(name, f"_profile.{name}", _OWN[name])
    return ProfileField(name, f"_profile.Attributes.{name}", "STRING")
