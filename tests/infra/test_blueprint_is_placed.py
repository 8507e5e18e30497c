"""What a plan says is what the stacks place, name by name: neither more nor less."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.synthesis import SHOP, Synthesis, synthesize
from kumitate.blueprint.resources import resources

pytestmark = pytest.mark.infra

NAMED: Mapping[str, tuple[str, str]] = {
    "AWS::AppFlow::Flow": ("flow", "FlowName"),
    "AWS::AppFlow::ConnectorProfile": ("connection", "ConnectorProfileName"),
    "AWS::Athena::WorkGroup": ("workgroup", "Name"),
    "AWS::Budgets::Budget": ("budget", "Budget.BudgetName"),
    "AWS::CloudWatch::Alarm": ("alarm", "AlarmName"),
    "AWS::CloudWatch::Dashboard": ("dashboard", "DashboardName"),
    "AWS::CustomerProfiles::Domain": ("profile domain", "DomainName"),
    "AWS::DynamoDB::Table": ("key-value table", "TableName"),
    "AWS::Events::EventBus": ("event bus", "Name"),
    "AWS::Events::Rule": ("rule", "Name"),
    "AWS::Glue::Connection": ("connection", "ConnectionInput.Name"),
    "AWS::Glue::Database": ("database", "DatabaseInput.Name"),
    "AWS::Glue::Job": ("job", "Name"),
    "AWS::IAM::Role": ("role", "RoleName"),
    "AWS::KMS::Alias": ("key", "AliasName"),
    "AWS::Kinesis::Stream": ("stream", "Name"),
    "AWS::KinesisFirehose::DeliveryStream": ("delivery stream", "DeliveryStreamName"),
    "AWS::Lambda::Function": ("function", "FunctionName"),
    "AWS::Pinpoint::App": ("push application", "Name"),
    "AWS::S3::Bucket": ("bucket", "BucketName"),
    "AWS::SES::ConfigurationSet": ("mail configuration", "Name"),
    "AWS::SMSVOICE::ConfigurationSet": ("SMS configuration", "ConfigurationSetName"),
    "AWS::SNS::Topic": ("topic", "TopicName"),
    "AWS::SQS::Queue": ("queue", "QueueName"),
    "AWS::Scheduler::Schedule": ("schedule", "Name"),
    "AWS::StepFunctions::StateMachine": ("state machine", "StateMachineName"),
}
"""CloudFormation's type -> the plan's word for it, and where its name stands."""


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """The shop, with something of each kind that a project may ask for."""
    root = tmp_path_factory.mktemp("everything") / "shop"
    shutil.copytree(SHOP, root, ignore=shutil.ignore_patterns("data", ".kumitate", "report.html"))
    pull = "  pull: {connector: %s, object: Contact, schedule: rate(1 hour), secret: salesforce}\n"
    _add(root / "sources/crm_contacts.yaml", "  format: jsonl\n", pull % "salesforce")
    _add(root / "sources/web_events.yaml", "  format: jsonl\n", "  stream: {}\n")
    _add(root / "sources/email_events.yaml", "  format: jsonl\n", "  stream: {shards: 2, retention_hours: 48}\n")
    hubspot = "  pull: {connector: hubspot, object: deals, schedule: rate(6 hours), connection: hub}\n"
    _add(root / "sources/crm_opportunities.yaml", "  format: jsonl\n", hubspot)
    messaging = "email: true, sms: true, push: true, connect_instance: 12345678-1234-1234-1234-123456789012"
    environment = "dev:\n  messaging: {%s}\n  secrets: {salesforce: a, google: b, meta: c, slack: d}\n"
    (root / "environments/aws.yaml").write_text(environment % messaging, encoding="utf-8")
    _add(root / "syncs/marketing.yaml", "vip_campaign:\n", "  schedule: rate(6 hours)\n")
    return synthesize(root, tmp_path_factory.mktemp("cdk") / "everything")


def _add(path: Path, after: str, line: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(after) == 1
    path.write_text(text.replace(after, after + line), encoding="utf-8")


def placed(synthesis: Synthesis) -> Iterator[tuple[str, str, str]]:
    """(stack, kind, name) of all that carries a name."""
    for template in synthesis:
        for resource in template.body.get("Resources", {}).values():
            kind, path = NAMED.get(resource["Type"], ("", ""))
            name: Any = resource.get("Properties", {})
            for step in path.split("."):
                name = name.get(step) if isinstance(name, dict) else None
            if kind and isinstance(name, str):
                yield template.name, kind, name


def planned(synthesis: Synthesis) -> set[tuple[str, str, str]]:
    kinds = {kind for kind, _ in NAMED.values()}
    stacks = {template.name for template in synthesis}
    found = {(each.stack, each.kind, each.name) for each in resources(synthesis.platform)}
    return {each for each in found if each[0] in stacks and each[1] in kinds}


def test_a_plan_names_what_is_placed(shop: Synthesis) -> None:
    assert planned(shop) == set(placed(shop))
    assert len(planned(shop)) > 70


def test_so_it_does_for_pulls_streams_and_schedules(everything: Synthesis) -> None:
    assert planned(everything) == set(placed(everything))


def test_views_are_planned_as_they_are_placed(shop: Synthesis) -> None:
    tables = shop["query"].of_type("AWS::Glue::Table").values()
    names = {f"{each['DatabaseName']}.{each['TableInput']['Name']}" for each in tables}
    assert names == {each.name for each in resources(shop.platform) if each.kind == "view"}
