"""`kumitate sync`: one sync by itself, for real or only planned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kumitate.cli.options import examples, find_project, json_option, project_option
from kumitate.cli.output import counted, print_json, print_table
from kumitate.cli.progress import progress

if TYPE_CHECKING:
    from kumitate.execution.rehearsal import Rehearsal
    from kumitate.report.facts import SyncReport


@click.command(
    short_help="Bring one sync up to date, or rehearse it.",
    epilog=examples("kumitate sync vip_campaign --dry-run", "kumitate sync vip_campaign --json"),
)
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Count what would be sent; write nothing and send nothing.")
@project_option
@json_option
def sync(name: str, *, dry_run: bool, project: Path | None, as_json: bool) -> None:
    """Bring one sync up to date with the segments as the last run left them.

    A dry run tells creates, updates and deletes, who is held back and why, and rows that the destination's own
    rules refuse.
    """
    from kumitate.cli.lake import opened
    from kumitate.cli.plans import known_name

    with opened(find_project(project)) as (workspace, last):
        known_name("sync", name, workspace.config.syncs)
        if dry_run:
            from kumitate.execution.rehearsal import rehearse

            _show_rehearsal(rehearse(workspace, name, last), as_json=as_json)
            return
        from kumitate.cli.summary import facts_of
        from kumitate.execution.run import execute_sync
        from kumitate.report.collect import collect

        with progress() as tell:
            done = execute_sync(workspace, name, progress=tell)
        report = collect(workspace.engine, workspace.config, facts_of(done))
    _show_sync(next(each for each in report.syncs if each.name == name), as_json=as_json)


def _show_rehearsal(rehearsal: Rehearsal, *, as_json: bool) -> None:
    if as_json:
        print_json(rehearsal.to_json())
        return
    print_table(("what becomes of candidates", "rows"), rehearsal.outcomes.items())
    if rehearsal.invalid:
        print_table(("cannot be sent", "rows"), rehearsal.invalid.items())
    click.echo(f"{counted(rehearsal.requests, 'requests')} would be sent; nothing was")


def _show_sync(done: SyncReport, *, as_json: bool) -> None:
    from dataclasses import asdict

    from kumitate.cli.summary import show_syncs

    if as_json:
        print_json(asdict(done))
    else:
        show_syncs([done])
