"""A state machine from its definition, with its logs and a role that starts what the definition names, nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infrastructure.acknowledging import acknowledge
from infrastructure.constructs.function import log_group
from infrastructure.constructs.granting import grant
from kumitate.blueprint.grants import Grant
from kumitate.blueprint.platform import Platform
from kumitate.blueprint.states import State


class PlatformMachine(Construct):
    """`PlatformMachine(self, "Pipeline", platform, name="pipeline", definition=…, grants=…)`."""

    machine: sfn.StateMachine

    def __init__(
        self,
        scope: Construct,
        id_: str,
        platform: Platform,
        *,
        name: str,
        definition: State,
        grants: Iterable[Grant],
    ) -> None:
        super().__init__(scope, id_)
        called = platform.names.called(name)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        grant(self.role, grants)
        logs = log_group(self, f"/aws/vendedlogs/states/{called}", platform)
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=called,
            definition_body=sfn.DefinitionBody.from_string(json.dumps(definition, ensure_ascii=False)),
            role=self.role,
            logs=sfn.LogOptions(destination=logs, level=sfn.LogLevel.ALL, include_execution_data=False),
            tracing_enabled=True,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        acknowledge(self.role, {"AwsSolutions-IAM5[Resource::*]": "Log delivery and X-Ray know no resources"})
