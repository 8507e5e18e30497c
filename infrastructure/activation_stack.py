"""From segments to destinations: the machine, a planner, and per account a queue and its delivery."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infrastructure.constructs.destination_account import DestinationAccount
from infrastructure.constructs.function import PlatformFunction, Work
from infrastructure.constructs.machine import PlatformMachine
from infrastructure.constructs.sync_route import SyncTrigger, Ways
from infrastructure.constructs.undelivered import dead_letters
from infrastructure.storage_stack import StorageStack
from kumitate.activation.routes import routes
from kumitate.blueprint.function_access import export_grants, export_tables, planner_grants
from kumitate.blueprint.grants import Grant
from kumitate.blueprint.machine_access import activation_grants
from kumitate.blueprint.machines import SEGMENTS_CHANGED, activation_machine
from kumitate.blueprint.platform import Platform


class ActivationStack(cdk.Stack):
    """One queue and one function per destination account, one rule per sync; a project without syncs has none."""

    machine: sfn.StateMachine
    accounts: dict[str, DestinationAccount]

    def __init__(
        self, scope: Construct, id_: str, *, platform: Platform, storage: StorageStack, **options: Any
    ) -> None:
        super().__init__(scope, id_, **options)
        self._platform, self._key = platform, storage.key.key_arn
        names = platform.names
        self.undelivered = dead_letters(self, "Undelivered", name=names.called("activation", "undelivered"))
        self.accounts = self._accounts()
        self.machine = PlatformMachine(
            self,
            "Activation",
            platform,
            name="activation",
            definition=activation_machine(platform),
            grants=activation_grants(platform, self._key),
        ).machine
        self._when_segments_change(storage.bus)
        ways = Ways(storage.bus, self._planner().function, self.machine, self.undelivered)
        self._export(storage)
        for route in platform.run_routes:
            SyncTrigger(self, f"Sync{construct_id(route.name)}", platform, route=route, ways=ways)

    def _accounts(self) -> dict[str, DestinationAccount]:
        platform = self._platform
        ways = routes(platform.config, platform.environment)
        return {
            account.name: DestinationAccount(
                self,
                f"Account{construct_id(account.name)}",
                platform,
                account=account,
                routes=ways,
                key_arn=self._key,
            )
            for account in platform.accounts
        }

    def _planner(self) -> PlatformFunction:
        names = self._platform.names
        work = Work(
            name="planner",
            purpose="Tells each page of a sync's changes to its account's queue",
            timeout_seconds=300,
            environment={
                "KUMITATE_LEDGER": names.called("ledger"),
                "KUMITATE_RESULTS": names.bucket("results"),
                "KUMITATE_QUEUES": names.account_queues,
            },
            traced=True,
        )
        planner = PlatformFunction(self, "Planner", self._platform, work=work)
        planner.may(planner_grants(self._platform, self._key))
        planner.may([Grant("KeepFailedEvents", ("sqs:SendMessage",), (self.undelivered.queue_arn,))])
        lambda_.CfnEventInvokeConfig(
            self,
            "PlannerRetries",
            function_name=planner.function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=2,
            maximum_event_age_in_seconds=3600,
            destination_config={"onFailure": {"destination": self.undelivered.queue_arn}},
        ).node.add_dependency(planner.role)
        return planner

    def _export(self, storage: StorageStack) -> None:
        """For whoever fetches a segment as files: invoked by hand or by a schedule of their own."""
        work = Work(
            name="export_segment",
            purpose="Writes a segment's members as files",
            bundle="wrangler",
            memory_mb=2048,
            timeout_seconds=900,
        )
        export = PlatformFunction(self, "ExportSegment", self._platform, work=work)
        export.may(export_grants(self._platform, self._key))
        storage.lake.admit(export.role, reads=export_tables(self._platform.config), by_athena=True)

    def _when_segments_change(self, bus: events.IEventBus) -> None:
        names = self._platform.names
        role = iam.Role(self, "StarterRole", assumed_by=iam.ServicePrincipal("events.amazonaws.com"))
        events.Rule(
            self,
            "SegmentsChanged",
            rule_name=names.called("segments-changed"),
            description="A run has passed the quality gate",
            event_bus=bus,
            event_pattern=events.EventPattern(source=[names.event_source], detail_type=[SEGMENTS_CHANGED]),
            targets=[
                targets.SfnStateMachine(
                    self.machine,
                    role=role,
                    dead_letter_queue=self.undelivered,
                    max_event_age=cdk.Duration.hours(1),
                    retry_attempts=30,
                )
            ],
        )


def construct_id(name: str) -> str:
    """`crm_contacts` is CrmContacts: ids come from declared names."""
    return "".join(part.capitalize() for part in name.split("_"))
