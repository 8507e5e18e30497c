"""What is watched: an alarm for each thing that a person has to mend, told of when it begins and when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import TypeAlias

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from infrastructure.constructs.measures import Measures
from kumitate.blueprint.inflows import Inflow, inflows
from kumitate.blueprint.platform import Platform
from kumitate.config.schedules import timing

_LONGEST_WATCH_HOURS = 7 * 24
"""CloudWatch looks no further back."""
_REFUSED_PERCENT = 50
_SLOW_SECONDS = 900
"""Besides its own buffer; Firehose tries for a day before it gives up."""
_FAILED_CALLS_PERCENT = 1
_PUT_OFF_CALLS_PERCENT = 10
_LATE_SECONDS = 600
_RUNBOOK = "docs/guides/runbooks.md"

Measured: TypeAlias = cloudwatch.Metric | cloudwatch.MathExpression


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One alarm: raised when `metric` is above `limit` (below it, where `falls` is true) `times` periods in a row."""

    name: str
    says: str
    metric: Measured
    limit: float
    falls: bool = False
    times: int = 1


class Alarms(Construct):
    """`Alarms(self, "Alarms", platform, topic=…, undelivered=…)`: a notification per change of state, both ways."""

    def __init__(
        self, scope: Construct, id_: str, platform: Platform, *, topic: sns.ITopic, undelivered: tuple[str, ...]
    ) -> None:
        super().__init__(scope, id_)
        tell = actions.SnsAction(topic)
        self.all: list[cloudwatch.Alarm] = []
        for watch in watches(platform, undelivered):
            alarm = self._alarm(platform, watch)
            alarm.add_alarm_action(tell)
            alarm.add_ok_action(tell)
            self.all.append(alarm)

    def _alarm(self, platform: Platform, watch: Watch) -> cloudwatch.Alarm:
        compare = cloudwatch.ComparisonOperator
        return cloudwatch.Alarm(
            self,
            "".join(part.capitalize() for part in watch.name.replace("_", "-").split("-")),
            alarm_name=platform.names.called(watch.name),
            alarm_description=f"{watch.says}. What to do: {_RUNBOOK}",
            metric=watch.metric,
            threshold=watch.limit,
            comparison_operator=compare.LESS_THAN_THRESHOLD if watch.falls else compare.GREATER_THAN_THRESHOLD,
            evaluation_periods=watch.times,
            datapoints_to_alarm=watch.times,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING
            if watch.falls
            else cloudwatch.TreatMissingData.NOT_BREACHING,
        )


def watches(platform: Platform, undelivered: tuple[str, ...]) -> Iterator[Watch]:
    measures, limit = Measures(platform), platform.environment.gate.max_quarantined_percent
    yield from _freshness(platform, measures)
    yield Watch(
        name="quarantine-rate",
        says=f"More than {limit:g} % of a day's rows in went to quarantine",
        metric=measures.quarantined_percent(),
        limit=limit,
    )
    yield Watch(
        name="stopped-runs",
        says="A run was stopped from outside, or ran out of time",
        metric=measures.stopped(),
        limit=0,
    )
    yield Watch(
        name="undelivered",
        says="An event or a scheduled start found nobody",
        metric=measures.undelivered(undelivered),
        limit=0,
    )
    for inflow in inflows(platform):
        yield from _of_inflow(measures, inflow)
    yield from _of_real_time(platform, measures)
    for account in platform.accounts:
        yield from _of_account(platform, measures, account.name)


def _freshness(platform: Platform, measures: Measures) -> Iterator[Watch]:
    """Not where two rounds of the schedule are longer than CloudWatch looks back."""
    hours = max(1, ceil(2 * 24 * timing(platform.environment.schedule).longest_days))
    if hours <= _LONGEST_WATCH_HOURS:
        yield Watch(
            name="freshness",
            says=f"No run has finished within {hours} hours, twice its schedule",
            metric=measures.runs("finished"),
            limit=1,
            falls=True,
            times=hours,
        )


def _of_inflow(measures: Measures, inflow: Inflow) -> Iterator[Watch]:
    yield Watch(
        name=f"stream-failed-{inflow.name}",
        says=f"Events of {inflow.name} could not be written to the raw zone",
        metric=measures.unwritten_percent(inflow),
        limit=0,
    )
    yield Watch(
        name=f"stream-late-{inflow.name}",
        says=f"Events of {inflow.name} wait longer than Firehose gathers them",
        metric=measures.waiting(inflow),
        limit=inflow.buffer_seconds + _SLOW_SECONDS,
    )


def _of_real_time(platform: Platform, measures: Measures) -> Iterator[Watch]:
    if platform.collected:
        yield Watch(
            name="collector-failed",
            says=f"More than {_FAILED_CALLS_PERCENT} % of the collector's calls failed",
            metric=measures.calls_percent("CallsFailed"),
            limit=_FAILED_CALLS_PERCENT,
            times=2,
        )
        yield Watch(
            name="collector-throttled",
            says=f"More than {_PUT_OFF_CALLS_PERCENT} % of the collector's calls were told to come again",
            metric=measures.calls_percent("CallsPutOff"),
            limit=_PUT_OFF_CALLS_PERCENT,
            times=3,
        )
    if platform.watched:
        yield Watch(
            name="processor-late",
            says=f"Events wait longer than {_LATE_SECONDS // 60} minutes before triggers see them",
            metric=measures.events_age(),
            limit=1000 * _LATE_SECONDS,
            times=2,
        )
        yield Watch(
            name="processor-dead-letters",
            says="Events could not be processed and were set aside",
            metric=measures.processor_dead(),
            limit=0,
        )


def _of_account(platform: Platform, measures: Measures, account: str) -> Iterator[Watch]:
    minutes = platform.environment.delivery_minutes
    yield Watch(
        name=f"dead-letters-{account}",
        says=f"Pages for {account} were set aside",
        metric=measures.dead(account),
        limit=0,
    )
    yield Watch(
        name=f"late-{account}",
        says=f"Pages for {account} wait longer than a run does ({minutes} minutes)",
        metric=measures.age(account),
        limit=60 * minutes,
    )
    yield Watch(
        name=f"refused-{account}",
        says=f"{account} refuses more than {_REFUSED_PERCENT} % of an hour's rows",
        metric=measures.refused_percent(account),
        limit=_REFUSED_PERCENT,
    )
