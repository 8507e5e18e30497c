"""What CloudWatch counts of a platform, by name: runs, stages, rows, deliveries, queues."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from kumitate.blueprint.function_access import account_dead_letters, account_queue
from kumitate.blueprint.grants import machine_arn
from kumitate.blueprint.inflows import Inflow
from kumitate.blueprint.platform import Platform, StageJob
from kumitate.blueprint.prices import prices_in
from kumitate.blueprint.real_time_access import PROCESSOR_DEAD_LETTERS
from kumitate.blueprint.states import METRICS, function_name

HOUR = cdk.Duration.hours(1)
DAY = cdk.Duration.days(1)
_MINUTES = cdk.Duration.minutes(5)
VERDICTS = ("Accepted", "Rejected", "Retry", "Unknown")


@dataclass(frozen=True, slots=True)
class Measures:
    """Metrics of one platform; names alone say where they are, so that no stack waits for another."""

    platform: Platform

    def runs(self, state: str, period: cdk.Duration = HOUR) -> cloudwatch.Metric:
        """Runs that ended `finished`, `held` or `failed`."""
        return self._own("RunsEnded", period, state, state=state)

    def seconds(self, stage: str) -> cloudwatch.Metric:
        """What the stage's steps took, as its job says."""
        return self._own("StageSeconds", HOUR, stage, stage=stage)

    def rows(self, stage: str, what: str = "Rows", period: cdk.Duration = DAY) -> cloudwatch.Metric:
        """`Rows` or `RowsQuarantined` of a stage, as its job says them."""
        return self._own(what, period, f"{stage}: {what}", stage=stage)

    def quarantined_percent(self) -> cloudwatch.MathExpression:
        parts = {"bad": self.rows("cleanse", "RowsQuarantined"), "all": self.rows("ingest")}
        return _math("100 * FILL(bad, 0) / IF(all > 0, all, 1)", "quarantined, % of rows in", parts, period=DAY)

    def delivered(self, account: str, verdict: str, period: cdk.Duration = HOUR) -> cloudwatch.Metric:
        service = function_name(self.platform.names, "delivery", account)
        return cloudwatch.Metric(
            namespace=METRICS,
            metric_name=f"Rows{verdict}",
            dimensions_map={"account": account, "service": service},
            statistic="Sum",
            period=period,
            label=f"{account}: {verdict.lower()}",
        )

    def refused_percent(self, account: str) -> cloudwatch.MathExpression:
        parts = {verdict.lower(): self.delivered(account, verdict) for verdict in ("Accepted", "Rejected", "Unknown")}
        bad, good = "(FILL(rejected, 0) + FILL(unknown, 0))", "FILL(accepted, 0)"
        return _math(f"100 * {bad} / IF({bad} + {good} > 0, {bad} + {good}, 1)", "refused, %", parts, period=HOUR)

    def dead(self, account: str) -> cloudwatch.Metric:
        return depth(account_dead_letters(self.platform.names, account), account)

    def age(self, account: str) -> cloudwatch.Metric:
        """How long the oldest message of an account waits."""
        name = account_queue(self.platform.names, account)
        return _of_queue("ApproximateAgeOfOldestMessage", name, account)

    def undelivered(self, queues: Iterable[str]) -> cloudwatch.MathExpression:
        """What found nobody, over these queues; SQS says nothing of one that nobody has used for six hours."""
        parts = {f"q{number}": depth(self.platform.names.called(queue), queue) for number, queue in enumerate(queues)}
        return _math("+".join(f"FILL({name}, 0)" for name in parts), "undelivered", parts, period=_MINUTES)

    def unwritten_percent(self, inflow: Inflow) -> cloudwatch.MathExpression:
        """Firehose says the part of its writes that went well; nothing where nothing came."""
        written = _of_delivery("DeliveryToS3.Success", inflow, statistic="Average")
        return _math("100 * (1 - written)", f"{inflow.name}: unwritten, %", {"written": written}, period=_MINUTES)

    def waiting(self, inflow: Inflow) -> cloudwatch.Metric:
        """How old the oldest event is that Firehose has not written yet."""
        return _of_delivery("DeliveryToS3.DataFreshness", inflow, statistic="Maximum")

    def failed_pulls(self, rules: Iterable[str]) -> list[cloudwatch.Metric]:
        """How often each rule told of a pull that failed."""
        return [
            cloudwatch.Metric(
                namespace="AWS/Events",
                metric_name="MatchedEvents",
                dimensions_map={"RuleName": self.platform.names.called(rule)},
                statistic="Sum",
                period=DAY,
                label=rule,
            )
            for rule in rules
        ]

    def calls_percent(self, what: str) -> cloudwatch.MathExpression:
        """Calls of the collector that were `CallsFailed` or `CallsPutOff`, of all that it answered."""
        parts = {
            "taken": self._own("CallsTaken", _MINUTES, "taken"),
            "putoff": self._own("CallsPutOff", _MINUTES, "put off"),
            "failed": self._own("CallsFailed", _MINUTES, "failed"),
        }
        all_ = "(FILL(taken, 0) + FILL(putoff, 0) + FILL(failed, 0))"
        part = what.removeprefix("Calls").lower()
        return _math(f"100 * FILL({part}, 0) / IF({all_} > 0, {all_}, 1)", f"{part}, %", parts, period=_MINUTES)

    def calls(self) -> list[cloudwatch.Metric]:
        return [self._own(f"Calls{each}", HOUR, each) for each in ("Taken", "PutOff", "Failed")]

    def events_age(self) -> cloudwatch.Metric:
        """How old the oldest event is that the processor was given, in milliseconds."""
        return cloudwatch.Metric(
            namespace="AWS/Lambda",
            metric_name="IteratorAge",
            dimensions_map={"FunctionName": function_name(self.platform.names, "processor")},
            statistic="Maximum",
            period=_MINUTES,
            label="processor",
        )

    def processor_dead(self) -> cloudwatch.Metric:
        return depth(self.platform.names.called(*PROCESSOR_DEAD_LETTERS), "processor")

    def stopped(self) -> cloudwatch.MathExpression:
        """Executions that ended without a word: stopped from outside, or out of time."""
        machines = ("pipeline", *(("activation",) if self.platform.routes else ()))
        parts = {
            f"{kind}_{machine}": self._executions(f"Executions{kind.capitalize()}", machine)
            for machine in machines
            for kind in ("aborted", "timedOut")
        }
        return _math("+".join(f"FILL({name}, 0)" for name in parts), "stopped", parts, period=HOUR)

    def spent(self, job: StageJob) -> cloudwatch.MathExpression:
        """USD by the list price: the seconds of a stage's workers."""
        price = prices_in(self.platform.names.region)["glue_flex_dpu_hour" if job.workers.flex else "glue_dpu_hour"].usd
        units = int(job.workers.type.removeprefix("G.").removesuffix("X")) * job.workers.count
        rate = (price or 0.0) * units / 3600
        seconds = self._own("BilledSeconds", DAY, job.stage, stage=job.stage)
        return _math(f"{job.stage} * {rate:.8f}", job.stage, {job.stage: seconds}, period=DAY)

    def _executions(self, name: str, machine: str) -> cloudwatch.Metric:
        arn = machine_arn(self.platform.names, machine)
        return cloudwatch.Metric(
            namespace="AWS/States",
            metric_name=name[0].upper() + name[1:],
            dimensions_map={"StateMachineArn": arn},
            statistic="Sum",
            period=HOUR,
        )

    def _own(self, name: str, period: cdk.Duration, label: str, **dimensions: str) -> cloudwatch.Metric:
        names = self.platform.names
        return cloudwatch.Metric(
            namespace=METRICS,
            metric_name=name,
            dimensions_map={"project": names.project, "environment": names.environment, **dimensions},
            statistic="Sum",
            period=period,
            label=label,
        )


def depth(queue: str, label: str) -> cloudwatch.Metric:
    return _of_queue("ApproximateNumberOfMessagesVisible", queue, label)


def _of_queue(name: str, queue: str, label: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/SQS",
        metric_name=name,
        dimensions_map={"QueueName": queue},
        statistic="Maximum",
        period=_MINUTES,
        label=label,
    )


def _of_delivery(name: str, inflow: Inflow, *, statistic: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/Firehose",
        metric_name=name,
        dimensions_map={"DeliveryStreamName": inflow.called},
        statistic=statistic,
        period=_MINUTES,
        label=inflow.name,
    )


def _math(
    expression: str, label: str, parts: dict[str, cloudwatch.Metric], *, period: cdk.Duration
) -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(expression=expression, label=label, using_metrics=parts, period=period)
