"""A run in tables on the screen: the figures of its report, without the page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from kumitate.cli.output import print_table

if TYPE_CHECKING:
    from kumitate.execution.run import RunSummary
    from kumitate.execution.runs import LoggedRun
    from kumitate.report.facts import Report, RunFacts, SyncReport


def facts_of(summary: RunSummary) -> RunFacts:
    from kumitate.report.facts import RunFacts, StageTime

    stages = tuple(StageTime(stage.name, stage.seconds, sum(stage.rows.values())) for stage in summary.stages)
    return RunFacts(
        summary.run_id, summary.as_of, summary.engine, summary.seconds, stages=stages, resumed=summary.resumed
    )


def facts_of_logged(run: LoggedRun, engine: str) -> RunFacts:
    """What the run log remembers of a run."""
    from kumitate.report.facts import RunFacts

    ended = run.finished_at or datetime.now(UTC)
    return RunFacts(run.id, run.as_of, engine, (ended - run.started_at).total_seconds())


def show_sources(report: Report, *, ever: bool) -> None:
    rows = []
    for source in report.sources:
        intake = source.ever if ever else source.now
        rows.append(
            (
                source.name,
                intake.files,
                intake.rows_in,
                intake.accepted,
                intake.duplicate,
                intake.superseded,
                intake.in_quarantine,
            )
        )
    print_table(("source", "files", "rows in", "accepted", "duplicate", "superseded", "quarantined"), rows)


def show_people(report: Report) -> None:
    people = report.people
    click.echo(f"{people.records:,} records are {people.persons:,} people; traits of each: {report.traits}\n")
    if people.score is not None:
        click.echo(f"against the truth: precision {people.score.precision:.4f}, recall {people.score.recall:.4f}")


def show_segments(report: Report) -> None:
    rows = [(each.name, each.members, each.entered, each.left) for each in report.segments]
    print_table(("segment", "people", "entered", "left"), rows)


def show_syncs(syncs: Iterable[SyncReport]) -> None:
    names = (
        "sync",
        "destination",
        "candidates",
        "delivered",
        "unchanged",
        "held back",
        "rejected",
        "pending",
        "removed",
    )
    print_table(names, [_sync_row(sync) for sync in syncs])


def _sync_row(sync: SyncReport) -> tuple[Any, ...]:
    counts = (sync.candidates, sync.delivered, sync.unchanged, sync.held_back, sync.rejected, sync.pending)
    return (sync.name, sync.destination, *counts, sync.deleted)


def show_verdict(report: Report) -> None:
    if report.changes:
        click.echo(f"{report.changes:,} changes sent, {report.accepted:,} accepted")
    else:
        click.echo("0 changes: every destination has what it should have")
    agree = len(report.balances) - len(report.broken)
    click.echo(f"{agree} of {len(report.balances)} sums agree")


def as_json(report: Report) -> dict[str, Any]:
    """The report's figures, with what its properties add up."""
    return asdict(report) | {
        "changes": report.changes,
        "accepted": report.accepted,
        "sums": len(report.balances),
        "sums_broken": len(report.broken),
    }
