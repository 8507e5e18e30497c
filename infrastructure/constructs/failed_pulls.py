"""Who is told when a source stops coming: a flow or pull job that ends badly, once for each such end."""

from __future__ import annotations

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns
from constructs import Construct

from kumitate.blueprint.platform import Platform

FLOW_FAILED = "flow-failed"
JOB_FAILED = "pull-job-failed"
_WELL = "Execution Successful"
_RUNBOOK = "docs/guides/runbooks.md"


def failure_rules(platform: Platform) -> tuple[str, ...]:
    """Names of the rules that this project needs; each counts what it told of."""
    kinds = {FLOW_FAILED: any(each.by_appflow for each in platform.pulls)}
    kinds[JOB_FAILED] = any(not each.by_appflow for each in platform.pulls)
    return tuple(name for name, needed in kinds.items() if needed)


class FailedPulls(Construct):
    """`FailedPulls(self, "FailedPulls", platform, topic=topic)`: rules on the bus that AWS's services tell on."""

    def __init__(self, scope: Construct, id_: str, platform: Platform, *, topic: sns.ITopic) -> None:
        super().__init__(scope, id_)
        self._platform, self._topic = platform, topic
        needed = failure_rules(platform)
        if FLOW_FAILED in needed:
            self._flows()
        if JOB_FAILED in needed:
            self._jobs()

    def _flows(self) -> None:
        """Also a flow that AppFlow switched off; that report names no status."""
        other = [{"status": [{"anything-but": [_WELL]}]}, {"status": [{"exists": False}]}]
        pattern = events.EventPattern(
            source=["aws.appflow"],
            detail_type=["AppFlow End Flow Run Report", "AppFlow Scheduled Flow Deactivated"],
            detail={"flow-name": self._names(by_appflow=True), "$or": other},
        )
        name, status, what = "$.detail.flow-name", "$.detail.status", "$.detail-type"
        self._tell(FLOW_FAILED, pattern, f"flow {_of(name)} brought nothing: {_of(what)}. {_of(status)}.")

    def _jobs(self) -> None:
        pattern = events.EventPattern(
            source=["aws.glue"],
            detail_type=["Glue Job State Change"],
            detail={"jobName": self._names(by_appflow=False), "state": ["FAILED", "TIMEOUT", "STOPPED", "ERROR"]},
        )
        name, run, state = "$.detail.jobName", "$.detail.jobRunId", "$.detail.state"
        self._tell(JOB_FAILED, pattern, f"pull job {_of(name)} brought nothing: run {_of(run)} {_of(state)}.")

    def _names(self, *, by_appflow: bool) -> list[str]:
        pulls = (each for each in self._platform.pulls if each.by_appflow == by_appflow)
        return [self._platform.names.called("pull", each.name) for each in pulls]

    def _tell(self, name: str, pattern: events.EventPattern, what: str) -> None:
        """What a service says in its own words may quote a row; only names and states are passed on."""
        text = f"{self._platform.names.prefix}: {what} What to do: {_RUNBOOK}"
        events.Rule(
            self,
            "".join(part.capitalize() for part in name.split("-")),
            rule_name=self._platform.names.called(name),
            description="A source could not be pulled",
            event_pattern=pattern,
            targets=[targets.SnsTopic(self._topic, message=events.RuleTargetInput.from_text(text))],
        )


def _of(path: str) -> str:
    return str(events.EventField.from_path(path))
