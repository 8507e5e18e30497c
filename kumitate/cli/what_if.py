"""`kumitate what-if`: what other identity rules would do, before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kumitate.cli.options import examples, filled_lake_option, find_project, json_option, project_option
from kumitate.cli.output import counted, print_json, print_table, say
from kumitate.cli.progress import progress

if TYPE_CHECKING:
    from kumitate.execution.what_if import WhatIf
    from kumitate.identity.what_if import Example


@click.command(
    "what-if",
    short_help="What other identity rules would do.",
    epilog=examples(
        "kumitate what-if identity/person.yaml",
        "kumitate what-if identity/person.yaml --json | jq .segments",
    ),
)
@click.argument("rules", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@project_option
@filled_lake_option
@json_option
def what_if(rules: Path, *, project: Path | None, as_json: bool) -> None:
    """Resolve with the rules of another identity file, and compare with the last run; nothing is written.

    RULES is written as identity/person.yaml. Tells which persons would merge and split, which values would be held
    back, and how every segment would change. Personal data is masked.
    """
    from kumitate.cli.lake import opened
    from kumitate.execution.what_if import what_if as tried

    with opened(find_project(project)) as (workspace, last), progress() as tell:
        found = tried(workspace, last, rules, progress=tell)
    if found.note:
        say(f"warning: {found.note}")
    if as_json:
        print_json(found.to_json())
    else:
        _show(found)


def _show(found: WhatIf) -> None:
    persons = found.persons
    click.echo(
        f"{persons.persons_before:,} persons would be {persons.persons_after:,}: "
        f"{counted(persons.merged, 'persons')} made of several, {counted(persons.split, 'persons')} split, "
        f"{counted(persons.records_moved, 'records')} of another person; "
        f"the largest {persons.largest_before:,} -> {persons.largest_after:,} records; {found.seconds:.1f} s\n"
    )
    _show_examples("merged", persons.examples_merged)
    _show_examples("split", persons.examples_split)
    click.echo(f"values that merge nobody, or not all who hold them: {found.held_before:,} -> {found.held_after:,}\n")
    if found.newly_held:
        print_table(tuple(found.newly_held[0]), [tuple(row.values()) for row in found.newly_held], title="newly held")
    if found.segments:
        print_table(tuple(found.segments[0]), [tuple(row.values()) for row in found.segments])


def _show_examples(what: str, examples: tuple[Example, ...]) -> None:
    rows = [(each.person_id, ", ".join(each.others), each.records_before, each.records_after) for each in examples]
    if rows:
        columns = ("person", "made of" if what == "merged" else "becomes", "records before", "after")
        print_table(columns, rows, title=f"the largest that would be {what}")
