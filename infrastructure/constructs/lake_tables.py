"""The lake's tables, made and widened by the platform's own code: CloudFormation would forget where their data is."""

from __future__ import annotations

import json
from hashlib import sha256

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import custom_resources as custom
from constructs import Construct

from infrastructure.acknowledging import acknowledge
from infrastructure.constructs.function import PlatformFunction, Work, log_group
from infrastructure.constructs.granting import grant
from kumitate.blueprint.platform import Platform
from kumitate.blueprint.upkeep import maker_grants

TABLES = "/opt/kumitate/tables.json"
_TYPE = "Custom::LakeTables"


class LakeTables(Construct):
    """Runs whenever the tables that the project wants have changed; it creates and widens, it never drops."""

    def __init__(self, scope: Construct, id_: str, platform: Platform, *, key_arn: str) -> None:
        super().__init__(scope, id_)
        work = Work(
            name="lake_tables",
            purpose="Creates the lake's tables and adds columns",
            bundle="lake",
            memory_mb=1024,
            timeout_seconds=600,
            environment={"KUMITATE_TABLES": TABLES},
        )
        self.maker = PlatformFunction(self, "Maker", platform, work=work)
        grant(self.maker.role, maker_grants(platform.names, key_arn))
        logs = log_group(self, f"/aws/lambda/{platform.names.called('fn', 'lake_tables', 'wrapper')}", platform)
        provider = custom.Provider(self, "Provider", on_event_handler=self.maker.function, log_group=logs)
        acknowledge(provider, _of_the_wrapper(self.maker.function))
        self.resource = cdk.CustomResource(
            self,
            "Tables",
            resource_type=_TYPE,
            service_token=provider.service_token,
            properties={"Tables": fingerprint(platform)},
        )
        self.resource.node.add_dependency(self.maker.role.node.find_child("DefaultPolicy"))


def fingerprint(platform: Platform) -> str:
    """Changes with the tables, their columns and types, and with nothing else."""
    wanted = [
        (str(each.table), each.location, [(column.name, column.type) for column in each.table.columns])
        for each in platform.tables
    ]
    return sha256(json.dumps(wanted, ensure_ascii=False).encode()).hexdigest()


def _of_the_wrapper(function: lambda_.Function) -> dict[str, str]:
    made = "The CDK's own wrapper of a custom resource"
    policy = "arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    called = cdk.Stack.of(function).get_logical_id(function.node.default_child)
    return {
        f"AwsSolutions-IAM4[Policy::{policy}]": f"{made}: it writes its log, and nothing else",
        f"AwsSolutions-IAM5[Resource::<{called}.Arn>:*]": f"{made}: it invokes any version of this one function",
        "AwsSolutions-L1": f"{made}: its runtime comes with the CDK",
    }
