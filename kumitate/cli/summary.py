"""A run in tables on the screen: the figures of its report, without the page."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from kumitate.cli.output import counted, print_table

if TYPE_CHECKING:
    from kumitate.execution.run import RunSummary
    from kumitate.execution.runs import LoggedRun
    from kumitate.execution.workspace import Workspace
    from kumitate.quality.verdict import Failed
    from kumitate.report.facts import FiredReport, Report, RunFacts, SyncReport


def facts_of(summary: RunSummary) -> RunFacts:
    from kumitate.quality.verdict import holds
    from kumitate.report.facts import RunFacts, StageTime

    stages = tuple(StageTime(stage.name, stage.seconds, sum(stage.rows.values())) for stage in summary.stages)
    return RunFacts(
        summary.run_id,
        summary.as_of,
        summary.engine,
        summary.seconds,
        stages=stages,
        resumed=summary.resumed,
        held_by=tuple(map(str, holds(summary.failed_rules) if summary.is_held else ())),
        stopped=summary.stopped_syncs,
    )


def facts_of_logged(workspace: Workspace, run: LoggedRun) -> RunFacts:
    """What the run log remembers of a run, and which syncs did not deliver in it."""
    from kumitate.execution.controls import controls_of, stopped_in
    from kumitate.report.facts import RunFacts

    ended = run.finished_at or datetime.now(UTC)
    stopped = stopped_in(workspace.engine, controls_of(workspace.folder), run.id, ended=ended)
    seconds = (ended - run.started_at).total_seconds()
    return RunFacts(run.id, run.as_of, workspace.engine_name, seconds, stopped=stopped)


def show_sources(report: Report, *, ever: bool) -> None:
    rows = []
    for source in report.sources:
        intake = source.ever if ever else source.now
        fates = {
            "accepted": intake.accepted,
            "duplicate": intake.duplicate,
            "superseded": intake.superseded,
            "quarantined": intake.in_quarantine,
        }
        read = {
            "files": intake.files,
            "rows in": intake.rows_in,
            "sent back": intake.replayed,
            "cleansed again": intake.recleansed,
        }
        rows.append({"source": source.name, **read, **fates})
    _print(rows, seldom={"sent back", "cleansed again", "duplicate", "superseded", "quarantined"})


def show_cleansing(report: Report, *, ever: bool) -> None:
    """One line of sums; columns and reasons are on the page and in clean.changes."""
    columns = [column for source in report.sources for column in source.cleansed]
    changed = sum(column.changed if ever else column.changed_now for column in columns)
    unusable = sum(column.unusable if ever else column.unusable_now for column in columns)
    if changed or unusable:
        click.echo(f"cleansing changed {counted(changed, 'values')}; {unusable:,} were unusable and are empty\n")


def show_quality(found: Sequence[Failed], *, released: str) -> None:
    """Rules that did not hold, and whether they keep everybody from being activated."""
    from kumitate.quality.verdict import holds

    if found:
        rows = [(each.name, each.rule, each.column, each.level, each.threshold, each.found) for each in found]
        print_table(("quality rule", "kind", "column", "level", "limit", "found"), rows)
    if holds(found) and released:
        click.echo(f"released, so that people were activated: {released}\n")
    elif holds(found):
        click.echo("HELD: nobody was activated; mend the data, or the rule in quality/, then `kumitate run`\n")


def show_people(report: Report) -> None:
    people = report.people
    nobody_yet = f", {people.anonymous:,} of them anonymous" if people.anonymous else ""
    click.echo(f"{people.records:,} records are {people.persons:,} people{nobody_yet}; traits of each: {report.traits}")
    if people.score is not None:
        click.echo(f"against the truth: precision {people.score.precision:.4f}, recall {people.score.recall:.4f}")
    click.echo()


def show_segments(report: Report) -> None:
    _print(
        [
            {"segment": each.name, "people": each.members, "entered": each.entered, "left": each.left}
            for each in report.segments
        ]
    )


def show_syncs(syncs: Sequence[SyncReport]) -> None:
    rows = []
    for sync in syncs:
        fates = {
            "delivered": sync.delivered,
            "unchanged": sync.unchanged,
            "held back": sync.held_back,
            "rejected": sync.rejected,
            "unknown": sync.unknown,
            "pending": sync.pending,
            "waiting": sync.waiting,
        }
        head = {"sync": sync.name, "destination": sync.destination, "candidates": sync.candidates}
        rows.append({**head, **fates, "removed": sync.deleted})
    _print(rows, seldom={"held back", "rejected", "unknown", "pending", "waiting", "removed"})
    for sync in syncs:
        _say_what_is_open(sync)


def show_fired(syncs: Sequence[FiredReport]) -> None:
    """One line per sync that a trigger fires, where there are any."""
    names = ("sync", "trigger", "destination", "reaches", "held back", "fired", *_STATES)
    rows = [
        (each.name, each.trigger, each.destination, each.reaches, each.held_back, each.fired, *map(each.count, _STATES))
        for each in syncs
    ]
    if rows:
        print_table(names, rows)


_STATES = ("accepted", "rejected", "held", "pending", "unknown")


def _say_what_is_open(sync: SyncReport) -> None:
    """What was not taken, why, and what to do about it."""
    from kumitate.report.verdict import open_points

    told = [words.en for words in open_points(sync)]
    if told:
        click.echo("\n".join(told) + "\n")


def _print(rows: list[dict[str, Any]], seldom: Container[str] = ()) -> None:
    """A table without the columns that seldom say anything, where they say nothing."""
    names = [name for name in rows[0] if name not in seldom or any(row[name] for row in rows)] if rows else []
    if names:
        print_table(names, [[row[name] for name in names] for row in rows])


def show_verdict(report: Report) -> None:
    from kumitate.report.verdict import verdict

    for words in verdict(report):
        click.echo(words.en)
    agree = len(report.balances) - len(report.broken)
    click.echo(f"{agree} of {len(report.balances)} sums agree")


def as_json(report: Report) -> dict[str, Any]:
    """The report's figures, with what its properties add up."""
    return asdict(report) | {
        "changes": report.changes,
        "accepted": report.accepted,
        "refused": report.refused,
        "unanswered": report.unanswered,
        "waiting": {each.name: each.count for each in report.waits},
        "sums": len(report.balances),
        "sums_broken": len(report.broken),
    }
