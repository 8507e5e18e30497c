"""A source that only a connection of AWS Glue reaches: the connection, and a job that pulls on a schedule."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infrastructure.acknowledging import acknowledge
from infrastructure.constructs.granting import grant
from infrastructure.constructs.stage_job import GLUE, JobFiles
from kumitate.blueprint.access import Shared, job_grants, log_prefix
from kumitate.blueprint.connections import Connection, connection_of, pull_grants, secret_arn, secret_grant
from kumitate.blueprint.grants import arn
from kumitate.blueprint.job_arguments import default_arguments, glue_connection
from kumitate.blueprint.platform import Platform, PulledSource, StageJob

PULL = "pull"
_OF_THE_JOB = {
    "AwsSolutions-GL1": "Logs hold counts and reason codes, no personal data; CloudWatch's own encryption suffices",
    "AwsSolutions-GL3": "It uses no bookmarks: its newest file tells how far it came",
}


class GlueConnectionSource(Construct):
    """`GlueConnectionSource(self, "HubContacts", platform, pulled=pulled, files=files, key_arn=key_arn)`.

    `starts_by_schedule(undelivered)` gives it its schedule; a start that never came about lies in that queue.
    """

    def __init__(
        self, scope: Construct, id_: str, platform: Platform, *, pulled: PulledSource, files: JobFiles, key_arn: str
    ) -> None:
        super().__init__(scope, id_)
        self._platform, self._pulled = platform, pulled
        self.name = platform.names.called(PULL, pulled.name)
        declared = connection_of(platform, pulled)
        connection = self._connection(declared) if declared else None
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("glue.amazonaws.com"))
        project = f"arn:aws:s3:::{files.project.s3_bucket_name}/{files.project.s3_object_key}"
        plain = StageJob(PULL, (), (), platform.environment.workers_of(PULL))
        grant(role, job_grants(platform, plain, Shared(key_arn, project, files.arns)))
        grant(role, pull_grants(platform, pulled))
        job = self._job(plain, files, role)
        job.node.add_dependency(role.node.find_child("DefaultPolicy"))
        if connection is not None:
            job.add_resource_dependency(connection)

    def _connection(self, declared: Connection) -> glue.CfnConnection:
        known = glue.CfnConnection
        names = self._platform.names
        role = iam.Role(self, "SignIn", assumed_by=iam.ServicePrincipal("glue.amazonaws.com"))
        grant(role, [secret_grant(names, declared.secret)])
        client = declared.client_id and known.OAuth2ClientApplicationProperty(
            user_managed_client_application_client_id=declared.client_id
        )
        return glue.CfnConnection(
            self,
            "Connection",
            catalog_id=names.account,
            connection_input=known.ConnectionInputProperty(
                name=declared.name,
                connection_type=declared.type,
                description=f"{self._pulled.pull.connector} for source {self._pulled.name}",
                connection_properties={**declared.properties, "ROLE_ARN": role.role_arn},
                authentication_configuration=known.AuthenticationConfigurationProperty(
                    authentication_type="OAUTH2",
                    secret_arn=secret_arn(names, declared.secret),
                    o_auth2_properties=known.OAuth2PropertiesProperty(
                        o_auth2_grant_type=declared.grant_type,
                        o_auth2_client_application=client or None,
                        token_url=declared.token_url,
                    ),
                ),
            ),
        )

    def _job(self, plain: StageJob, files: JobFiles, role: iam.Role) -> glue.CfnJob:
        platform, workers = self._platform, plain.workers
        job = glue.CfnJob(
            self,
            "Job",
            name=self.name,
            description=f"Pulls source {self._pulled.name} of {platform.names.prefix}",
            role=role.role_arn,
            command=glue.CfnJob.JobCommandProperty(
                name="glueetl", python_version="3", script_location=files.script.s3_object_url
            ),
            connections=glue.CfnJob.ConnectionsListProperty(
                connections=[glue_connection(platform.names, self._pulled)]
            ),
            glue_version=GLUE,
            worker_type=workers.type,
            number_of_workers=workers.count,
            execution_class="FLEX" if workers.flex else "STANDARD",
            timeout=workers.timeout_minutes,
            max_retries=1,
            execution_property=glue.CfnJob.ExecutionPropertyProperty(max_concurrent_runs=1),
            default_arguments=self._arguments(files),
        )
        acknowledge(job, _OF_THE_JOB)
        return job

    def _arguments(self, files: JobFiles) -> dict[str, str]:
        project, packages = files.project.s3_object_url, files.packages.s3_object_url
        every = default_arguments(self._platform, PULL, project_uri=project, packages_uri=packages)
        return {
            **every,
            "--source": self._pulled.name,
            "--custom-logGroup-prefix": log_prefix(self._platform.names),
        }

    def starts_by_schedule(self, undelivered: sqs.IQueue) -> None:
        names = self._platform.names
        zone = cdk.TimeZone.of(self._platform.config.settings.timezone)
        start = iam.PolicyStatement(actions=["glue:StartJobRun"], resources=[arn(names, "glue", f"job/{self.name}")])
        scheduler.Schedule(
            self,
            "Schedule",
            schedule_name=self.name,
            schedule=scheduler.ScheduleExpression.expression(self._pulled.pull.schedule, zone),
            target=targets.Universal(
                service="glue",
                action="startJobRun",
                input=scheduler.ScheduleTargetInput.from_object({"JobName": self.name}),
                policy_statements=[start],
                dead_letter_queue=undelivered,
                max_event_age=cdk.Duration.hours(1),
                retry_attempts=10,
            ),
        )
