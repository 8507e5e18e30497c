"""An Athena workgroup: what a query may read at most, and where its results go, whatever the client says."""

from __future__ import annotations

from aws_cdk import aws_athena as athena
from aws_cdk import aws_kms as kms
from constructs import Construct

from kumitate.blueprint.names import ATHENA
from kumitate.blueprint.platform import Platform

_GB = 1_000_000_000
_ENGINE = "Athena engine version 3"


class Workgroup(Construct):
    """`Workgroup(self, "Query", platform, name="query", key=key)`; results lie under `athena/<name>/`."""

    def __init__(self, scope: Construct, id_: str, platform: Platform, *, name: str, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        known = athena.CfnWorkGroup
        self.name = platform.names.called(name)
        self.prefix = f"{ATHENA}/{name}"
        encryption = known.EncryptionConfigurationProperty(encryption_option="SSE_KMS", kms_key=key.key_arn)
        self.resource = athena.CfnWorkGroup(
            self,
            "Workgroup",
            name=self.name,
            description=f"Queries of {platform.names.prefix}: {name}",
            state="ENABLED",
            recursive_delete_option=True,
            work_group_configuration=known.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                bytes_scanned_cutoff_per_query=platform.environment.scan_limit_gb * _GB,
                engine_version=known.EngineVersionProperty(selected_engine_version=_ENGINE),
                result_configuration=known.ResultConfigurationProperty(
                    output_location=f"s3://{platform.names.bucket('results')}/{self.prefix}/",
                    encryption_configuration=encryption,
                ),
            ),
        )
