"""`kumitate review`: the pairs of which nobody is sure, and what a steward decides about them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kumitate.cli.deciding import Decided, dry_run_option, signed, tell_decided
from kumitate.cli.options import examples, filled_lake_option, find_project, json_option, project_option, unmask_option
from kumitate.cli.output import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kumitate.execution.reviewing import Doubt
    from kumitate.execution.workspace import Workspace


@click.command(
    short_help="Pairs of which nobody is sure.",
    epilog=examples(
        "kumitate review",
        'kumitate review --accept 1 --accept 3 --reason "same card"',
        'kumitate review --reject 2 --reason "mother and daughter"',
        'kumitate review --accept 1 --reason "same card" --dry-run',
        "kumitate review --json | jq '.[0]'",
    ),
)
@click.option("--accept", "accepted", type=click.IntRange(1), multiple=True, metavar="N", help="Pair N is one person.")
@click.option("--reject", "rejected", type=click.IntRange(1), multiple=True, metavar="N", help="Pair N never is.")
@click.option("--reason", default="reviewed", show_default=True, help="Why; it is kept with the decision.")
@click.option("--author", metavar="NAME", help="Who decides; by default your name on this machine.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), help="How many pairs to list.")
@dry_run_option
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
    from kumitate.execution.reviewing import doubts

    both = set(accepted) & set(rejected)
    if both:
        raise click.UsageError(f"pair {min(both)} cannot be accepted and rejected")
    if said["dry_run"] and not (accepted or rejected):
        raise click.UsageError("--dry-run goes with --accept and --reject; a list writes nothing")
    with opened(find_project(project)) as (workspace, _):
        if accepted or rejected:
            made = _decided(workspace, said, accepted=accepted, rejected=rejected)
            tell_decided(made, dry_run=said["dry_run"], as_json=as_json)
            return
        found = doubts(workspace, limit, unmask=said["unmask"])
    _show(found, as_json=as_json)


def _decided(
    workspace: Workspace, said: Mapping[str, Any], *, accepted: Sequence[int], rejected: Sequence[int]
) -> Decided:
    """Noted, but in a dry run."""
    from kumitate.cli.lake import guarded
    from kumitate.execution.reviewing import decided
    from kumitate.execution.stewardship import note

    signature = signed(said["reason"], said["author"])
    with guarded(workspace, dry_run=said["dry_run"]):
        made, persons = decided(workspace, signature, accepted=accepted, rejected=rejected)
        if not said["dry_run"]:
            note(workspace, made)
    return Decided(made, persons, workspace.folder)


def _show(found: list[Doubt], *, as_json: bool) -> None:
    if as_json:
        print_json([each.to_json() for each in found])
    elif found:
        columns = ("number", "probability", "left", "right", "both have", "they differ in")
        print_table(columns, [each.row() for each in found])
    else:
        click.echo("no pair is in doubt")
