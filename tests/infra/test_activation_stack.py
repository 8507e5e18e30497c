"""From segments to destinations: a queue and a delivery per account, a rule per sync, nothing for what is not there."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.synthesis import Synthesis
from infrastructure.constructs.destination_account import memory_mb
from kumitate.activation.routes import CONCURRENCY, routes
from kumitate.activation.waiting import receives_in
from kumitate.blueprint.machines import activation_machine

pytestmark = pytest.mark.infra


def test_every_account_has_a_queue_a_dead_letter_queue_and_a_delivery(shop: Synthesis) -> None:
    template, names = shop["activation"], shop.platform.names
    queues = {queue["QueueName"]: queue for queue in template.of_type("AWS::SQS::Queue").values()}
    functions = {each["FunctionName"] for each in template.of_type("AWS::Lambda::Function").values()}
    assert shop.platform.accounts
    for account in shop.platform.accounts:
        queue = queues[names.called("account", account.name)]
        assert "deadLetterTargetArn" in queue["RedrivePolicy"]
        assert names.called("account", account.name, "dlq") in queues
        assert names.called("fn", "delivery", account.name) in functions


def test_an_account_is_delivered_to_by_few_at_a_time_and_fails_message_by_message(shop: Synthesis) -> None:
    mappings = shop["activation"].of_type("AWS::Lambda::EventSourceMapping").values()
    assert len(mappings) == len(shop.platform.accounts)
    for mapping in mappings:
        assert mapping["ScalingConfig"] == {"MaximumConcurrency": CONCURRENCY}
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_a_message_stays_hidden_longer_than_its_delivery_may_take(shop: Synthesis) -> None:
    template = shop["activation"]
    longest = max(each["Timeout"] for each in template.of_type("AWS::Lambda::Function").values())
    for queue in template.of_type("AWS::SQS::Queue").values():
        if "RedrivePolicy" in queue:
            assert queue["VisibilityTimeout"] >= 6 * longest


def test_who_is_sent_a_whole_sync_at_once_has_room_for_it(shop: Synthesis) -> None:
    """A page of 300,000 rows, a file's or an audience's that is built anew, is 290 MiB when it is read."""
    platform = shop.platform
    ways = routes(platform.config, platform.environment)
    crm = [route for route in ways if route.account == "crm"]
    assert memory_mb([*crm, replace(crm[0], is_whole=True)]) > 5 * memory_mb(crm)
    functions = {each["FunctionName"]: each for each in shop["activation"].of_type("AWS::Lambda::Function").values()}
    for account in platform.accounts:
        expected = memory_mb(route for route in ways if route.account == account.name)
        assert functions[platform.names.called("fn", "delivery", account.name)]["MemorySize"] == expected


def test_every_sync_has_a_rule_of_its_own_to_the_planner(shop: Synthesis) -> None:
    template, names = shop["activation"], shop.platform.names
    rules = {rule["Name"]: rule for rule in template.of_type("AWS::Events::Rule").values()}
    for route in shop.platform.run_routes:
        rule = rules[names.called("sync", route.name)]
        assert rule["EventPattern"]["detail"] == {"sync": [route.name]}
        assert rule["EventPattern"]["source"] == [names.event_source]
        (target,) = rule["Targets"]
        assert "DeadLetterConfig" in target
    assert set(rules) == {names.called("segments-changed")} | {
        names.called("sync", route.name) for route in shop.platform.run_routes
    }


def test_a_sync_with_a_schedule_has_one_and_others_have_none(cloud: Synthesis) -> None:
    schedules = cloud["activation"].of_type("AWS::Scheduler::Schedule").values()
    wanted = {route.name: route.sync.schedule for route in cloud.platform.run_routes if route.sync.schedule}
    assert wanted
    found = {}
    for schedule in schedules:
        given = json.loads(schedule["Target"]["Input"])
        found[given["syncs"][0]] = schedule["ScheduleExpression"]
        assert schedule["ScheduleExpressionTimezone"] == cloud.platform.config.settings.timezone
    assert found == wanted


def test_the_machine_is_the_one_that_is_tested(shop: Synthesis) -> None:
    (machine,) = shop["activation"].of_type("AWS::StepFunctions::StateMachine").values()
    assert json.loads(machine["DefinitionString"]) == activation_machine(shop.platform)
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False


def test_changed_segments_start_it_and_a_start_that_fails_is_kept(shop: Synthesis) -> None:
    names = shop.platform.names
    rules = {rule["Name"]: rule for rule in shop["activation"].of_type("AWS::Events::Rule").values()}
    rule = rules[names.called("segments-changed")]
    assert rule["EventPattern"] == {"source": [names.event_source], "detail-type": ["Segments changed"]}
    (target,) = rule["Targets"]
    assert {"DeadLetterConfig", "RetryPolicy", "RoleArn"} <= set(target)


def test_only_what_stands_in_a_chain_is_traced(shop: Synthesis) -> None:
    for stack in ("activation", "pipeline"):
        for function in shop[stack].of_type("AWS::Lambda::Function").values():
            is_link = "-fn-delivery-" in function["FunctionName"] or function["FunctionName"].endswith("-fn-planner")
            assert (function.get("TracingConfig") == {"Mode": "Active"}) == is_link, function["FunctionName"]


def test_a_message_is_received_as_often_as_its_run_waits_for_it(shop: Synthesis) -> None:
    template, names = shop["activation"], shop.platform.names
    queues = {queue["QueueName"]: queue for queue in template.of_type("AWS::SQS::Queue").values()}
    for account in shop.platform.accounts:
        policy = queues[names.called("account", account.name)]["RedrivePolicy"]
        assert policy["maxReceiveCount"] == receives_in(shop.platform.environment.delivery_minutes)
