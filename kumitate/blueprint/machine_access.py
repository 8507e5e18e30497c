"""What the two state machines do in the account: what their states name, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kumitate.blueprint.grants import Grant, arn, bus_arn, ledger_items, measuring, use_key
from kumitate.blueprint.machines import pipeline_stages
from kumitate.blueprint.names import Names
from kumitate.blueprint.platform import Platform
from kumitate.blueprint.states import METRICS, function_name, job_name

_FUNCTIONS = ("begin_run", "quality_gate", "end_run")
_RUN_JOBS = ("glue:BatchStopJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:StartJobRun")


def pipeline_grants(platform: Platform) -> tuple[Grant, ...]:
    """What the pipeline's machine does: its states name nothing else."""
    return (*_machine(platform.names, pipeline_stages(platform)), _publish(platform.names))


def activation_grants(platform: Platform, key_arn: str) -> tuple[Grant, ...]:
    names = platform.names
    return (
        *_machine(names, ("activation", "delivery")),
        _publish(names),
        ledger_items("FollowDeliveries", ("dynamodb:PutItem", "dynamodb:Query"), names, keys=["run#*"]),
        use_key(key_arn),
    )


def _machine(names: Names, stages: Iterable[str]) -> Iterator[Grant]:
    invoked = tuple(arn(names, "lambda", f"function:{function_name(names, each)}") for each in _FUNCTIONS)
    jobs = tuple(arn(names, "glue", f"job/{job_name(names, each)}") for each in stages)
    yield Grant("Invoke", ("lambda:InvokeFunction",), invoked)
    yield Grant("RunJobs", _RUN_JOBS, jobs)
    yield measuring("Measure", METRICS)


def _publish(names: Names) -> Grant:
    return Grant("Publish", ("events:PutEvents",), (bus_arn(names),))
