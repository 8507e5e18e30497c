"""A delivery function may make its own destination's calls, on its own resources, and no others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.activations import UPSERT, project
from kumitate.activation.destinations.registry import REGISTRY, destination_class
from kumitate.activation.routes import routes
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.destination_access import destination_grants
from kumitate.blueprint.function_access import delivery_grants
from kumitate.blueprint.grants import Grant
from kumitate.blueprint.names import Names
from kumitate.blueprint.regions import CAMPAIGNS, CUSTOMER_PROFILES, PERSONALIZE, PUSH, SMS, needed
from kumitate.config.environment import Environment

CASES = Path(__file__).parents[1] / "contract/cases"
HERE = "ap-northeast-1:000000000000"
OTHERS = {"ses:SendBulkEmail", "profile:PutProfileObject"}
TEXTS = {"origination_identity": "pool-1", "configuration_set": "texts"}


def names() -> Names:
    config = project({"hello": UPSERT}).model_copy(update={"environments": {"dev": Environment()}})
    return platform_of(config, "dev", account="000000000000").names


def granted(type_: str, settings: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    grants = destination_grants(names(), type_, "say_hello", settings=settings)
    return {action: grant.resources for grant in grants for action in grant.actions}


@pytest.mark.parametrize("type_", sorted(type_ for type_ in REGISTRY if destination_class(type_).terms.is_aws))
def test_every_destination_inside_aws_may_be_called(type_: str) -> None:
    case = json.loads((CASES / f"{type_}.json").read_text(encoding="utf-8"))
    found = list(destination_grants(names(), type_, "say_hello", settings=case["settings"]))
    assert found
    assert all(grant.purpose.endswith("SayHello") for grant in found)
    assert all(grant.because for grant in found if any(each.endswith("*") for each in grant.resources))


@pytest.mark.parametrize(
    ("type_", "settings", "expected"),
    [
        (
            "sms",
            TEXTS,
            {
                "sms-voice:SendTextMessage": (
                    f"sms-voice:{HERE}:pool/pool-1",
                    f"sms-voice:{HERE}:configuration-set/texts",
                )
            },
        ),
        (
            "sms",
            {"origination_identity": "SHOP"},
            {"sms-voice:SendTextMessage": (f"sms-voice:{HERE}:sender-id/SHOP/*",)},
        ),
        (
            "sms",
            {},
            {
                "sms-voice:SendTextMessage": tuple(
                    f"sms-voice:{HERE}:{kind}/*" for kind in ("phone-number", "pool", "sender-id")
                )
            },
        ),
        (
            "whatsapp",
            {"phone_number_id": "phone-number-id-0a1b"},
            {"social-messaging:SendWhatsAppMessage": (f"social-messaging:{HERE}:phone-number-id/0a1b",)},
        ),
        (
            "push",
            {"application_id": "0a"},
            {"mobiletargeting:SendMessages": (f"mobiletargeting:{HERE}:apps/0a/messages",)},
        ),
        (
            "pinpoint",
            {"application_id": "0a"},
            {"mobiletargeting:UpdateEndpointsBatch": (f"mobiletargeting:{HERE}:apps/0a",)},
        ),
        (
            "connect_campaign",
            {"campaign_id": "c1", "domain": "shop"},
            {
                "connect-campaigns:PutProfileOutboundRequestBatch": (f"connect-campaigns:{HERE}:campaign/c1",),
                "profile:SearchProfiles": (f"profile:{HERE}:domains/shop",),
            },
        ),
        (
            "connect_campaign",
            {"campaign_id": "c1"},
            {"connect-campaigns:PutProfileOutboundRequestBatch": (f"connect-campaigns:{HERE}:campaign/c1",)},
        ),
        (
            "connect_customer_profiles",
            {"domain": "shop", "object": "Traits", "mode": "delete"},
            {
                "profile:PutProfileObject": (
                    f"profile:{HERE}:domains/shop",
                    f"profile:{HERE}:domains/shop/object-types/Traits",
                ),
                "profile:DeleteProfile": (f"profile:{HERE}:domains/shop",),
                "profile:SearchProfiles": (f"profile:{HERE}:domains/shop",),
            },
        ),
        (
            "connect_campaign.segment",
            {"campaign_id": "c1", "domain": "shop", "object_type": "Winback"},
            {
                "profile:PutProfileObject": (
                    f"profile:{HERE}:domains/shop",
                    f"profile:{HERE}:domains/shop/object-types/Winback",
                ),
                **dict.fromkeys(
                    ("profile:CreateSegmentDefinition", "profile:GetSegmentDefinition"),
                    (f"profile:{HERE}:domains/shop", f"profile:{HERE}:domains/shop/segment-definitions/*"),
                ),
                **dict.fromkeys(
                    ("profile:CreateSegmentEstimate", "profile:GetSegmentEstimate"), (f"profile:{HERE}:domains/shop",)
                ),
                "connect-campaigns:DescribeCampaign": (f"connect-campaigns:{HERE}:campaign/c1",),
                **dict.fromkeys(
                    ("connect-campaigns:GetCampaignState", "connect-campaigns:StartCampaign"),
                    (f"connect-campaigns:{HERE}:campaign/*",),
                ),
                **dict.fromkeys(
                    (
                        "connect-campaigns:CreateCampaign",
                        "connect-campaigns:ListCampaigns",
                        "connect-campaigns:TagResource",
                    ),
                    ("*",),
                ),
            },
        ),
        (
            "personalize",
            {"dataset_arn": "arn:aws:personalize:eu-west-1:1:dataset/a/USERS"},
            {"personalize:PutUsers": ("personalize:eu-west-1:1:dataset/a/USERS",)},
        ),
        ("files", {"bucket": "out", "prefix": "crm/"}, {"s3:PutObject": ("s3:::out/crm/*",)}),
        ("salesforce", {}, {}),
    ],
)
def test_a_grant_names_what_the_settings_name(
    type_: str, settings: dict[str, Any], expected: dict[str, tuple[str, ...]]
) -> None:
    assert granted(type_, settings) == {
        action: tuple(each if each == "*" else f"arn:aws:{each}" for each in resources)
        for action, resources in expected.items()
    }


def test_a_function_is_granted_its_own_accounts_calls_alone() -> None:
    texts = {**UPSERT, "destination": "texts", "object": None, "mode": "append"}
    pushes = {**texts, "destination": "phones", "fields": {"to": "{id}", "body": "Hello"}}
    config = project(
        {"a": {**texts, "fields": {"to": "{id}", "text": "Hello"}, "settings": TEXTS}, "b": {**pushes, "settings": {}}},
        texts={"type": "sms"},
        phones={"type": "push", "settings": {"application_id": "0" * 32}},
    )
    platform = platform_of(config.model_copy(update={"environments": {"dev": Environment()}}), "dev", account="0" * 12)
    ways = routes(platform.config, platform.environment)

    def actions(account: str) -> set[str]:
        (own,) = (each for each in platform.accounts if each.name == account)
        grants: list[Grant] = list(delivery_grants(platform.names, own, "arn:aws:kms:::key/k", routes=ways))
        return {action for grant in grants for action in grant.actions}

    assert actions("texts") - actions("phones") == {"sms-voice:SendTextMessage"}
    assert actions("phones") - actions("texts") == {"mobiletargeting:SendMessages"}
    assert not OTHERS & (actions("texts") | actions("phones"))


@pytest.mark.parametrize(
    ("type_", "services"),
    [
        ("sms", {SMS}),
        ("push", {PUSH}),
        ("personalize", {PERSONALIZE}),
        ("connect_campaign", {CAMPAIGNS, CUSTOMER_PROFILES}),
        ("salesforce", set()),
    ],
)
def test_a_destination_needs_its_service_in_the_region(type_: str, services: set[str]) -> None:
    config = project({"a": {**UPSERT, "destination": "there"}}, there={"type": type_})
    platform = platform_of(config.model_copy(update={"environments": {"dev": Environment()}}), "dev", account="0" * 12)
    assert set(needed(platform)) == {(service, "destination 'there'") for service in services}
