"""Messages name the configuration set that brings back what became of them."""

from __future__ import annotations

from typing import Any

import pytest

from harness.activations import UPSERT, project
from kumitate.activation.destinations.ses import Ses
from kumitate.activation.destinations.sms import Sms
from kumitate.activation.routes import destination_of, routes
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.function_access import delivery_grants
from kumitate.blueprint.mail import mail_set, sms_set
from kumitate.blueprint.platform import Platform
from kumitate.config.environment import Environment

MAIL = {"from_address": "shop@example.jp", "unsubscribe_url": "https://shop.example.jp/u?key={key}"}
SYNC = {**UPSERT, "destination": "mail", "object": None, "mode": "append", "fields": {"to": "{email}"}}
OURS = "kumitate-syncs-dev-mail"


def platform(*, email: bool = True, of_destination: str | None = None, of_sync: str | None = None) -> Platform:
    def named(settings: dict[str, Any], name: str | None) -> dict[str, Any]:
        return settings if name is None else {**settings, "configuration_set": name}

    sync = {**SYNC, "settings": named({"template": "hello"}, of_sync)}
    config = project({"hello": sync}, mail={"type": "ses", "settings": named(MAIL, of_destination)})
    environment = Environment.model_validate({"messaging": {"email": email}})
    here = config.model_copy(update={"environments": {"dev": environment}})
    return platform_of(here, "dev", account="000000000000")


def named_by(platform: Platform) -> str | None:
    (route,) = routes(platform.config, platform.environment)
    destination = destination_of(route)
    assert isinstance(destination, Ses)
    return destination.configuration_set


def may_send_with(platform: Platform, name: str) -> bool:
    (account,) = platform.accounts
    ways = routes(platform.config, platform.environment)
    (send,) = (
        grant
        for grant in delivery_grants(platform.names, account, "arn:aws:kms:::key/k", routes=ways)
        if "ses:SendBulkEmail" in grant.actions
    )
    return f"arn:aws:ses:ap-northeast-1:000000000000:configuration-set/{name}" in send.resources


def test_a_sync_that_names_no_set_gets_the_one_that_is_placed_and_may_use_it() -> None:
    assert mail_set(platform().names) == OURS
    assert named_by(platform()) == OURS
    assert may_send_with(platform(), OURS)


def test_without_mail_in_the_environment_no_set_is_named() -> None:
    assert named_by(platform(email=False)) is None
    assert not may_send_with(platform(email=False), OURS)


@pytest.mark.parametrize("where", ["of_destination", "of_sync"])
def test_a_set_of_the_projects_own_stays(where: str) -> None:
    own = platform(**{where: "newsletter"})
    assert named_by(own) == "newsletter"
    assert may_send_with(own, "newsletter")
    assert not may_send_with(own, OURS)


def texts(*, sms: bool, **named: str) -> Platform:
    sync = {**SYNC, "destination": "texts", "fields": {"to": "{phone}", "text": "Hello"}, "settings": named}
    config = project({"hello": sync}, texts={"type": "sms"})
    environment = Environment.model_validate({"messaging": {"sms": sms, "email": True}})
    return platform_of(config.model_copy(update={"environments": {"dev": environment}}), "dev", account="000000000000")


def set_of(platform: Platform) -> object:
    (route,) = routes(platform.config, platform.environment)
    destination = destination_of(route)
    assert isinstance(destination, Sms)
    return destination.configuration_set


def test_text_messages_name_the_set_that_is_placed_for_them_unless_they_have_their_own() -> None:
    assert set_of(texts(sms=True)) == sms_set(texts(sms=True).names) == "kumitate-syncs-dev-sms"
    assert set_of(texts(sms=False)) is None
    assert set_of(texts(sms=True, configuration_set="own")) == "own"
