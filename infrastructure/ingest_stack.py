"""How data comes in: flows, pull jobs and streams of the declared sources, the drop zone's queue."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infrastructure.bundles import job_script, packages_archive, project_archive
from infrastructure.constructs.appflow_source import AppFlowSource, let_appflow_in
from infrastructure.constructs.arrivals import Arrivals
from infrastructure.constructs.glue_connection_source import PULL, GlueConnectionSource
from infrastructure.constructs.stage_job import JobFiles
from infrastructure.constructs.stream_source import StreamSource
from infrastructure.constructs.undelivered import dead_letters
from infrastructure.storage_stack import StorageStack
from kumitate.blueprint.platform import Platform


class IngestStack(cdk.Stack):
    """One construct per declared source; a project without pulled or streamed ones has the drop zone alone."""

    arrivals: sqs.Queue
    """Tells of files and finished pulls; whoever reads it starts a run."""
    arrivals_dead: sqs.Queue
    streams: dict[str, StreamSource]
    """By source."""

    def __init__(
        self, scope: Construct, id_: str, *, platform: Platform, storage: StorageStack, **options: Any
    ) -> None:
        super().__init__(scope, id_, **options)
        self._platform, self._storage = platform, storage
        arrivals = Arrivals(self, "Arrivals", platform)
        self.arrivals, self.arrivals_dead = arrivals.queue, arrivals.dead
        flows = self._flows()
        if flows:
            arrivals.when_flows_end(flows)
        self._jobs()
        self.streams = {
            each.name: StreamSource(self, construct_id(each.name), platform, streamed=each, storage=storage)
            for each in platform.streams
        }

    def _flows(self) -> list[str]:
        platform, storage = self._platform, self._storage
        pulls = [each for each in platform.pulls if each.by_appflow]
        if pulls:
            let_appflow_in(storage.buckets["raw"], storage.key, platform.names.account)
        return [
            AppFlowSource(self, construct_id(each.name), platform, pulled=each, storage=storage).name for each in pulls
        ]

    def _jobs(self) -> None:
        platform = self._platform
        pulls = [each for each in platform.pulls if not each.by_appflow]
        if not pulls:
            return
        files = JobFiles(project_archive(self, platform), packages_archive(self), job_script(self, PULL))
        key_arn = self._storage.key.key_arn
        undelivered = dead_letters(self, "Undelivered", name=platform.names.called("pulls", "undelivered"))
        for each in pulls:
            id_ = construct_id(each.name)
            source = GlueConnectionSource(self, id_, platform, pulled=each, files=files, key_arn=key_arn)
            source.starts_by_schedule(undelivered)


def construct_id(name: str) -> str:
    """`crm_contacts` is CrmContacts: ids come from declared names."""
    return "".join(part.capitalize() for part in name.split("_"))
