"""`kumitate profile`: one person, found by any identifier."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kumitate.cli.options import examples, filled_lake_option, find_project, json_option, project_option, unmask_option
from kumitate.cli.output import print_json, print_table

if TYPE_CHECKING:
    from kumitate.cli.people import Person


@click.command(
    short_help="One person, found by any identifier.",
    epilog=examples(
        "kumitate profile M0000017",
        "kumitate profile chisato10@example.com --unmask",
        "kumitate profile 090-1234-0070 --json",
    ),
)
@click.argument("identifier")
@unmask_option
@project_option
@filled_lake_option
@json_option
def profile(identifier: str, *, unmask: bool, project: Path | None, as_json: bool) -> None:
    """Show a person: attributes, traits, segments, consents, records, what was delivered.

    IDENTIFIER is a person id, also one that went into another, a record (source/id), or any identifier's value as
    people write it: an e-mail address, a phone number, a member number. Personal data is masked unless --unmask is
    given.
    """
    from kumitate.cli.lake import opened
    from kumitate.cli.people import find_person, known_about

    with opened(find_project(project)) as (workspace, _):
        person = known_about(workspace, find_person(workspace, identifier), unmask=unmask)
    if as_json:
        print_json(person.to_json())
    else:
        _show(person)


def _show(person: Person) -> None:
    click.echo(f"person {person.person_id}")
    click.echo(f"segments: {', '.join(person.segments) or 'none'}\n")
    print_table(("attribute", "value"), person.attributes.items())
    print_table(("trait", "value"), person.traits.items())
    for title in ("identifiers", "consents", "records", "deliveries"):
        rows = getattr(person, title)
        if rows:
            print_table(tuple(rows[0]), [tuple(row.values()) for row in rows], title=title)
