"""How one sees a platform, and who is told: a dashboard, alarms, one topic, and a budget where one is set."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infrastructure.constructs.alarms import Alarms
from infrastructure.constructs.dashboard import overview
from infrastructure.constructs.failed_pulls import FailedPulls
from infrastructure.storage_stack import StorageStack
from kumitate.blueprint.machines import RUN_ENDED
from kumitate.blueprint.platform import Platform

DEPLOYMENT_TAG = "kumitate:deployment"
"""On everything that is placed; the budget counts by it."""
_WARN_AT_PERCENT = 80


class OperationsStack(cdk.Stack):
    """Names alone tie it to what it watches: it can be placed and torn down by itself."""

    topic: sns.Topic

    def __init__(
        self, scope: Construct, id_: str, *, platform: Platform, storage: StorageStack, **options: Any
    ) -> None:
        super().__init__(scope, id_, **options)
        self._platform = platform
        self.topic = self._topic()
        alarms = Alarms(self, "Alarms", platform, topic=self.topic, undelivered=_waiting(platform))
        overview(self, "Overview", platform, alarms=alarms.all)
        self._tell_of_runs(storage.bus)
        FailedPulls(self, "FailedPulls", platform, topic=self.topic)
        if platform.environment.budget_usd is not None:
            self._budget(platform.environment.budget_usd)

    def _topic(self) -> sns.Topic:
        """Notifications name runs, accounts and limits, never people: no key of our own is needed."""
        topic = sns.Topic(self, "Topic", topic_name=self._platform.names.called("alarms"), enforce_ssl=True)
        for address in self._platform.environment.notify:
            topic.add_subscription(subscriptions.EmailSubscription(address))
        for service in ("cloudwatch", "budgets"):
            topic.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
                    actions=["sns:Publish"],
                    resources=[topic.topic_arn],
                    conditions={"StringEquals": {"aws:SourceAccount": self.account}},
                )
            )
        return topic

    def _tell_of_runs(self, bus: events.IEventBus) -> None:
        """A run that was held back or failed says why; finished ones are on the dashboard."""
        names = self._platform.names
        run, state, reason = (events.EventField.from_path(f"$.detail.{name}") for name in ("run_id", "state", "reason"))
        text = f"{names.prefix}: run {run} {state}. {reason}. What to do: docs/guides/runbooks.md"
        events.Rule(
            self,
            "RunEndedBadly",
            rule_name=names.called("run-ended-badly"),
            description="A run was held back or failed",
            event_bus=bus,
            event_pattern=events.EventPattern(
                source=[names.event_source], detail_type=[RUN_ENDED], detail={"state": ["failed", "held"]}
            ),
            targets=[targets.SnsTopic(self.topic, message=events.RuleTargetInput.from_text(text))],
        )

    def _budget(self, usd: float) -> None:
        subscriber = budgets.CfnBudget.SubscriberProperty(address=self.topic.topic_arn, subscription_type="SNS")

        def notice(kind: str, percent: int) -> budgets.CfnBudget.NotificationWithSubscribersProperty:
            return budgets.CfnBudget.NotificationWithSubscribersProperty(
                notification=budgets.CfnBudget.NotificationProperty(
                    comparison_operator="GREATER_THAN", notification_type=kind, threshold=percent
                ),
                subscribers=[subscriber],
            )

        names = self._platform.names
        budget = budgets.CfnBudget(
            self,
            "Spend",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=names.called("spend"),
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=usd, unit="USD"),
                cost_filters={"TagKeyValue": [f"user:{DEPLOYMENT_TAG}${names.prefix}"]},
            ),
            notifications_with_subscribers=[notice("ACTUAL", _WARN_AT_PERCENT), notice("FORECASTED", 100)],
        )
        budget.node.add_dependency(self.topic)


def _waiting(platform: Platform) -> tuple[str, ...]:
    """Queues that hold what found nobody."""
    by_job = any(not each.by_appflow for each in platform.pulls)
    kinds = {
        "activation-undelivered": platform.routes,
        "pulls-undelivered": by_job,
        "realtime-undelivered": platform.is_real_time,
    }
    return ("arrivals-dlq", "pipeline-undelivered", *(name for name, placed in kinds.items() if placed))
