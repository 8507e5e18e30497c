"""`kumitate why`: why two records are one person, or are not."""

from __future__ import annotations

from pathlib import Path

import click

from kumitate.cli.options import examples, filled_lake_option, find_project, json_option, project_option, unmask_option
from kumitate.cli.output import print_json


@click.command(
    short_help="Why two are one person, or are not.",
    epilog=examples(
        "kumitate why ec_members/M0000001 store_cards/S0000001",
        "kumitate why chisato10@example.com 090-1234-0070",
        "kumitate why ec_members/M0000113 store_cards/S0000114 --lang ja",
        "kumitate why ec_members/M0000113 store_cards/S0000114 --json",
    ),
)
@click.argument("left")
@click.argument("right")
@click.option("--lang", "language", type=click.Choice(["en", "ja"]), default="en", show_default=True)
@unmask_option
@project_option
@filled_lake_option
@json_option
def why(left: str, right: str, *, language: str, unmask: bool, project: Path | None, as_json: bool) -> None:
    """Tell why LEFT and RIGHT are one person: the shortest path of evidence; or why not: what was held back, and why.

    Each is a record (source/id), a person id (also one that was merged since), or a value that identifies. Values
    and ids of records are masked unless --unmask is given.
    """
    from kumitate.cli.lake import opened
    from kumitate.execution.reasons import explain
    from kumitate.identity.words import sentences

    with opened(find_project(project)) as (workspace, _):
        told = explain(workspace, left, right, unmask=unmask)
    if as_json:
        print_json(told.to_json())
        return
    for line in sentences(told, "ja" if language == "ja" else "en"):
        click.echo(line)
