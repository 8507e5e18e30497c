"""`kumitate status`: what the lake holds and what the last run did."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kumitate.cli.options import examples, filled_lake_option, find_project, json_option, project_option
from kumitate.cli.output import counted, print_json, print_table

if TYPE_CHECKING:
    from kumitate.execution.runs import LoggedRun
    from kumitate.execution.workspace import Workspace
    from kumitate.quality.verdict import Failed
    from kumitate.report.facts import Report


@click.command(
    short_help="What the lake holds, what the last run did.",
    epilog=examples("kumitate status", "kumitate status --tables", "kumitate status --json | jq .runs[0]"),
)
@click.option("--tables", is_flag=True, help="List the lake's tables and their columns instead.")
@project_option
@filled_lake_option
@json_option
def status(*, tables: bool, project: Path | None, as_json: bool) -> None:
    """Show the last run, and by now: rows per source, people, segments, what destinations have."""
    from kumitate.cli.lake import opened
    from kumitate.execution.quality import failures

    with opened(find_project(project)) as (workspace, last):
        if tables:
            _show_tables(workspace, as_json=as_json)
            return
        report = _report(workspace, last)
        runs = workspace.runs.all()
        broken = failures(workspace.engine, workspace.config)
    if as_json:
        from kumitate.cli import summary

        told = {"runs": [_run_row(each) for each in runs], "failed_rules": [asdict(each) for each in broken]}
        print_json(told | summary.as_json(report))
    else:
        _show(report, runs, broken)


def _report(workspace: Workspace, last: LoggedRun) -> Report:
    from kumitate.cli.summary import facts_of_logged
    from kumitate.report.collect import collect

    return collect(workspace.engine, workspace.config, facts_of_logged(workspace, last))


def _run_row(run: LoggedRun) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "as_of": run.as_of,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "until": run.until_stage,
        "released": run.released,
        "note": run.note,
    }


def _show(report: Report, runs: tuple[LoggedRun, ...], broken: tuple[Failed, ...]) -> None:
    from kumitate.cli import summary

    last = runs[0]
    state = f"finished {last.finished_at.isoformat(timespec='seconds')}" if last.finished_at else "interrupted"
    until = f", until {last.until_stage}" if last.until_stage else ""
    click.echo(
        f"{report.project}: {counted(len(runs), 'runs')}; {last.id} as of {last.as_of.isoformat()} {state}{until}"
    )
    if last.finished_at is None:
        how = "closes it and plans anew what has not left" if last.delivering_at else "takes it up where it stopped"
        click.echo(f"`kumitate run` {how}")
    click.echo()
    summary.show_quality(broken, released=last.released)
    summary.show_sources(report, ever=True)
    summary.show_cleansing(report, ever=True)
    summary.show_people(report)
    summary.show_segments(report)
    rows = [(sync.name, sync.destination, sync.at_destination, sync.rejected, sync.held_back) for sync in report.syncs]
    print_table(("sync", "destination", "at destination", "rejected", "held back"), rows)
    summary.show_fired(report.fired)


def _show_tables(workspace: Workspace, *, as_json: bool) -> None:
    schemas = {name: workspace.lake.scan(name).schema for name in sorted(workspace.lake.tables())}
    if as_json:
        print_json({name: {field.name: str(field.type) for field in schema} for name, schema in schemas.items()})
    else:
        print_table(("table", "columns"), [(name, ", ".join(schema.names)) for name, schema in schemas.items()])
