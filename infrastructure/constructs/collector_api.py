"""The collector's address: an HTTP API in front of its function, with a limit, and logs that name nobody."""

from __future__ import annotations

import json

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as http
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_certificatemanager as certificates
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infrastructure.acknowledging import acknowledge
from infrastructure.constructs.function import log_group
from kumitate.blueprint.platform import Platform
from kumitate.blueprint.states import METRICS

_LOGGED = {
    "request": "$context.requestId",
    "at": "$context.requestTime",
    "method": "$context.httpMethod",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "milliseconds": "$context.responseLatency",
    "error": "$context.error.message",
}
"""No address, no path (it may hold a write key), no agent."""
COUNTED = {"CallsTaken": "2*", "CallsPutOff": "429", "CallsFailed": "5*"}
"""Metrics by the status that they count."""


class CollectorApi(Construct):
    """`CollectorApi(self, "Api", platform, collector=function)`: every method and path goes to the function.

    Also a preflight: the function knows which pages a write key allows, an API's own CORS would not.
    """

    api: http.HttpApi

    def __init__(self, scope: Construct, id_: str, platform: Platform, *, collector: lambda_.IFunction) -> None:
        super().__init__(scope, id_)
        names, wanted = platform.names, platform.environment.collector
        self.api = http.HttpApi(
            self,
            "Http",
            api_name=names.called("collector"),
            description=f"{names.prefix}: takes in events",
            create_default_stage=False,
            default_integration=integrations.HttpLambdaIntegration("Collector", collector),
        )
        route = self.api.node.find_child("DefaultRoute")
        acknowledge(route, {"AwsSolutions-APIG4": "SDKs sign in with a write key, which the function checks"})
        self.stage = http.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            stage_name="$default",
            auto_deploy=True,
            throttle=http.ThrottleSettings(rate_limit=wanted.calls_per_second, burst_limit=2 * wanted.calls_per_second),
        )
        self._log(platform)
        cdk.CfnOutput(self, "Address", value=self.api.api_endpoint, description="Where SDKs send to")
        if wanted.domain and wanted.certificate:
            self._domain(wanted.domain, wanted.certificate)

    def _log(self, platform: Platform) -> None:
        names = platform.names
        group = log_group(self, f"/aws/vendedlogs/{names.called('collector')}", platform)
        whose = {"project": names.project, "environment": names.environment}
        for name, status in COUNTED.items():
            logs.CfnMetricFilter(
                self,
                name,
                log_group_name=group.log_group_name,
                filter_pattern=f'{{ $.status = "{status}" }}',
                metric_transformations=[
                    logs.CfnMetricFilter.MetricTransformationProperty(
                        metric_namespace=METRICS,
                        metric_name=name,
                        metric_value="1",
                        unit="Count",
                        dimensions=[logs.CfnMetricFilter.DimensionProperty(key=key, value=f"$.{key}") for key in whose],
                    )
                ],
            )
        resource = self.stage.node.default_child
        assert isinstance(resource, http.CfnStage)  # noqa: S101 - how the CDK types an L2's own resource
        resource.access_log_settings = http.CfnStage.AccessLogSettingsProperty(
            destination_arn=group.log_group_arn, format=json.dumps({**whose, **_LOGGED}, separators=(",", ":"))
        )

    def _domain(self, name: str, certificate_arn: str) -> None:
        """A name of the owner's own; what their DNS has to point at is told as an output."""
        certificate = certificates.Certificate.from_certificate_arn(self, "Certificate", certificate_arn)
        domain = http.DomainName(self, "Domain", domain_name=name, certificate=certificate)
        http.ApiMapping(self, "Mapping", api=self.api, domain_name=domain, stage=self.stage)
        cdk.CfnOutput(
            self, "DomainTarget", value=domain.regional_domain_name, description=f"CNAME of {name} in your DNS"
        )
