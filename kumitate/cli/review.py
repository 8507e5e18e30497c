"""`kumitate review`: the pairs of which nobody is sure, and what a steward decides about them."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kumitate.cli.options import examples, filled_lake_option, find_project, json_option, project_option, unmask_option
from kumitate.cli.output import counted, print_json, print_table, say

if TYPE_CHECKING:
    from kumitate.execution.reviewing import Doubt


@click.command(
    short_help="Pairs of which nobody is sure.",
    epilog=examples(
        "kumitate review",
        'kumitate review --accept 1 --accept 3 --reason "same card"',
        'kumitate review --reject 2 --reason "mother and daughter"',
        "kumitate review --json | jq '.[0]'",
    ),
)
@click.option("--accept", "accepted", type=click.IntRange(1), multiple=True, metavar="N", help="Pair N is one person.")
@click.option("--reject", "rejected", type=click.IntRange(1), multiple=True, metavar="N", help="Pair N never is.")
@click.option("--reason", default="reviewed", show_default=True, help="Why; it is kept with the decision.")
@click.option("--author", metavar="NAME", help="Who decides; by default your name on this machine.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), help="How many pairs to list.")
@unmask_option
@project_option
@filled_lake_option
@json_option
def review(
    *,
    accepted: tuple[int, ...],
    rejected: tuple[int, ...],
    limit: int,
    project: Path | None,
    as_json: bool,
    **said: Any,
) -> None:
    """List the doubtful pairs of the last run, the most probable first, with what speaks for them; or decide.

    A pair is doubtful where the model is not sure, or where a value ties both that had to yield to a limit. Numbers
    stay the same until the next run; pairs that were decided about are listed no more. Personal data is masked
    unless --unmask is given.
    """
    from kumitate.cli.lake import opened
    from kumitate.execution.reviewing import decide, doubts
    from kumitate.identity.stewards import Decision

    both = set(accepted) & set(rejected)
    if both:
        raise click.UsageError(f"pair {min(both)} cannot be accepted and rejected")
    with opened(find_project(project)) as (workspace, _):
        if accepted or rejected:
            made = Decision("", "", "", said["author"] or getpass.getuser(), said["reason"], datetime.now(UTC))
            with workspace.lake.lock():
                count = decide(workspace, made, accepted=accepted, rejected=rejected)
            click.echo(f"noted: {counted(count, 'decisions')}")
            say("`kumitate run` applies them")
            return
        found = doubts(workspace, limit, unmask=said["unmask"])
    _show(found, as_json=as_json)


def _show(found: list[Doubt], *, as_json: bool) -> None:
    if as_json:
        print_json([each.to_json() for each in found])
    elif found:
        columns = ("number", "probability", "left", "right", "both have", "they differ in")
        print_table(columns, [each.row() for each in found])
    else:
        click.echo("no pair is in doubt")
