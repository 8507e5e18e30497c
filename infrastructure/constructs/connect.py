"""Campaigns by Amazon Connect: a Customer Profiles domain that syncs fill and outbound campaigns read."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_customerprofiles as profiles
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from aws_cdk import custom_resources as custom
from constructs import Construct

from infrastructure.acknowledging import acknowledge
from infrastructure.constructs.function import log_group
from infrastructure.constructs.message_results import MessageResults
from infrastructure.storage_stack import StorageStack
from kumitate.blueprint.grants import arn
from kumitate.blueprint.platform import Platform
from kumitate.blueprint.profile_objects import ProfileObject, domain_of, profile_objects

_EXPIRATION_DAYS = 366
_EVENTS = ("Campaign-Email", "Campaign-Orchestration", "Campaign-SMS", "Campaign-Telephony")
"""What campaigns note on a profile, each as the object type of the same name that Connect brings along."""
_SERVICE = "profile.amazonaws.com"


class ConnectCampaigns(Construct):
    """Domain, object types, the instance's tie to the domain and campaigns' tie to both; results to the raw zone."""

    def __init__(
        self, scope: Construct, id_: str, platform: Platform, *, storage: StorageStack, results: MessageResults
    ) -> None:
        super().__init__(scope, id_)
        self._names = platform.names
        instance = arn(platform.names, "connect", f"instance/{platform.environment.messaging.connect_instance}")
        self.domain = self._domain(platform, storage)
        for declared in profile_objects(platform):
            self._object_type(declared)
        joined = profiles.CfnIntegration(
            self, "Instance", domain_name=self.domain.ref, uri=instance, object_type_name="CTR"
        )
        campaigns = self._campaigns(platform)
        _acknowledge_wrapper(self)
        acknowledge(campaigns, {"AwsSolutions-IAM5[Resource::*]": "Campaigns' integrations are no resources to IAM"})
        campaigns.node.add_dependency(joined)
        self._bring_results(instance, results)

    def _domain(self, platform: Platform, storage: StorageStack) -> profiles.CfnDomain:
        dead = sqs.Queue(
            self,
            "Refused",
            queue_name=platform.names.called("profiles-dlq"),
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=storage.key,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
        )
        acknowledge(dead, {"AwsSolutions-SQS3": "it is the dead-letter queue"})
        ours = {"StringEquals": {"aws:SourceAccount": platform.names.account}}
        service = iam.ServicePrincipal(_SERVICE, conditions=ours)
        dead.add_to_resource_policy(
            iam.PolicyStatement(principals=[service], actions=["sqs:SendMessage"], resources=[dead.queue_arn])
        )
        storage.key.add_to_resource_policy(
            iam.PolicyStatement(principals=[service], actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=["*"])
        )
        domain = profiles.CfnDomain(
            self,
            "Domain",
            domain_name=domain_of(platform),
            default_expiration_days=_EXPIRATION_DAYS,
            default_encryption_key=storage.key.key_arn,
            dead_letter_queue_url=dead.queue_url,
        )
        domain.node.add_dependency(dead)
        return domain

    def _object_type(self, declared: ProfileObject) -> None:
        known = profiles.CfnObjectType
        kept = [
            known.FieldMapProperty(
                name=each.name,
                object_type_field=known.ObjectTypeFieldProperty(
                    source=f"_source.{each.name}", target=each.target, content_type=each.kind
                ),
            )
            for each in declared.fields
        ]
        key = known.FieldMapProperty(
            name=declared.key,
            object_type_field=known.ObjectTypeFieldProperty(
                source=f"_source.{declared.key}", target=f"_profile.Attributes.{declared.key}", content_type="STRING"
            ),
        )
        unique = known.ObjectTypeKeyProperty(field_names=[declared.key], standard_identifiers=["PROFILE", "UNIQUE"])
        profiles.CfnObjectType(
            self,
            f"{declared.name}Type",
            domain_name=self.domain.ref,
            object_type_name=declared.name,
            description=f"What {self._names.prefix} brings as {declared.name}",
            allow_profile_creation=True,
            fields=[key, *kept],
            keys=[known.KeyMapProperty(name=declared.key, object_type_key_list=[unique])],
        )

    def _campaigns(self, platform: Platform) -> custom.AwsCustomResource:
        """Outbound campaigns read segments of the domain; no CloudFormation type says so yet."""
        instance = platform.environment.messaging.connect_instance
        domain = arn(platform.names, "profile", f"domains/{domain_of(platform)}")
        tie = {"customerProfiles": {"domainArn": domain, "objectTypeNames": {each: each for each in _EVENTS}}}
        place = custom.PhysicalResourceId.of(f"{instance}/{domain_of(platform)}")
        given = {"connectInstanceId": instance}
        undo = {**given, "integrationIdentifier": {"customerProfiles": {"domainArn": domain}}}
        call = {"service": "connectcampaignsv2", "physical_resource_id": place}
        return custom.AwsCustomResource(
            self,
            "Campaigns",
            install_latest_aws_sdk=False,
            log_group=log_group(self, f"/aws/lambda/{platform.names.called('campaigns', 'wrapper')}", platform),
            on_update=custom.AwsSdkCall(
                action="putConnectInstanceIntegration", parameters={**given, "integrationConfig": tie}, **call
            ),
            on_delete=custom.AwsSdkCall(
                action="deleteConnectInstanceIntegration", parameters=undo, service="connectcampaignsv2"
            ),
            policy=custom.AwsCustomResourcePolicy.from_statements(_tie(domain)),
        )

    def _bring_results(self, instance: str, results: MessageResults) -> None:
        events.Rule(
            self,
            "Results",
            rule_name=self._names.called("contacts"),
            description=f"{self._names.prefix}: what became of a campaign's contacts",
            event_pattern=events.EventPattern(
                source=["aws.connect"],
                detail_type=["Amazon Connect Contact Event"],
                detail={"instanceArn": [instance], "campaign": {"campaignId": [{"exists": True}]}},
            ),
            targets=[targets.FirehoseDeliveryStream(results.stream)],
        )


def _acknowledge_wrapper(scope: Construct) -> None:
    """The CDK places one function a stack for all calls of this kind, beside our constructs."""
    policy = "arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    made = "The CDK's own caller of an AWS API"
    for each in cdk.Stack.of(scope).node.children:
        if each.node.id.startswith("AWS679f"):
            acknowledge(
                each,
                {
                    f"AwsSolutions-IAM4[Policy::{policy}]": f"{made}: it writes its log, and nothing else",
                    "AwsSolutions-L1": f"{made}: its runtime comes with the CDK",
                },
            )


def _tie(domain: str) -> list[iam.PolicyStatement]:
    tying = ["connect-campaigns:DeleteConnectInstanceIntegration", "connect-campaigns:PutConnectInstanceIntegration"]
    return [
        iam.PolicyStatement(actions=tying, resources=["*"]),
        iam.PolicyStatement(actions=["profile:GetDomain"], resources=[domain]),
    ]
