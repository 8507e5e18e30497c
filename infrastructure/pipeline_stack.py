"""From files to segments: the stages' jobs, the machine that runs them in order, and what starts it."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct

from infrastructure.bundles import job_script, packages_archive, project_archive
from infrastructure.constructs.machine import PlatformMachine
from infrastructure.constructs.schedule import MachineSchedule, ScheduledStart
from infrastructure.constructs.stage_job import JobFiles, StageGlueJob
from infrastructure.constructs.undelivered import dead_letters
from infrastructure.storage_stack import StorageStack
from kumitate.blueprint.access import log_groups, pipeline_grants
from kumitate.blueprint.machines import pipeline_machine
from kumitate.blueprint.platform import Platform


class PipelineStack(cdk.Stack):
    """Holds no data: it can be torn down and placed again at any time."""

    def __init__(
        self, scope: Construct, id_: str, *, platform: Platform, storage: StorageStack, **options: Any
    ) -> None:
        super().__init__(scope, id_, **options)
        names = platform.names
        self.undelivered = dead_letters(self, "Undelivered", name=names.called("pipeline", "undelivered"))
        self._jobs(platform, storage)
        self.machine = PlatformMachine(
            self,
            "Pipeline",
            platform,
            name="pipeline",
            definition=pipeline_machine(platform),
            grants=pipeline_grants(platform),
        ).machine
        MachineSchedule(
            self,
            "Schedule",
            platform,
            name="schedule",
            expression=platform.environment.schedule,
            target=ScheduledStart(self.machine, {"reason": "schedule"}, self.undelivered),
        )

    def _jobs(self, platform: Platform, storage: StorageStack) -> None:
        for name in log_groups(platform.names):
            group = logs.CfnLogGroup(self, f"{name.rpartition('/')[2].capitalize()}Logs", log_group_name=name)
            group.retention_in_days = platform.environment.retention.logs
            group.apply_removal_policy(cdk.RemovalPolicy.DESTROY)
        project, packages = project_archive(self, platform), packages_archive(self)
        for job in platform.jobs:
            files = JobFiles(project, packages, job_script(self, job.stage))
            StageGlueJob(self, job.stage.capitalize(), platform, job=job, files=files, key_arn=storage.key.key_arn)
