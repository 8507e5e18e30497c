"""From files to segments: jobs, machine, schedule and arrivals follow the project and its environment."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.synthesis import Synthesis
from kumitate.blueprint.machines import pipeline_machine
from kumitate.config.environment import Workers
from kumitate.pipeline import STAGES

pytestmark = pytest.mark.infra


def jobs(shop: Synthesis) -> dict[str, dict[str, Any]]:
    """By stage."""
    prefix = shop.platform.names.called("stage", "")
    found = shop["pipeline"].of_type("AWS::Glue::Job").values()
    return {job["Name"].removeprefix(prefix).replace("-", "_"): job for job in found}


def test_every_stage_is_a_job_on_glue_six(shop: Synthesis) -> None:
    found = jobs(shop)
    assert set(found) == {stage.name for stage in STAGES}
    for job in found.values():
        assert job["GlueVersion"] == "6.0"
        assert job["Command"]["Name"] == "glueetl"
        assert job["MaxRetries"] == 0, "the machine tries again"
        assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 1}


def test_jobs_are_as_large_as_the_environment_says(shop: Synthesis) -> None:
    for stage, job in jobs(shop).items():
        workers: Workers = shop.platform.environment.workers_of(stage)
        said = (job["WorkerType"], job["NumberOfWorkers"], job["ExecutionClass"], job["Timeout"])
        assert said == (workers.type, workers.count, "FLEX" if workers.flex else "STANDARD", workers.timeout_minutes)


def test_each_job_runs_its_own_script_under_its_own_role(shop: Synthesis) -> None:
    found = jobs(shop).values()
    assert len({json.dumps(job["Command"]["ScriptLocation"]) for job in found}) == len(STAGES)
    assert len({json.dumps(job["Role"]) for job in found}) == len(STAGES)


def test_glue_takes_the_packages_for_wheels_by_their_name(shop: Synthesis) -> None:
    for job in jobs(shop).values():
        assert job["DefaultArguments"]["--additional-python-modules"].endswith(".gluewheels.zip")
    (manifest,) = shop.folder.glob("*-pipeline.assets.json")
    stored = [
        place["objectKey"]
        for file in json.loads(manifest.read_text(encoding="utf-8"))["files"].values()
        for place in file["destinations"].values()
    ]
    assert [key for key in stored if key.endswith(".gluewheels.zip")]


def test_jobs_write_their_logs_where_they_expire(shop: Synthesis) -> None:
    groups = {group["LogGroupName"]: group for group in shop["pipeline"].of_type("AWS::Logs::LogGroup").values()}
    for job in jobs(shop).values():
        prefix = job["DefaultArguments"]["--custom-logGroup-prefix"]
        for end in ("output", "error"):
            assert groups[f"{prefix}/{end}"]["RetentionInDays"] == shop.platform.environment.retention.logs


def test_the_machine_is_the_one_that_is_tested(shop: Synthesis) -> None:
    (machine,) = shop["pipeline"].of_type("AWS::StepFunctions::StateMachine").values()
    assert json.loads(machine["DefinitionString"]) == pipeline_machine(shop.platform)
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False, "a log holds no row"


def test_the_run_starts_on_its_schedule_in_the_projects_time_zone(shop: Synthesis) -> None:
    (schedule,) = shop["pipeline"].of_type("AWS::Scheduler::Schedule").values()
    assert schedule["ScheduleExpression"] == shop.platform.environment.schedule
    assert schedule["ScheduleExpressionTimezone"] == shop.platform.config.settings.timezone
    assert json.loads(schedule["Target"]["Input"]) == {"reason": "schedule"}
    assert "DeadLetterConfig" in schedule["Target"]


def test_what_arrives_within_the_window_starts_one_run(shop: Synthesis) -> None:
    (mapping,) = shop["pipeline"].of_type("AWS::Lambda::EventSourceMapping").values()
    assert mapping["MaximumBatchingWindowInSeconds"] == 60 * shop.platform.environment.arrivals_minutes
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_functions_say_where_they_keep_the_run_log(shop: Synthesis) -> None:
    names = shop.platform.names
    functions = {each["FunctionName"]: each for each in shop["pipeline"].of_type("AWS::Lambda::Function").values()}
    assert set(functions) == {names.called("fn", each) for each in ("begin_run", "end_run", "quality_gate", "arrivals")}
    for name in ("begin_run", "end_run"):
        given = functions[names.called("fn", name)]["Environment"]["Variables"]
        assert given["KUMITATE_LEDGER"] == names.called("ledger")
    for function in functions.values():
        assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
        assert function["Environment"]["Variables"]["KUMITATE_PROJECT"] == "/opt/kumitate/project"


def test_the_gate_has_the_environments_limits(shop: Synthesis) -> None:
    functions = shop["pipeline"].of_type("AWS::Lambda::Function").values()
    (gate,) = [each for each in functions if each["FunctionName"].endswith("quality-gate")]
    limits = json.loads(gate["Environment"]["Variables"]["KUMITATE_GATE"])
    assert limits == shop.platform.environment.gate.model_dump()
