"""A stage as a Glue job: Spark 4.1 on Glue 6.0, sized by the environment, under a role made of its reads and writes."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from infrastructure.acknowledging import acknowledge
from infrastructure.bundles import Stored
from infrastructure.constructs.granting import grant
from kumitate.blueprint.access import Shared, job_grants, log_prefix
from kumitate.blueprint.job_arguments import default_arguments
from kumitate.blueprint.platform import Platform, StageJob
from kumitate.blueprint.states import job_name

GLUE = "6.0"
"""Said, for what CloudFormation takes unless told is older."""


@dataclass(frozen=True, slots=True)
class JobFiles:
    """What every job of the project starts from."""

    project: assets.Asset
    packages: Stored
    script: assets.Asset

    @property
    def arns(self) -> tuple[str, ...]:
        return tuple(
            f"arn:aws:s3:::{each.s3_bucket_name}/{each.s3_object_key}" for each in (self.packages, self.script)
        )


class StageGlueJob(Construct):
    """`StageGlueJob(self, "Identity", platform, job=platform.stage("identity"), …)`."""

    def __init__(
        self, scope: Construct, id_: str, platform: Platform, *, job: StageJob, files: JobFiles, key_arn: str
    ) -> None:
        super().__init__(scope, id_)
        self.name = job_name(platform.names, job.stage)
        project = f"arn:aws:s3:::{files.project.s3_bucket_name}/{files.project.s3_object_key}"
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("glue.amazonaws.com"))
        grant(self.role, job_grants(platform, job, Shared(key_arn, project, files.arns)))
        self.job = self._job(platform, job, files)
        self.job.node.add_dependency(self.role)
        acknowledge(self.job, _OF_THE_JOB)

    def _job(self, platform: Platform, job: StageJob, files: JobFiles) -> glue.CfnJob:
        workers = job.workers
        arguments = default_arguments(
            platform,
            job.stage,
            project_uri=files.project.s3_object_url,
            packages_uri=files.packages.s3_object_url,
        )
        return glue.CfnJob(
            self,
            "Job",
            name=self.name,
            description=f"Stage {job.stage} of {platform.names.prefix}",
            role=self.role.role_arn,
            command=glue.CfnJob.JobCommandProperty(
                name="glueetl", python_version="3", script_location=files.script.s3_object_url
            ),
            glue_version=GLUE,
            worker_type=workers.type,
            number_of_workers=workers.count,
            execution_class="FLEX" if workers.flex else "STANDARD",
            timeout=workers.timeout_minutes,
            max_retries=0,  # the state machine tries again, and tells apart what is worth it
            execution_property=glue.CfnJob.ExecutionPropertyProperty(max_concurrent_runs=1),
            default_arguments={**arguments, "--custom-logGroup-prefix": log_prefix(platform.names)},
        )


_OF_THE_JOB = {
    "AwsSolutions-GL1": "Logs hold counts, ids and reason codes, no personal data; CloudWatch's own key suffices",
    "AwsSolutions-GL3": "No job uses bookmarks: what is consumed is noted in the lake",
}
