"""What takes events in and watches them: one address, logs without people, shards that no record stops."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.projects import BAKERY, copy_of
from harness.synthesis import ROOT, Synthesis, Template, synthesize
from infrastructure.bundles import _layer_folder
from kumitate.activation.triggered import from_json as fired_from
from kumitate.blueprint.states import METRICS
from kumitate.events.collecting import from_json as collecting_from
from kumitate.events.triggering import from_json as triggering_from

pytestmark = pytest.mark.infra
CLOUD = ROOT / "tests" / "projects" / "cloud"


@pytest.fixture
def realtime(cloud: Synthesis) -> Template:
    return cloud["realtime"]


@pytest.fixture(scope="module")
def bakery(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """A project that takes in files alone."""
    root = copy_of(BAKERY, tmp_path_factory.mktemp("bakery") / "boulangerie")
    (root / "environments").mkdir()
    (root / "environments" / "dev.yaml").write_text("dev: {}\n", encoding="utf-8")
    return synthesize(root, tmp_path_factory.mktemp("cdk.out"))


def functions(template: Template) -> dict[str, dict[str, Any]]:
    """By the handler's name."""
    return {each["Handler"].split(".")[1]: each for each in template.of_type("AWS::Lambda::Function").values()}


def test_a_project_that_takes_in_files_alone_has_nothing_of_it(bakery: Synthesis) -> None:
    assert "realtime" not in bakery.templates
    assert not bakery["ingest"].of_type("AWS::Kinesis::Stream")
    tables = bakery["storage"].of_type("AWS::DynamoDB::Table").values()
    assert not [each for each in tables if each["TableName"].endswith("-state")]
    alarms = bakery["operations"].of_type("AWS::CloudWatch::Alarm").values()
    assert not [each for each in alarms if "collector" in each["AlarmName"] or "processor" in each["AlarmName"]]


def test_every_method_and_path_goes_to_the_collector_preflights_too(realtime: Template) -> None:
    (api,) = realtime.of_type("AWS::ApiGatewayV2::Api").values()
    assert api["ProtocolType"] == "HTTP"
    assert "CorsConfiguration" not in api, "API Gateway would answer preflights itself, for any key"
    (route,) = realtime.of_type("AWS::ApiGatewayV2::Route").values()
    assert route["RouteKey"] == "$default"
    (integration,) = realtime.of_type("AWS::ApiGatewayV2::Integration").values()
    assert integration["PayloadFormatVersion"] == "2.0"
    assert "Collector" in json.dumps(integration["IntegrationUri"])


def test_calls_have_a_limit_and_leave_no_trace_of_who_called(realtime: Template, cloud: Synthesis) -> None:
    (stage,) = realtime.of_type("AWS::ApiGatewayV2::Stage").values()
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == 1000
    written = json.loads(stage["AccessLogSettings"]["Format"])
    text = " ".join(written.values())
    assert not [each for each in ("sourceIp", "path", "userAgent", "header", "query", "identity") if each in text]
    groups = realtime.of_type("AWS::Logs::LogGroup").values()
    (group,) = (each for each in groups if each["LogGroupName"].startswith("/aws/vendedlogs/"))
    assert group["RetentionInDays"] == cloud.platform.environment.retention.logs


def test_what_alarms_count_is_what_the_log_says(realtime: Template, cloud: Synthesis) -> None:
    (stage,) = realtime.of_type("AWS::ApiGatewayV2::Stage").values()
    written = json.loads(stage["AccessLogSettings"]["Format"])
    names = cloud.platform.names
    filters = realtime.of_type("AWS::Logs::MetricFilter").values()
    made = {(t["MetricNamespace"], t["MetricName"]) for each in filters for t in each["MetricTransformations"]}
    for each in filters:
        (told,) = each["MetricTransformations"]
        values = {each["Key"]: written[each["Value"].removeprefix("$.")] for each in told["Dimensions"]}
        assert values == {"project": names.project, "environment": names.environment}
    alarms = cloud["operations"].of_type("AWS::CloudWatch::Alarm").values()
    of_collector = [each for each in alarms if each["AlarmName"].startswith(names.called("collector"))]
    assert len(of_collector) == 2
    for alarm in of_collector:
        for metric in (each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each):
            assert (metric["Namespace"], metric["MetricName"]) in made
            assert metric["Namespace"] == METRICS
            assert {each["Name"]: each["Value"] for each in metric["Dimensions"]} == {
                "project": names.project,
                "environment": names.environment,
            }


