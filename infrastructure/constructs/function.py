"""A Lambda function of the platform: a role with nothing spare, a log group, the project's files beside its code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infrastructure.acknowledging import acknowledge
from infrastructure.bundles import architecture, function_code, project_layer
from infrastructure.constructs.granting import grant
from kumitate.blueprint.grants import Grant
from kumitate.blueprint.platform import Platform
from kumitate.blueprint.states import METRICS, function_name

PROJECT = "/opt/kumitate/project"
ROUTES = "/opt/kumitate/routes.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a function does and needs: `Work(name="planner", purpose="…")` runs functions/planner/handler.py.

    `bundle` is `lambda` (light), `lake` or `wrangler`. Tracing is for what stands in a chain of services, where a
    log alone does not say which link was slow; it costs per invocation, so it is off elsewhere.
    """

    name: str
    purpose: str
    bundle: str = "lambda"
    variant: str = ""
    """Tells functions apart that run the same code, such as one delivery function per account."""
    memory_mb: int = 512
    timeout_seconds: int = 60
    environment: Mapping[str, str] = field(default_factory=dict)
    traced: bool = False


class PlatformFunction(Construct):
    """`PlatformFunction(self, "Planner", platform, work=Work(name="planner", purpose="…"))`."""

    function: lambda_.Function
    role: iam.Role
    log_group: logs.LogGroup
    name: str

    def __init__(self, scope: Construct, id_: str, platform: Platform, *, work: Work) -> None:
        super().__init__(scope, id_)
        self._platform = platform
        self.name = function_name(platform.names, work.name, work.variant)
        self.log_group = log_group(self, f"/aws/lambda/{self.name}", platform)
        self.role = self._role()
        self.function = self._function(work)
        acknowledge(self.function, {"AwsSolutions-L1": "Every bundle is built for, and tested under, Python 3.13"})
        if work.traced:
            acknowledge(self.role, {"AwsSolutions-IAM5[Resource::*]": "X-Ray's actions know no resources"})

    def may(self, grants: Iterable[Grant]) -> None:
        """Allow exactly these."""
        grant(self.role, grants)

    def _role(self) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[self.log_group.log_group_arn]
            )
        )
        return role

    def _function(self, work: Work) -> lambda_.Function:
        return lambda_.Function(
            self,
            "Function",
            function_name=self.name,
            description=work.purpose,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=architecture(self),
            code=function_code(self, work.bundle),
            handler=f"functions.{work.name}.handler.handler",
            layers=[project_layer(self, self._platform)],
            role=self.role,
            log_group=self.log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            memory_size=work.memory_mb,
            timeout=cdk.Duration.seconds(work.timeout_seconds),
            environment={**self._environment(), **work.environment},
            tracing=lambda_.Tracing.ACTIVE if work.traced else lambda_.Tracing.DISABLED,
        )

    def _environment(self) -> dict[str, str]:
        return {
            "KUMITATE_PROJECT": PROJECT,
            "KUMITATE_ENVIRONMENT": self._platform.names.environment,
            "KUMITATE_ROUTES": ROUTES,
            "POWERTOOLS_SERVICE_NAME": self.name,
            "POWERTOOLS_METRICS_NAMESPACE": METRICS,
            "POWERTOOLS_LOG_LEVEL": "INFO",
        }


def log_group(scope: Construct, name: str, platform: Platform) -> logs.LogGroup:
    """Logs hold counts, ids and reason codes, no personal data: CloudWatch's own encryption suffices."""
    group = logs.LogGroup(scope, "Logs", log_group_name=name, removal_policy=cdk.RemovalPolicy.DESTROY)
    group.node.default_child.retention_in_days = platform.environment.retention.logs
    return group
