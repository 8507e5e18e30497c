"""A zone's bucket: TLS only, encrypted, versioned, nothing public; what expires in it comes from the retention."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infrastructure.acknowledging import acknowledge
from infrastructure.constructs.keeping import Keeping
from kumitate.blueprint.names import ATHENA, DELIVERIES, DROP, EXPORTS, PULLED, STREAMED
from kumitate.blueprint.platform import Platform
from kumitate.config.environment import Retention

ACCESS_LOGS = "logs"
FAILED = "failed"
"""Prefix in the raw bucket of what Firehose could not deliver; it knows one bucket only, not the quarantine's."""
_ACCESS_LOG_DAYS = 90


class ZoneBucket(Construct):
    """`ZoneBucket(self, "Raw", platform, zone="raw", key=key, keeping=keeping).bucket`."""

    def __init__(
        self, scope: Construct, id_: str, platform: Platform, *, zone: str, key: kms.IKey, keeping: Keeping
    ) -> None:
        super().__init__(scope, id_)
        retention = platform.environment.retention
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=platform.names.bucket(zone),
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            removal_policy=keeping.policy,
            auto_delete_objects=keeping.deletes,
            lifecycle_rules=[*_housekeeping(retention), *_expiries(expiring_prefixes(zone, retention))],
        )
        if zone == "raw":
            _announce_arrivals(self.bucket)


class AccessLogs(Construct):
    """One bucket for who read what in the others; S3 can deliver these logs under its own key only."""

    def __init__(self, scope: Construct, id_: str, platform: Platform, *, keeping: Keeping) -> None:
        super().__init__(scope, id_)
        self._account = platform.names.account
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=platform.names.bucket(ACCESS_LOGS),
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=keeping.policy,
            auto_delete_objects=keeping.deletes,
            lifecycle_rules=[s3.LifecycleRule(id="expire", expiration=cdk.Duration.days(_ACCESS_LOG_DAYS))],
        )
        acknowledge(self.bucket, {"AwsSolutions-S1": "it holds the access logs; logging its own would never end"})

    def take(self, bucket: s3.Bucket, zone: str) -> None:
        """Let S3 write the access logs of `bucket` here, under the zone's name."""
        resource = bucket.node.default_child
        assert isinstance(resource, s3.CfnBucket)  # noqa: S101 - how the CDK types an L2's own resource
        resource.logging_configuration = s3.CfnBucket.LoggingConfigurationProperty(
            destination_bucket_name=self.bucket.bucket_name, log_file_prefix=f"{zone}/"
        )
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("logging.s3.amazonaws.com")],
                actions=["s3:PutObject"],
                resources=[self.bucket.arn_for_objects(f"{zone}/*")],
                conditions={"StringEquals": {"aws:SourceAccount": self._account}},
            )
        )


def expiring_prefixes(zone: str, retention: Retention) -> Mapping[str, int | None]:
    """What goes after how many days; tables are absent, since their files go with their snapshots.

    So are `files/`: replays and runs that are taken up again read what was taken in, and ingest what it remembers.
    """
    match zone:
        case "raw":
            delivered = dict.fromkeys((DROP, PULLED, STREAMED), retention.raw_files)
            return {**delivered, FAILED: retention.quarantine}
        case "results":
            return dict.fromkeys((ATHENA, DELIVERIES, EXPORTS), retention.results)
    return {}


def _expiries(prefixes: Mapping[str, int | None]) -> Iterator[s3.LifecycleRule]:
    for prefix, days in prefixes.items():
        if days is not None:
            yield s3.LifecycleRule(id=f"expire-{prefix}", prefix=f"{prefix}/", expiration=cdk.Duration.days(days))


def _housekeeping(retention: Retention) -> Iterator[s3.LifecycleRule]:
    """Versions last as long as snapshots do: what a table let go can be fetched back until then."""
    yield s3.LifecycleRule(
        id="past-versions",
        noncurrent_version_expiration=cdk.Duration.days(retention.snapshots),
        abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
    )


def _announce_arrivals(bucket: s3.Bucket) -> None:
    # The L2's `event_bridge_enabled` would add a custom resource with a function of its own; the property needs none.
    resource = bucket.node.default_child
    assert isinstance(resource, s3.CfnBucket)  # noqa: S101 - how the CDK types an L2's own resource
    resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
    )
