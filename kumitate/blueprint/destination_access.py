"""What a destination inside AWS is called with, from its settings; others are called over HTTPS with their secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kumitate.blueprint.grants import Grant, arn
from kumitate.blueprint.names import Names

Settings = Mapping[str, Any]
_ANY_NUMBER = "without an origination_identity the account chooses the number, pool or sender id"
_COUNTRIES = "a sender id is a resource of its own in every country"
_NO_RESOURCE = "IAM knows no resource for events; the tracking id names the event tracker"

_MADE = "each run with new rows makes a segment and a campaign, whose ids are not known before"
_EXPORTS = "exports are numbered: their prefix is as narrow as it gets"


def destination_grants(names: Names, type_: str, sync: str, *, settings: Settings) -> Iterator[Grant]:
    """The calls of one sync; its name makes a grant's purpose one of a kind."""
    for grant in _CALLS.get(type_, _none)(names, settings):
        word = "".join(part.capitalize() for part in sync.split("_"))
        yield Grant(f"{grant.purpose}{word}", grant.actions, grant.resources, grant.where, grant.because)


def _none(_names: Names, _settings: Settings) -> Iterator[Grant]:
    yield from ()


def _send_mail(names: Names, settings: Settings) -> Iterator[Grant]:
    sender = str(settings["from_address"])
    identities = [f"identity/{each}" for each in (sender, sender.rpartition("@")[2])]
    resources = [*identities, f"template/{settings['template']}"]
    if settings.get("configuration_set"):
        resources.append(f"configuration-set/{settings['configuration_set']}")
    yield Grant("SendMail", ("ses:SendBulkEmail",), tuple(arn(names, "ses", each) for each in resources))


def _put_objects(names: Names, settings: Settings) -> Iterator[Grant]:
    domain = f"domains/{settings['domain']}"
    resources = (domain, f"{domain}/object-types/{settings['object']}")
    put = ("profile:PutProfileObject",)  # also what IAM's list of actions has for the batch call
    yield Grant("PutObjects", put, tuple(arn(names, "profile", each) for each in resources))
    if settings.get("mode") == "delete":
        delete = ("profile:DeleteProfile", "profile:SearchProfiles")
        yield Grant("DeleteProfiles", delete, (arn(names, "profile", domain),))


def _start_campaign(names: Names, settings: Settings) -> Iterator[Grant]:
    campaign = _named(names, "connect-campaigns", "campaign", given=str(settings["campaign_id"]))
    yield Grant("AskCampaign", ("connect-campaigns:PutProfileOutboundRequestBatch",), (campaign,))
    if settings.get("domain"):
        domain = arn(names, "profile", f"domains/{settings['domain']}")
        yield Grant("FindProfiles", ("profile:SearchProfiles",), (domain,))


def _begin_campaign(names: Names, settings: Settings) -> Iterator[Grant]:
    """The campaign that others are made after, those that are made, and the segments and objects of the domain."""
    place = f"domains/{settings['domain']}"
    domain, objects = (
        arn(names, "profile", each) for each in (place, f"{place}/object-types/{settings['object_type']}")
    )
    segments = arn(names, "profile", f"{place}/segment-definitions/*")
    yield Grant("PutMarks", ("profile:PutProfileObject",), (domain, objects))
    made = ("profile:CreateSegmentDefinition", "profile:GetSegmentDefinition")
    yield Grant("MakeSegments", made, (domain, segments), because=_MADE)
    yield Grant("CountSegments", ("profile:CreateSegmentEstimate", "profile:GetSegmentEstimate"), (domain,))
    model = _named(names, "connect-campaigns", "campaign", given=str(settings["campaign_id"]))
    yield Grant("ReadCampaign", ("connect-campaigns:DescribeCampaign",), (model,))
    making = ("connect-campaigns:CreateCampaign", "connect-campaigns:ListCampaigns")
    yield Grant("MakeCampaigns", (*making, "connect-campaigns:TagResource"), ("*",), because=_MADE)
    begun = ("connect-campaigns:GetCampaignState", "connect-campaigns:StartCampaign")
    yield Grant("BeginCampaigns", begun, (arn(names, "connect-campaigns", "campaign/*"),), because=_MADE)


def _send_texts(names: Names, settings: Settings) -> Iterator[Grant]:
    origins = _origins(names, str(settings.get("origination_identity") or ""))
    others = [
        _named(names, "sms-voice", kind, given=str(settings[key]))
        for key, kind in (
            ("configuration_set", "configuration-set"),
            ("protect_configuration", "protect-configuration"),
        )
        if settings.get(key)
    ]
    because = _ANY_NUMBER if len(origins) > 1 else _COUNTRIES if origins[0].endswith("*") else ""
    yield Grant("SendTexts", ("sms-voice:SendTextMessage",), (*origins, *others), because=because)


def _origins(names: Names, identity: str) -> tuple[str, ...]:
    """Where messages come from, by its ARN, its id (`pool-…`, `phone-…`), or a sender id of letters."""
    if not identity or identity.lstrip("+").isdigit():  # a number is known to IAM by its id alone
        return tuple(arn(names, "sms-voice", f"{kind}/*") for kind in ("phone-number", "pool", "sender-id"))
    for start, kind in (("pool-", "pool"), ("phone-", "phone-number"), ("arn:", "")):
        if identity.startswith(start):
            return (_named(names, "sms-voice", kind, given=identity),)
    return (arn(names, "sms-voice", f"sender-id/{identity}/*"),)


def _send_whatsapp(names: Names, settings: Settings) -> Iterator[Grant]:
    given = str(settings["phone_number_id"]).removeprefix("phone-number-id-")
    number = _named(names, "social-messaging", "phone-number-id", given=given)
    yield Grant("SendWhatsApp", ("social-messaging:SendWhatsAppMessage",), (number,))


def _push(names: Names, settings: Settings) -> Iterator[Grant]:
    messages = arn(names, "mobiletargeting", f"apps/{settings['application_id']}/messages")
    yield Grant("Push", ("mobiletargeting:SendMessages",), (messages,))


def _put_endpoints(names: Names, settings: Settings) -> Iterator[Grant]:
    app = arn(names, "mobiletargeting", f"apps/{settings['application_id']}")
    yield Grant("PutEndpoints", ("mobiletargeting:UpdateEndpointsBatch",), (app,))


def _put_users(_names: Names, settings: Settings) -> Iterator[Grant]:
    yield Grant("PutUsers", ("personalize:PutUsers",), (str(settings["dataset_arn"]),))


def _put_events(_names: Names, _settings: Settings) -> Iterator[Grant]:
    yield Grant("PutEvents", ("personalize:PutEvents",), ("*",), because=_NO_RESOURCE)


def _write_files(_names: Names, settings: Settings) -> Iterator[Grant]:
    written = f"arn:aws:s3:::{settings['bucket']}/{settings.get('prefix', '')}*"
    yield Grant("WriteFiles", ("s3:PutObject",), (written,), because=_EXPORTS)


def _named(names: Names, service: str, kind: str, *, given: str) -> str:
    return given if given.startswith("arn:") else arn(names, service, f"{kind}/{given}")


_CALLS: Mapping[str, Callable[[Names, Settings], Iterator[Grant]]] = {
    "connect_campaign": _start_campaign,
    "connect_campaign.segment": _begin_campaign,
    "connect_customer_profiles": _put_objects,
    "files": _write_files,
    "personalize": _put_users,
    "personalize.events": _put_events,
    "pinpoint": _put_endpoints,
    "push": _push,
    "ses": _send_mail,
    "sms": _send_texts,
    "whatsapp": _send_whatsapp,
}