def test_only_streams_that_triggers_look_at_are_read_and_one_record_stops_no_shard(
    realtime: Template, cloud: Synthesis
) -> None:
    (mapping,) = realtime.of_type("AWS::Lambda::EventSourceMapping").values()
    assert mapping["EventSourceArn"].endswith(f"stream/{cloud.platform.names.called('stream', 'web_events')}")
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert 0 < mapping["MaximumRetryAttempts"] < 100
    kept_hours = [each["RetentionPeriodHours"] for each in cloud["ingest"].of_type("AWS::Kinesis::Stream").values()]
    assert mapping["MaximumRecordAgeInSeconds"] == 24 * 3600, "what a stream still has is not passed over"
    assert min(kept_hours) >= 24
    assert mapping["ParallelizationFactor"] > 1
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    queues = realtime.of_type("AWS::SQS::Queue")
    dead = mapping["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]
    assert queues[dead]["QueueName"] == cloud.platform.names.called("processor", "dlq")


def test_after_a_run_there_is_time_for_thousands_that_wait(realtime: Template, cloud: Synthesis) -> None:
    """One firing is a dozen calls, one after another: two minutes would be enough for a thousand."""
    functions = {each["FunctionName"]: each for each in realtime.of_type("AWS::Lambda::Function").values()}
    assert functions[cloud.platform.names.called("fn-triggered")]["Timeout"] == 900


def test_a_timer_that_its_function_fails_at_is_kept(realtime: Template, cloud: Synthesis) -> None:
    """Scheduler invokes asynchronously: its own dead letters hold nothing of what a function answers with an error."""
    configs = realtime.of_type("AWS::Lambda::EventInvokeConfig").values()
    functions_of = {json.dumps(each["FunctionName"]): each for each in configs}
    (mapping,) = realtime.of_type("AWS::Lambda::EventSourceMapping").values()
    config = functions_of[json.dumps(mapping["FunctionName"])]
    kept_in = config["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]
    queues = realtime.of_type("AWS::SQS::Queue")
    assert queues[kept_in]["QueueName"] == cloud.platform.names.called("realtime", "undelivered")


def test_the_role_of_timers_is_for_their_group_alone(realtime: Template, cloud: Synthesis) -> None:
    (group,) = realtime.of_type("AWS::Scheduler::ScheduleGroup").values()
    assert group["Name"] == cloud.platform.names.called("timers")
    roles = realtime.of_type("AWS::IAM::Role").values()
    (role,) = (each for each in roles if "scheduler.amazonaws.com" in json.dumps(each["AssumeRolePolicyDocument"]))
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"]["StringEquals"]["aws:SourceArn"].endswith(f"schedule-group/{group['Name']}")


def test_what_fires_and_the_end_of_a_good_run_wake_what_delivers_it(realtime: Template, cloud: Synthesis) -> None:
    rules = {each["EventPattern"]["detail-type"][0]: each for each in realtime.of_type("AWS::Events::Rule").values()}
    assert set(rules) == {"Trigger fired", "Run ended"}
    assert rules["Run ended"]["EventPattern"]["detail"] == {"state": ["finished"]}
    for rule in rules.values():
        assert rule["EventPattern"]["source"] == [cloud.platform.names.event_source]
        (target,) = rule["Targets"]
        assert target["DeadLetterConfig"]["Arn"]


def test_functions_find_what_they_need_under_the_names_they_ask_for(realtime: Template) -> None:
    """Every variable that a handler reads is there, and none that nobody reads."""
    common = {"KUMITATE_PROJECT", "KUMITATE_ENVIRONMENT", "KUMITATE_ROUTES"}
    for name, function in functions(realtime).items():
        source = (ROOT / "functions" / name / "handler.py").read_text(encoding="utf-8")
        given = {each for each in function["Environment"]["Variables"] if each.startswith("KUMITATE_")} - common
        asked = {part.split('"')[0] for part in source.split('"KUMITATE_')[1:]}
        assert given == {f"KUMITATE_{each}" for each in asked}, name


def test_the_layer_holds_what_collector_processor_and_triggered_read(cloud: Synthesis) -> None:
    folder: Path = _layer_folder(cloud.platform) / "kumitate"
    assert {each.source for each in collecting_from((folder / "collect.json").read_text()).intakes} == {
        "payments",
        "web_events",
    }
    assert set(triggering_from((folder / "triggers.json").read_text()).watches) == {"signed_up", "signup_left"}
    assert [each.sync for each in fired_from((folder / "triggered.json").read_text())] == ["signup_alert"]


def test_a_sync_that_a_trigger_fires_is_announced_by_no_run(cloud: Synthesis) -> None:
    rules = cloud["activation"].of_type("AWS::Events::Rule").values()
    names = {each["Name"] for each in rules}
    assert cloud.platform.names.called("sync", "active_chat") in names
    assert cloud.platform.names.called("sync", "signup_alert") not in names
    (machine,) = cloud["activation"].of_type("AWS::StepFunctions::StateMachine").values()
    announced = json.loads(machine["DefinitionString"])["States"]["Announce changes"]
    assert announced["Items"] == '{% [$syncs[$not($ in ["signup_alert"])]] %}'


def test_an_address_of_the_owners_own_is_placed_with_its_certificate(tmp_path: Path) -> None:
    import shutil

    root = tmp_path / "cloud"
    shutil.copytree(CLOUD, root)
    path = root / "environments" / "dev.yaml"
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    certificate = "arn:aws:acm:ap-northeast-1:000000000000:certificate/11111111-2222-3333-4444-555555555555"
    given["dev"]["collector"] = {"domain": "events.shop.example.jp", "certificate": certificate}
    path.write_text(yaml.safe_dump(given), encoding="utf-8")
    placed = synthesize(root, tmp_path / "cdk.out")["realtime"]
    (domain,) = placed.of_type("AWS::ApiGatewayV2::DomainName").values()
    assert domain["DomainName"] == "events.shop.example.jp"
    assert domain["DomainNameConfigurations"][0]["CertificateArn"] == certificate
    assert len(placed.of_type("AWS::ApiGatewayV2::ApiMapping")) == 1
