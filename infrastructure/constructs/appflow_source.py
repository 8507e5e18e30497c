"""A source that Amazon AppFlow pulls on a schedule into the raw zone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_appflow as appflow
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infrastructure.storage_stack import StorageStack
from kumitate.blueprint.flows import Flow, Task, flow_of, secret_of
from kumitate.blueprint.names import PULLED
from kumitate.blueprint.platform import Platform, PulledSource

_APPFLOW = "appflow.amazonaws.com"
_WRITE = ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObjectAcl")
_LOOK = ("s3:GetBucketAcl", "s3:ListBucketMultipartUploads")


class AppFlowSource(Construct):
    """`AppFlowSource(self, "CrmContacts", platform, pulled=pulled, storage=storage)`.

    Credentials are dynamic references: CloudFormation reads the secret when it deploys, the template never holds it.
    """

    def __init__(
        self, scope: Construct, id_: str, platform: Platform, *, pulled: PulledSource, storage: StorageStack
    ) -> None:
        super().__init__(scope, id_)
        self._pulled, self._platform, self._key = pulled, platform, storage.key
        flow = flow_of(pulled)
        self.name = platform.names.called("pull", pulled.name)
        profile = self._profile(flow)
        self.flow = appflow.CfnFlow(
            self,
            "Flow",
            flow_name=self.name,
            description=f"{pulled.pull.connector} {pulled.pull.object} for source {pulled.name}",
            flow_status="Active",
            kms_arn=storage.key.key_arn,
            trigger_config=self._trigger(flow),
            source_flow_config=self._source(flow, profile),
            destination_flow_config_list=[self._destination(flow)],
            tasks=[_task(flow, task) for task in flow.tasks],
        )

    def _profile(self, flow: Flow) -> str | None:
        pull, connector = self._pulled.pull, flow.connector
        if pull.connection or not connector.credentials:
            return pull.connection
        secret = secret_of(self._platform.environment, self._pulled)
        signing = {name: _from_secret(secret, name) for name in connector.credentials}
        settings = {name: pull.settings[name] for name in connector.properties if name in pull.settings}
        profile = appflow.CfnConnectorProfile(
            self,
            "Profile",
            connector_profile_name=self.name,
            connector_type=connector.type,
            connection_mode="Public",
            kms_arn=self._key.key_arn,
            connector_profile_config=_profile_config(connector.section, {**connector.fixed, **signing}, settings),
        )
        return str(profile.ref)

    def _trigger(self, flow: Flow) -> appflow.CfnFlow.TriggerConfigProperty:
        return appflow.CfnFlow.TriggerConfigProperty(
            trigger_type="Scheduled",
            trigger_properties=appflow.CfnFlow.ScheduledTriggerPropertiesProperty(
                schedule_expression=flow.schedule,
                data_pull_mode=flow.pull_mode,
                time_zone=self._platform.config.settings.timezone,
            ),
        )

    def _source(self, flow: Flow, profile: str | None) -> appflow.CfnFlow.SourceFlowConfigProperty:
        pull = self._pulled.pull
        incremental = pull.incremental and appflow.CfnFlow.IncrementalPullConfigProperty(
            datetime_type_field_name=pull.incremental
        )
        return appflow.CfnFlow.SourceFlowConfigProperty(
            connector_type=flow.connector.type,
            connector_profile_name=profile,
            incremental_pull_config=incremental or None,
            source_connector_properties=appflow.CfnFlow.SourceConnectorPropertiesProperty(
                **{flow.connector.section: _struct(self._object(flow))}
            ),
        )

    def _object(self, flow: Flow) -> Mapping[str, Any]:
        pull = self._pulled.pull
        if flow.connector.section != "s3":
            return {"object": pull.object}
        return {
            "bucket_name": pull.settings["bucket"],
            "bucket_prefix": pull.object,
            "s3_input_format_config": _struct({"s3_input_file_type": flow.file_type}),
        }

    def _destination(self, flow: Flow) -> appflow.CfnFlow.DestinationFlowConfigProperty:
        # A flow into S3 knows no place for single records that failed: its run fails, and rows are judged by cleansing.
        target = appflow.CfnFlow.S3DestinationPropertiesProperty(
            bucket_name=self._platform.names.bucket("raw"),
            bucket_prefix=f"{PULLED}/{self._pulled.name}",
            s3_output_format_config=appflow.CfnFlow.S3OutputFormatConfigProperty(
                file_type=flow.file_type,
                aggregation_config=appflow.CfnFlow.AggregationConfigProperty(aggregation_type="None"),
                prefix_config=appflow.CfnFlow.PrefixConfigProperty(prefix_type="PATH", prefix_format="DAY"),
            ),
        )
        return appflow.CfnFlow.DestinationFlowConfigProperty(
            connector_type="S3",
            destination_connector_properties=appflow.CfnFlow.DestinationConnectorPropertiesProperty(s3=target),
        )


def let_appflow_in(raw: s3.Bucket, key: kms.Key, account: str) -> None:
    """AppFlow writes under its own name, not under a role of ours: bucket and key say what it may, for this account."""
    ours = {"StringEquals": {"aws:SourceAccount": account}}
    service = [iam.ServicePrincipal(_APPFLOW)]
    for actions, resource in ((_WRITE, raw.arn_for_objects(f"{PULLED}/*")), (_LOOK, raw.bucket_arn)):
        raw.add_to_resource_policy(
            iam.PolicyStatement(principals=service, actions=list(actions), resources=[resource], conditions=ours)
        )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=service, actions=["kms:GenerateDataKey", "kms:Decrypt"], resources=["*"], conditions=ours
        )
    )


def _from_secret(secret: str, name: str) -> str:
    return str(cdk.SecretValue.secrets_manager(secret, json_field=name).unsafe_unwrap())


def _profile_config(
    section: str, credentials: Mapping[str, str], settings: Mapping[str, str]
) -> appflow.CfnConnectorProfile.ConnectorProfileConfigProperty:
    known = appflow.CfnConnectorProfile
    return known.ConnectorProfileConfigProperty(
        connector_profile_credentials=known.ConnectorProfileCredentialsProperty(**{section: _struct(credentials)}),
        connector_profile_properties=known.ConnectorProfilePropertiesProperty(**{section: _struct(settings)})
        if settings
        else None,
    )


def _task(flow: Flow, task: Task) -> appflow.CfnFlow.TaskProperty:
    operator = task.operator and appflow.CfnFlow.ConnectorOperatorProperty(**{flow.connector.section: task.operator})
    return appflow.CfnFlow.TaskProperty(
        task_type=task.type,
        source_fields=list(task.fields),
        destination_field=task.target,
        connector_operator=operator or None,
    )


def _struct(values: Mapping[str, Any]) -> dict[str, Any]:
    """A nested structure of the CDK, given as names and values: it wants `clientId` where we say `client_id`."""
    return {_camel(name): value for name, value in values.items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
