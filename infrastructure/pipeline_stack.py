"""From files to segments: the stages' jobs, the machine that runs them in order, and what starts it."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infrastructure.bundles import job_script, packages_archive, project_archive
from infrastructure.constructs.function import PlatformFunction, Work
from infrastructure.constructs.machine import PlatformMachine
from infrastructure.constructs.schedule import MachineSchedule, ScheduledStart
from infrastructure.constructs.stage_job import JobFiles, StageGlueJob
from infrastructure.constructs.undelivered import dead_letters
from infrastructure.ingest_stack import IngestStack
from infrastructure.storage_stack import StorageStack
from kumitate.blueprint.access import log_groups
from kumitate.blueprint.function_access import (
    WORKGROUP,
    arrivals_grants,
    end_run_grants,
    gate_grants,
    gate_tables,
    quality_results,
    run_grants,
)
from kumitate.blueprint.grants import machine_arn
from kumitate.blueprint.machine_access import pipeline_grants
from kumitate.blueprint.machines import pipeline_machine
from kumitate.blueprint.platform import Platform


class PipelineStack(cdk.Stack):
    """Holds no data: it can be torn down and placed again at any time."""

    machine: sfn.StateMachine

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        platform: Platform,
        storage: StorageStack,
        ingest: IngestStack,
        **options: Any,
    ) -> None:
        super().__init__(scope, id_, **options)
        self._platform, self._storage = platform, storage
        self.undelivered = dead_letters(self, "Undelivered", name=platform.names.called("pipeline", "undelivered"))
        self._jobs()
        self._functions()
        self.machine = PlatformMachine(
            self,
            "Pipeline",
            platform,
            name="pipeline",
            definition=pipeline_machine(platform),
            grants=pipeline_grants(platform),
        ).machine
        start = ScheduledStart(self.machine, {"reason": "schedule"}, self.undelivered)
        expression = platform.environment.schedule
        MachineSchedule(self, "Schedule", platform, name="pipeline", expression=expression, target=start)
        self._arrivals(ingest)

    def _jobs(self) -> None:
        platform = self._platform
        for name in log_groups(platform.names):
            group = logs.CfnLogGroup(self, f"{name.rpartition('/')[2].capitalize()}Logs", log_group_name=name)
            group.retention_in_days = platform.environment.retention.logs
            group.apply_removal_policy(cdk.RemovalPolicy.DESTROY)
        project, packages = project_archive(self, platform), packages_archive(self)
        key = self._storage.key.key_arn
        for job in platform.jobs:
            files = JobFiles(project, packages, job_script(self, job.stage))
            placed = StageGlueJob(self, job.stage.capitalize(), platform, job=job, files=files, key_arn=key)
            self._storage.lake.admit(placed.role, reads=job.reads, writes=job.writes)

    def _functions(self) -> None:
        platform, key = self._platform, self._storage.key.key_arn
        begin, end = _run_work(platform)
        PlatformFunction(self, "BeginRun", platform, work=begin).may(run_grants(platform.names, key))
        PlatformFunction(self, "EndRun", platform, work=end).may(end_run_grants(platform.names, key))
        gate = Work(
            name="quality_gate",
            purpose="May this run be activated?",
            timeout_seconds=300,
            environment={
                "KUMITATE_GATE": platform.environment.gate.model_dump_json(),
                "KUMITATE_WORKGROUP": platform.names.called(WORKGROUP),
                "KUMITATE_DATABASES": json.dumps(platform.databases),
                "KUMITATE_QUALITY": json.dumps([str(table) for table in quality_results(platform.config)]),
            },
        )
        judge = PlatformFunction(self, "QualityGate", platform, work=gate)
        judge.may(gate_grants(platform, key))
        self._storage.lake.admit(judge.role, reads=gate_tables(platform.config), by_athena=True)

    def _arrivals(self, ingest: IngestStack) -> None:
        """What arrives within the window starts one run together."""
        names = self._platform.names
        work = Work(
            name="arrivals",
            purpose="Starts a run for what has arrived",
            environment={"KUMITATE_MACHINE": self.machine.state_machine_arn},
        )
        arrivals = PlatformFunction(self, "Arrivals", self._platform, work=work)
        arrivals.may(arrivals_grants(names, ingest.arrivals.queue_arn))
        minutes = self._platform.environment.arrivals_minutes
        lambda_.EventSourceMapping(
            self,
            "ArrivalsQueue",
            target=arrivals.function,
            event_source_arn=ingest.arrivals.queue_arn,
            batch_size=1000 if minutes else 10,
            max_batching_window=cdk.Duration.minutes(minutes),
            report_batch_item_failures=True,
        ).node.add_dependency(arrivals.role)


def _clock(platform: Platform) -> dict[str, str]:
    """A project may fix the time that its runs see."""
    as_of = platform.config.settings.as_of
    return {"KUMITATE_AS_OF": as_of.isoformat()} if as_of else {}


def _run_work(platform: Platform) -> tuple[Work, Work]:
    names = platform.names
    begin = Work(
        name="begin_run",
        purpose="Begins a run, or takes an interrupted one up",
        environment={"KUMITATE_LEDGER": names.called("ledger"), **_clock(platform)},
    )
    end = Work(
        name="end_run",
        purpose="Ends a run and says how",
        environment={
            "KUMITATE_LEDGER": names.called("ledger"),
            "KUMITATE_BUS": names.called("bus"),
            "KUMITATE_SOURCE": names.event_source,
            "KUMITATE_MACHINE": machine_arn(names, "pipeline"),
        },
    )
    return begin, end
