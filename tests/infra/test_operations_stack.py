"""What is watched and who is told: alarms follow the project's accounts and the environment's limits."""

from __future__ import annotations

import json
import re

import pytest

from harness.synthesis import ROOT, Synthesis

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
    assert found == own | shared


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


def test_those_who_are_to_be_told_are_told_once(shop: Synthesis) -> None:
    subscriptions = shop["operations"].of_type("AWS::SNS::Subscription").values()
    assert sorted(each["Endpoint"] for each in subscriptions) == sorted(shop.platform.environment.notify)
    assert len(shop["operations"].of_type("AWS::SNS::Topic")) == 1


def test_a_run_that_ends_badly_is_told_with_its_reason(shop: Synthesis) -> None:
    (rule,) = shop["operations"].of_type("AWS::Events::Rule").values()
    assert rule["EventPattern"]["detail"] == {"state": ["failed", "held"]}
    (target,) = rule["Targets"]
    assert "$.detail.reason" in target["InputTransformer"]["InputPathsMap"].values()


def test_the_budget_counts_what_carries_the_deployments_tag(shop: Synthesis) -> None:
    (budget,) = shop["operations"].of_type("AWS::Budgets::Budget").values()
    assert budget["Budget"]["BudgetLimit"]["Amount"] == shop.platform.environment.budget_usd
    assert budget["Budget"]["CostFilters"] == {"TagKeyValue": ["user:kumitate:deployment$kumitate-shop-dev"]}


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
        assert kind in headings
