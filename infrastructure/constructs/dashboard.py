"""One page on how a platform does: runs, rows, deliveries, what was set aside, what the stages cost."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infrastructure.constructs.failed_pulls import failure_rules
from infrastructure.constructs.measures import HOUR, VERDICTS, Measures
from kumitate.blueprint.inflows import inflows
from kumitate.blueprint.platform import Platform

_HALF = 12


def overview(
    scope: Construct, id_: str, platform: Platform, *, alarms: Sequence[cloudwatch.IAlarm]
) -> cloudwatch.Dashboard:
    """The dashboard `overview`: two graphs a row, alarms on top."""
    graphs = _graphs(platform, Measures(platform))
    status = cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=24)
    pairs = [graphs[start : start + 2] for start in range(0, len(graphs), 2)]
    return cloudwatch.Dashboard(
        scope,
        id_,
        dashboard_name=platform.names.called("overview"),
        default_interval=cdk.Duration.days(7),
        widgets=[[status], *pairs],
    )


def _graphs(platform: Platform, measures: Measures) -> list[cloudwatch.GraphWidget]:
    accounts = [account.name for account in platform.accounts]
    stages = [job.stage for job in platform.jobs]
    graphs = [
        _graph("Runs ended", [measures.runs(state) for state in ("finished", "held", "failed")]),
        _graph("Seconds by stage", [measures.seconds(stage) for stage in stages], stacked=True),
        _graph("Rows in, and quarantined", [measures.rows("ingest"), measures.rows("cleanse", "RowsQuarantined")]),
        _graph(
            "Spent on stages a day, USD at list price", [measures.spent(job) for job in platform.jobs], stacked=True
        ),
    ]
    came = [measures.waiting(inflow) for inflow in inflows(platform)]
    if came:
        graphs.append(_graph("Seconds that streamed events wait, at most", came))
    if platform.collected:
        graphs.append(_graph("Calls of the collector", measures.calls()))
    if platform.watched:
        graphs.append(_graph("Milliseconds until triggers see an event, at most", [measures.events_age()]))
    if platform.pulls:
        graphs.append(_graph("Pulls that failed", measures.failed_pulls(failure_rules(platform))))
    if accounts:
        delivered = [measures.delivered(account, verdict, HOUR) for account in accounts for verdict in VERDICTS]
        graphs += [
            _graph("Rows delivered, by account and verdict", delivered),
            _graph("Pages set aside, by account", [measures.dead(account) for account in accounts]),
        ]
    return graphs


def _graph(title: str, metrics: Sequence[cloudwatch.IMetric], *, stacked: bool = False) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), stacked=stacked, width=_HALF)
