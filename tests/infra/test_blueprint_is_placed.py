"""What a plan says is what the stacks place, name by name: neither more nor less."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from harness.synthesis import Synthesis
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


def test_so_it_does_where_everything_is_switched_on(cloud: Synthesis) -> None:
    assert planned(cloud) == set(placed(cloud))
    assert {"flow", "connection", "stream", "profile domain"} <= {kind for _, kind, _ in planned(cloud)}


def test_views_are_planned_as_they_are_placed(shop: Synthesis) -> None:
    tables = shop["query"].of_type("AWS::Glue::Table").values()
    names = {f"{each['DatabaseName']}.{each['TableInput']['Name']}" for each in tables}
    assert names == {each.name for each in resources(shop.platform) if each.kind == "view"}
