"""What is watched and who is told: alarms follow the project's accounts and the environment's limits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from functions.delivery.handler import tell
from harness.synthesis import ROOT, Synthesis
from kumitate.blueprint.inflows import inflows
from kumitate.blueprint.machines import pipeline_machine
from kumitate.cloud.delivering import Delivered
from kumitate.cloud.job_log import JobLog

pytestmark = pytest.mark.infra


def test_every_alarm_tells_when_it_begins_and_when_it_ends(shop: Synthesis) -> None:
    alarms = shop["operations"].of_type("AWS::CloudWatch::Alarm")
    assert alarms
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == alarm["OKActions"]
        assert len(alarm["AlarmActions"]) == 1


def test_each_account_is_watched_by_itself(shop: Synthesis) -> None:
    names = shop.platform.names
    found = {alarm["AlarmName"] for alarm in shop["operations"].of_type("AWS::CloudWatch::Alarm").values()}
    own = {
        names.called(f"{what}-{account.name}")
        for account in shop.platform.accounts
        for what in ("dead-letters", "late", "refused")
    }
    shared = {names.called(each) for each in ("freshness", "quarantine-rate", "stopped-runs", "undelivered")}
    streams = {
        names.called(f"stream-{what}-{each.name}") for what in ("failed", "late") for each in inflows(shop.platform)
    }
    real_time = {names.called(f"collector-{what}") for what in ("failed", "throttled")}
    real_time |= {names.called(f"processor-{what}") for what in ("late", "dead-letters") if shop.platform.watched}
    assert found == own | shared | streams | real_time


def test_a_daily_run_is_missed_after_two_days(shop: Synthesis) -> None:
    alarms = {alarm["AlarmName"]: alarm for alarm in shop["operations"].of_type("AWS::CloudWatch::Alarm").values()}
    freshness = alarms[shop.platform.names.called("freshness")]
    (metric,) = freshness["Metrics"]
    assert freshness["EvaluationPeriods"] * metric["MetricStat"]["Period"] == 2 * 24 * 3600
    assert freshness["TreatMissingData"] == "breaching", "no run at all is the very thing it is for"


def test_the_quarantine_alarm_has_the_gates_limit(shop: Synthesis) -> None:
    alarms = {alarm["AlarmName"]: alarm for alarm in shop["operations"].of_type("AWS::CloudWatch::Alarm").values()}
    rate = alarms[shop.platform.names.called("quarantine-rate")]
    assert rate["Threshold"] == shop.platform.environment.gate.max_quarantined_percent


def test_an_event_that_found_nobody_is_told_though_other_queues_were_never_used(shop: Synthesis) -> None:
    """Of a queue that nobody has used for six hours SQS says nothing, and a sum with nothing is nothing."""
    alarms = {alarm["AlarmName"]: alarm for alarm in shop["operations"].of_type("AWS::CloudWatch::Alarm").values()}
    metrics = alarms[shop.platform.names.called("undelivered")]["Metrics"]
    (said,) = (each["Expression"] for each in metrics if "Expression" in each)
    queues = [each["Id"] for each in metrics if "MetricStat" in each]
    assert len(queues) > 1
    assert sorted(said.split("+")) == sorted(f"FILL({queue}, 0)" for queue in queues)


def test_those_who_are_to_be_told_are_told_once(shop: Synthesis) -> None:
    subscriptions = shop["operations"].of_type("AWS::SNS::Subscription").values()
    assert sorted(each["Endpoint"] for each in subscriptions) == sorted(shop.platform.environment.notify)
    assert len(shop["operations"].of_type("AWS::SNS::Topic")) == 1


def test_a_run_that_ends_badly_is_told_with_its_reason(shop: Synthesis) -> None:
    (rule,) = shop["operations"].of_type("AWS::Events::Rule").values()  # it pulls nothing
    assert rule["EventPattern"]["detail"] == {"state": ["failed", "held"]}
    (target,) = rule["Targets"]
    assert "$.detail.reason" in target["InputTransformer"]["InputPathsMap"].values()


def test_a_pull_that_failed_is_told_by_name_and_state_alone(cloud: Synthesis) -> None:
    prefix = cloud.platform.names.called("")
    rules = cloud["operations"].of_type("AWS::Events::Rule").values()
    found = {rule["Name"].removeprefix(prefix): rule for rule in rules}
    assert set(found) == {"run-ended-badly", "flow-failed", "pull-job-failed"}
    pulled = {each.name.replace("_", "-"): each.by_appflow for each in cloud.platform.pulls}
    for name, key, by_appflow in (("flow-failed", "flow-name", True), ("pull-job-failed", "jobName", False)):
        rule = found[name]
        assert "EventBusName" not in rule, "AWS's services tell on the default bus"
        told = {each.removeprefix(f"{prefix}pull-") for each in rule["EventPattern"]["detail"][key]}
        assert told == {source for source, flow in pulled.items() if flow == by_appflow}
        (target,) = rule["Targets"]
        paths = set(target["InputTransformer"]["InputPathsMap"].values())
        assert not {path for path in paths if "message" in path or "error" in path}
        assert f"$.detail.{key}" in paths


def test_a_stream_that_stands_still_is_noticed_by_its_own_alarms(cloud: Synthesis) -> None:
    alarms = cloud["operations"].of_type("AWS::CloudWatch::Alarm").values()
    found = {alarm["AlarmName"]: alarm for alarm in alarms}
    streams = {
        each["DeliveryStreamName"]
        for stack in ("ingest", "messaging")
        for each in cloud[stack].of_type("AWS::KinesisFirehose::DeliveryStream").values()
    }
    watched = [
        found[cloud.platform.names.called(f"stream-late-{each}")] for each in ("web-events", "payments", "messages")
    ]
    for name in streams:
        assert name in json.dumps([alarm["Metrics"] for alarm in watched])
    failed = found[cloud.platform.names.called("stream-failed-web-events")]
    assert failed["TreatMissingData"] == "notBreaching", "where nothing comes nothing fails"
    assert "DeliveryToS3.Success" in json.dumps(failed["Metrics"])


def test_the_budget_counts_what_carries_the_deployments_tag(shop: Synthesis) -> None:
    (budget,) = shop["operations"].of_type("AWS::Budgets::Budget").values()
    assert budget["Budget"]["BudgetLimit"]["Amount"] == shop.platform.environment.budget_usd
    assert budget["Budget"]["CostFilters"] == {"TagKeyValue": ["user:kumitate:deployment$kumitate-shop-dev"]}


def told(output: str) -> Iterator[tuple[str, frozenset[tuple[str, str]]]]:
    """(metric, dimensions) of what was written for CloudWatch."""
    for line in output.splitlines():
        entry = json.loads(line)
        for directive in entry.get("_aws", {}).get("CloudWatchMetrics", []):
            dimensions = frozenset((name, entry[name]) for name in directive["Dimensions"][0])
            yield from ((f"{directive['Namespace']}/{each['Name']}", dimensions) for each in directive["Metrics"])


def watched(shop: Synthesis) -> set[tuple[str, frozenset[tuple[str, str]]]]:
    """(metric, dimensions) of everything that alarms look at."""
    stats = [
        each["MetricStat"]["Metric"]
        for alarm in shop["operations"].of_type("AWS::CloudWatch::Alarm").values()
        for each in alarm.get("Metrics", [])
        if "MetricStat" in each
    ]
    return {
        (
            f"{each['Namespace']}/{each['MetricName']}",
            frozenset((d["Name"], str(d["Value"])) for d in each["Dimensions"]),
        )
        for each in stats
    }


def test_alarms_look_at_what_a_delivery_says(
    shop: Synthesis, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for function in shop["activation"].of_type("AWS::Lambda::Function").values():
        if "-fn-delivery-" in function["FunctionName"]:
            given = function["Environment"]["Variables"]
            for name in ("KUMITATE_ACCOUNT", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"):
                monkeypatch.setenv(name, given[name])
            tell(Delivered("done", "a_sync", {"accepted": 3, "rejected": 1, "unknown": 1}))
            said = set(told(capsys.readouterr().out))
            assert len(said) == 3
            assert said <= watched(shop), given["KUMITATE_ACCOUNT"]


def test_alarms_look_at_what_a_job_says(shop: Synthesis, capsys: pytest.CaptureFixture[str]) -> None:
    names = shop.platform.names
    JobLog(names.project, names.environment, "cleanse", "r000001").measure({"quarantine.rows:x": 2}, 1.5)
    said = dict(told(capsys.readouterr().out))
    assert ("Kumitate/RowsQuarantined", said["Kumitate/RowsQuarantined"]) in watched(shop)


def test_alarms_look_at_what_the_machine_counts(shop: Synthesis) -> None:
    count = pipeline_machine(shop.platform)["States"]["Count held run"]["Arguments"]
    (metric,) = count["MetricData"]
    dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]} | {"state": "finished"}
    assert (f"{count['Namespace']}/{metric['MetricName']}", frozenset(dimensions.items())) in watched(shop)


def test_the_dashboard_shows_runs_rows_deliveries_and_spend(shop: Synthesis) -> None:
    (dashboard,) = shop["operations"].of_type("AWS::CloudWatch::Dashboard").values()
    body = json.dumps(dashboard["DashboardBody"])
    for metric in (
        "RunsEnded",
        "StageSeconds",
        "RowsQuarantined",
        "RowsAccepted",
        "ApproximateNumberOfMessagesVisible",
    ):
        assert metric in body
    for account in shop.platform.accounts:
        assert shop.platform.names.called("fn", "delivery", account.name) in body


def test_the_runbooks_say_what_to_do_about_every_alarm(shop: Synthesis) -> None:
    headings = re.findall(
        r"^## `([^`]+)`", (ROOT / "docs/guides/runbooks.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    prefix = f"{shop.platform.names.prefix}-"
    accounts = "|".join(re.escape(account.name.replace("_", "-")) for account in shop.platform.accounts)
    for alarm in shop["operations"].of_type("AWS::CloudWatch::Alarm").values():
        kind = re.sub(f"-({accounts})$", "-<account>", alarm["AlarmName"].removeprefix(prefix))
        kind = re.sub("^(stream-failed|stream-late)-.*", r"\1-<source>", kind)
        assert kind in headings
