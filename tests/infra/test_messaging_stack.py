"""Messaging is placed where it is switched on, nothing where it is off, and every result flows to the raw zone."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from harness.synthesis import ACCOUNT, ROOT, SHOP, Synthesis
from infrastructure.messaging_stack import MessagingStack
from infrastructure.storage_stack import StorageStack
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.mail import mail_set
from kumitate.config.environment import Messaging
from kumitate.project import open_project

pytestmark = pytest.mark.infra
CONNECT = "11111111-2222-3333-4444-555555555555"


def place(folder: Path, project: Path, **wanted: Any) -> dict[str, dict[str, Any]]:
    """The messaging stack's resources alone, with these switched on."""
    platform = platform_of(open_project(project).config, "dev", account=ACCOUNT)
    environment = platform.environment.model_copy(update={"messaging": Messaging(**wanted)})
    platform = replace(platform, environment=environment)
    app = cdk.App(outdir=str(folder), context={"bundles": "skip"})
    storage = StorageStack(app, "storage", platform=platform)
    stack = MessagingStack(app, "messaging", platform=platform, storage=storage)
    return dict(app.synth().get_stack_by_name(stack.stack_name).template.get("Resources", {}))


def kinds(resources: dict[str, dict[str, Any]]) -> Counter[str]:
    return Counter(each["Type"].split("::")[1] for each in resources.values())


def of_type(resources: dict[str, dict[str, Any]], type_: str) -> list[dict[str, Any]]:
    return [each["Properties"] for each in resources.values() if each["Type"] == type_]


CLOUD = ROOT / "tests/projects/cloud"


def test_nothing_is_placed_for_what_is_off(tmp_path: Path) -> None:
    assert not place(tmp_path, CLOUD)


def test_mail_alone_places_mail_alone(tmp_path: Path) -> None:
    found = kinds(place(tmp_path, CLOUD, email=True))
    assert found["SES"] == 2
    assert set(found) == {"SES", "KinesisFirehose", "IAM", "Logs"}


def test_push_alone_places_an_application_alone(tmp_path: Path) -> None:
    assert kinds(place(tmp_path, CLOUD, push=True)) == {"Pinpoint": 1}


def test_each_channel_tells_its_results_to_one_delivery_into_the_raw_zone(cloud: Synthesis) -> None:
    template = cloud["messaging"]
    ((id_, delivery),) = template.of_type("AWS::KinesisFirehose::DeliveryStream").items()
    assert delivery["ExtendedS3DestinationConfiguration"]["Prefix"].startswith("streamed/messages/")
    assert delivery["DeliveryStreamEncryptionConfigurationInput"]["KeyType"] == "CUSTOMER_MANAGED_CMK"
    told = {"Fn::GetAtt": [id_, "Arn"]}
    (mail,) = template.of_type("AWS::SES::ConfigurationSetEventDestination").values()
    assert mail["EventDestination"]["KinesisFirehoseDestination"]["DeliveryStreamARN"] == told
    assert {"bounce", "complaint", "delivery"} <= set(mail["EventDestination"]["MatchingEventTypes"])
    (sms,) = template.of_type("AWS::SMSVOICE::ConfigurationSet").values()
    (event,) = sms["EventDestinations"]
    assert event["KinesisFirehoseDestination"]["DeliveryStreamArn"] == told
    (contacts,) = template.of_type("AWS::Events::Rule").values()
    assert [each["Arn"] for each in contacts["Targets"]] == [told]


def test_who_bounced_or_complained_is_not_written_to_again(cloud: Synthesis) -> None:
    (mail,) = cloud["messaging"].of_type("AWS::SES::ConfigurationSet").values()
    assert mail["Name"] == mail_set(cloud.platform.names)
    assert mail["SuppressionOptions"] == {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]}
    assert mail["DeliveryOptions"] == {"TlsPolicy": "REQUIRE"}


def test_the_sunset_application_says_why_it_is_there(cloud: Synthesis) -> None:
    found = [each for each in cloud["messaging"].body["Resources"].values() if each["Type"] == "AWS::Pinpoint::App"]
    (application,) = found
    assert application["Metadata"]["cfn-lint"]["config"]["ignore_checks"] == ["W3696"]


def test_campaigns_read_the_domain_that_syncs_fill(tmp_path: Path) -> None:
    resources = place(tmp_path, SHOP, connect_instance=CONNECT)
    (domain,) = of_type(resources, "AWS::CustomerProfiles::Domain")
    assert domain["DomainName"] == "shop"
    assert domain["DefaultEncryptionKey"]
    (joined,) = of_type(resources, "AWS::CustomerProfiles::Integration")
    assert joined["Uri"].endswith(f"instance/{CONNECT}")
    (call,) = of_type(resources, "Custom::AWS")
    assert f"domains/{domain['DomainName']}" in json.dumps(call["Update"])


def test_an_object_type_takes_every_field_of_the_syncs_that_write_it(tmp_path: Path) -> None:
    resources = place(tmp_path, SHOP, connect_instance=CONNECT)
    types = {each["ObjectTypeName"]: each for each in of_type(resources, "AWS::CustomerProfiles::ObjectType")}
    vip = types["KumitateVip"]
    targets = {each["Name"]: each["ObjectTypeField"]["Target"] for each in vip["Fields"]}
    assert targets["EmailAddress"] == "_profile.EmailAddress"
    assert targets["LifetimeValue"] == "_profile.Attributes.LifetimeValue"
    (key,) = vip["Keys"]
    assert key["Name"] == "kumitate_key"
    assert "UNIQUE" in key["ObjectTypeKeyList"][0]["StandardIdentifiers"]
