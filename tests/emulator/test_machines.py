"""The state machines, executed: JSONata, retries, catches, map and wait; Glue's jobs and the functions stand in."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from harness.cloud import ACCOUNT, REPOSITORY
from harness.machines import Workshop, workshop
from harness.projects import copy_of
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.machines import activation_machine, pipeline_machine, pipeline_stages
from kumitate.blueprint.platform import Platform
from kumitate.blueprint.states import function_name
from kumitate.project import open_project

pytestmark = pytest.mark.emulator

AS_OF = "2026-11-22T00:00:00+00:00"
SYNCS = ["active_chat", "visits_crm"]
ALL_SYNCS = ("active_chat", "signup_alert", "visits_crm")
"""With the one that a trigger fires, which the job publishes and nobody announces."""


@pytest.fixture(scope="module")
def platform() -> Platform:
    config = open_project(REPOSITORY / "tests" / "projects" / "cloud").config
    return platform_of(config, "dev", account=ACCOUNT)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, platform: Platform) -> Iterator[Workshop]:
    with workshop(tmp_path_factory.mktemp("machines")) as place:
        place.cloud.client("events").create_event_bus(Name=platform.names.called("bus"))
        place.cloud.client("dynamodb").create_table(
            TableName=platform.names.called("ledger"),
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        yield place


@pytest.fixture
def stage_set(shop: Workshop, platform: Platform) -> Workshop:
    """Every function answers as on a good day, no job fails, nothing was called yet."""
    _answers(shop, platform, "begin_run", {"verdict": "begun", "run_id": "r000007", "as_of": AS_OF})
    _answers(shop, platform, "quality_gate", {"verdict": "pass", "findings": []})
    _answers(shop, platform, "end_run", {})
    shop.jobs_end()
    for name in ("runs.jsonl", "functions.jsonl"):
        (shop.cloud.folder / name).write_text("", encoding="utf-8")
    return shop


def _answers(shop: Workshop, platform: Platform, function: str, answer: dict[str, Any]) -> None:
    shop.function(function_name(platform.names, function), answer)


def _ended_runs(shop: Workshop, platform: Platform) -> list[dict[str, Any]]:
    return shop.function_calls(function_name(platform.names, "end_run"))


def test_a_good_run_goes_through_every_stage_and_announces_its_segments(
    stage_set: Workshop, platform: Platform
) -> None:
    heard = stage_set.listen(platform.names.called("bus"))
    execution = stage_set.run(stage_set.place(pipeline_machine(platform)), {"reason": "schedule"})
    assert execution.status == "SUCCEEDED", execution
    assert [run["JobName"] for run in stage_set.job_runs()] == [
        platform.names.called("stage", stage) for stage in pipeline_stages(platform)
    ]
    assert all(run["Arguments"] == {"--run_id": "r000007", "--as_of": AS_OF} for run in stage_set.job_runs())
    assert stage_set.heard(heard) == [("Segments changed", {"run_id": "r000007", "as_of": AS_OF})]
    assert not _ended_runs(stage_set, platform), "the run goes on in activation"


def test_a_stage_that_fails_is_tried_again(stage_set: Workshop, platform: Platform) -> None:
    stage_set.jobs_end(identity=["Glue.ConcurrentRunsExceededException", "States.TaskFailed"])
    execution = stage_set.run(stage_set.place(pipeline_machine(platform)), {"reason": "schedule"})
    tries = [run["error"] for run in stage_set.job_runs() if run["JobName"].endswith("identity")]
    assert tries == ["Glue.ConcurrentRunsExceededException", "States.TaskFailed", ""]
    assert execution.status == "SUCCEEDED", execution


def test_a_stage_that_keeps_failing_ends_the_run_and_starts_no_other(stage_set: Workshop, platform: Platform) -> None:
    heard = stage_set.listen(platform.names.called("bus"))
    stage_set.jobs_end(identity=["States.TaskFailed"] * 9)
    execution = stage_set.run(stage_set.place(pipeline_machine(platform)), {"reason": "schedule"})
    assert (execution.status, execution.error) == ("FAILED", "RunFailed")
    assert execution.cause == "identity: States.TaskFailed", "no cause of Glue's: it may quote rows"
    assert _ended_runs(stage_set, platform) == [
        {"run_id": "r000007", "state": "failed", "reason": "identity: States.TaskFailed"}
    ]
    assert not any(run["JobName"].endswith("profiles") for run in stage_set.job_runs())
    assert not stage_set.heard(heard)


def test_a_run_that_the_gate_holds_ends_without_an_event(stage_set: Workshop, platform: Platform) -> None:
    heard = stage_set.listen(platform.names.called("bus"))
    finding = {"rule": "max_quarantined_percent", "limit": 5.0, "found": 12.5}
    _answers(stage_set, platform, "quality_gate", {"verdict": "hold", "findings": [finding]})
    execution = stage_set.run(stage_set.place(pipeline_machine(platform)), {"reason": "schedule"})
    assert execution.status == "SUCCEEDED", execution
    (ended,) = _ended_runs(stage_set, platform)
    assert (ended["state"], ended["reason"]) == ("held", "max_quarantined_percent 12.5, limit 5")
    assert not stage_set.heard(heard)


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """The same project with a rule about a source, too."""
    root = copy_of(REPOSITORY / "tests" / "projects" / "cloud", tmp_path_factory.mktemp("ruled") / "cloud")
    (root / "quality/members.yaml").write_text("members: {level: stop, unique: [[member_no]]}\n", encoding="utf-8")
    return platform_of(open_project(root).config, "dev", account=ACCOUNT)


def test_a_run_with_rules_about_sources_is_judged_before_persons_and_after_segments(
    stage_set: Workshop, ruled: Platform
) -> None:
    execution = stage_set.run(stage_set.place(pipeline_machine(ruled)), {"reason": "schedule"})
    assert execution.status == "SUCCEEDED", execution
    assert [run["JobName"] for run in stage_set.job_runs()] == [
        ruled.names.called("stage", stage)
        for stage in ("ingest", "cleanse", "quality", "identity", "profiles", "segments", "profile_quality")
    ]
    asked = stage_set.function_calls(function_name(ruled.names, "quality_gate"))
    assert [each.get("only") for each in asked] == ["stop", None]


def test_a_run_that_a_rule_about_a_source_stops_looks_for_no_person(stage_set: Workshop, ruled: Platform) -> None:
    finding = {"rule": "members: unique (member_no)", "limit": 0.0, "found": 2.0}
    _answers(stage_set, ruled, "quality_gate", {"verdict": "hold", "findings": [finding]})
    execution = stage_set.run(stage_set.place(pipeline_machine(ruled)), {"reason": "schedule"})
    assert execution.status == "SUCCEEDED", execution
    assert stage_set.job_runs()[-1]["JobName"] == ruled.names.called("stage", "quality")
    (ended,) = _ended_runs(stage_set, ruled)
    assert (ended["state"], ended["reason"]) == ("held", "members: unique (member_no) 2, limit 0")


def test_a_run_before_anything_arrived_ends_and_tells_nobody(stage_set: Workshop, platform: Platform) -> None:
    heard = stage_set.listen(platform.names.called("bus"))
    _answers(stage_set, platform, "quality_gate", {"verdict": "empty", "findings": []})
    execution = stage_set.run(stage_set.place(pipeline_machine(platform)), {"reason": "schedule"})
    assert execution.status == "SUCCEEDED", execution
    assert _ended_runs(stage_set, platform) == [{"run_id": "r000007", "state": "finished", "reason": ""}]
    assert not stage_set.heard(heard)


def test_a_start_while_another_run_is_under_way_does_nothing(stage_set: Workshop, platform: Platform) -> None:
    _answers(stage_set, platform, "begin_run", {"verdict": "busy", "run_id": "r000006", "as_of": AS_OF})
    execution = stage_set.run(stage_set.place(pipeline_machine(platform)), {})
    assert execution.status == "SUCCEEDED", execution
    assert not stage_set.job_runs()
    (asked,) = stage_set.function_calls(function_name(platform.names, "begin_run"))
    assert asked["reason"] == "schedule"
    assert ":execution:" in asked["execution"], "whoever asks is known by its execution"


def test_activation_waits_for_its_deliveries_and_collects_them(stage_set: Workshop, platform: Platform) -> None:
    heard = stage_set.listen(platform.names.called("bus"))
    stopping = threading.Event()
    deliveries = threading.Thread(target=_deliver, args=(stage_set, platform, "r000011", stopping))
    deliveries.start()
    try:
        execution = stage_set.run(stage_set.place(activation_machine(platform)), _segments_changed("r000011"))
    finally:
        stopping.set()
        deliveries.join()
    assert execution.status == "SUCCEEDED", execution
    stages = [run["JobName"].rpartition("-")[2] for run in stage_set.job_runs()]
    assert stages == ["activation", "delivery"]
    assert all(run["Arguments"]["--syncs"] == ",".join(ALL_SYNCS) for run in stage_set.job_runs())
    announced = {detail["sync"] for kind, detail in stage_set.heard(heard) if kind == "Sync changes ready"}
    assert announced == set(SYNCS)
    assert execution.states.count("Wait") >= 1, "nothing was delivered when it looked first"
    assert [ended["state"] for ended in _ended_runs(stage_set, platform)] == ["finished"]


def test_activation_goes_on_at_its_deadline_with_what_was_delivered(stage_set: Workshop, platform: Platform) -> None:
    execution = stage_set.run(stage_set.place(activation_machine(platform)), _segments_changed("r000012"))
    assert execution.status == "SUCCEEDED", execution
    assert execution.states.count("Wait") == platform.environment.delivery_minutes
    assert [run["JobName"].rpartition("-")[2] for run in stage_set.job_runs()] == ["activation", "delivery"]
    assert [ended["state"] for ended in _ended_runs(stage_set, platform)] == ["finished"]


def test_an_event_that_comes_twice_is_worked_on_once(stage_set: Workshop, platform: Platform) -> None:
    machine = stage_set.place(activation_machine(platform))
    first = stage_set.run(machine, _segments_changed("r000013"))
    second = stage_set.run(machine, _segments_changed("r000013"))
    assert (first.status, second.status) == ("SUCCEEDED", "SUCCEEDED")
    assert second.states[-1] == "Busy"
    assert sum(run["JobName"].endswith("activation") for run in stage_set.job_runs()) == 1


def test_a_sync_with_a_schedule_of_its_own_begins_its_own_run(stage_set: Workshop, platform: Platform) -> None:
    execution = stage_set.run(stage_set.place(activation_machine(platform)), {"syncs": ["visits_crm"]})
    assert execution.status == "SUCCEEDED", execution
    assert {run["Arguments"]["--syncs"] for run in stage_set.job_runs()} == {"visits_crm"}


def test_an_activation_started_by_hand_takes_all_syncs_where_it_names_none(
    stage_set: Workshop, platform: Platform
) -> None:
    execution = stage_set.run(stage_set.place(activation_machine(platform)), {})
    assert execution.status == "SUCCEEDED", execution
    assert {run["Arguments"]["--syncs"] for run in stage_set.job_runs()} == {",".join(ALL_SYNCS)}
    assert [ended["state"] for ended in _ended_runs(stage_set, platform)] == ["finished"]


def test_an_activation_that_fails_tells_so(stage_set: Workshop, platform: Platform) -> None:
    stage_set.jobs_end(activation=["States.TaskFailed"] * 9)
    execution = stage_set.run(stage_set.place(activation_machine(platform)), _segments_changed("r000014"))
    assert (execution.status, execution.cause) == ("FAILED", "activation: States.TaskFailed")
    assert [ended["state"] for ended in _ended_runs(stage_set, platform)] == ["failed"]


def _segments_changed(run_id: str) -> dict[str, Any]:
    """As the rule hands it on: the whole event."""
    return {"id": f"event-of-{run_id}", "detail-type": "Segments changed", "detail": {"run_id": run_id, "as_of": AS_OF}}


def _deliver(shop: Workshop, platform: Platform, run_id: str, stopping: threading.Event) -> None:
    """What planner and deliveries do to the ledger, some looks later."""
    table, client = platform.names.called("ledger"), shop.cloud.client("dynamodb")
    for sync in SYNCS:
        key = {"pk": {"S": f"run#{run_id}"}, "sk": {"S": f"sync#{sync}"}}
        while not stopping.wait(0.15):
            item = client.get_item(TableName=table, Key=key).get("Item")
            if item:
                assert item["pages"] == {"N": "-1"}, json.dumps(item)
                client.update_item(
                    TableName=table,
                    Key=key,
                    UpdateExpression="set pages = :two, done = :two",
                    ExpressionAttributeValues={":two": {"N": "2"}},
                )
                break
