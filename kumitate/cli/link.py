"""`kumitate link`, `unlink`, `links`: what stewards decided about who is one person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kumitate.cli.deciding import (
    HOLDS,
    Decided,
    decision_row,
    dry_run_option,
    signed,
    tell_decided,
)
from kumitate.cli.options import examples, filled_lake_option, find_project, json_option, project_option, unmask_option
from kumitate.cli.output import counted, print_json, print_table, say

if TYPE_CHECKING:
    from kumitate.execution.workspace import Workspace
    from kumitate.identity.stewards import Decision

WAITS = "waits for its records"
Command = TypeVar("Command", bound=Callable[..., Any])


def _decision_options(command: Command) -> Command:
    command = click.option("--author", metavar="NAME", help="Who decides; by default your name on this machine.")(
        command
    )
    command = dry_run_option(command)
    return click.option("--reason", required=True, help="Why; it is kept with the decision.")(command)


@click.command(
    short_help="Decide that two are one person.",
    epilog=examples(
        'kumitate link ec_members/M0000001 store_cards/S0000001 --reason "showed both cards"',
        'kumitate link chisato10@example.com kamata_nami39@example.com --reason "told us on the phone" --dry-run',
    ),
)
@click.argument("left")
@click.argument("right")
@_decision_options
@project_option
@filled_lake_option
@json_option
def link(left: str, right: str, *, project: Path | None, **decision: Any) -> None:
    """Decide that LEFT and RIGHT are one person; the next run makes them one, and every one after it.

    Each is a record (source/id), a person id, or a value that identifies: an e-mail address, a phone number. The
    decision outranks every rule, and is kept with author, time and reason.
    """
    from kumitate.execution.stewardship import tie

    _decide((left, right), tie, project, **decision)


@click.command(
    short_help="Decide that two are never one person.",
    epilog=examples('kumitate unlink ec_members/M0000113 store_cards/S0000114 --reason "father and son"'),
)
@click.argument("left")
@click.argument("right")
@_decision_options
@project_option
@filled_lake_option
@json_option
def unlink(left: str, right: str, *, project: Path | None, **decision: Any) -> None:
    """Decide that LEFT and RIGHT are never one person; the next run parts them, and none merges them again.

    Each is a record (source/id), a person id, or a value that identifies. Of two persons no record of the one is
    ever with a record of the other; to part one person's records, name the records.
    """
    from kumitate.execution.stewardship import part

    _decide((left, right), part, project, **decision)


def _decide(
    names: tuple[str, str], said: Callable[..., tuple[Decision, ...]], project: Path | None, **given: Any
) -> None:
    from kumitate.cli.lake import guarded, opened
    from kumitate.execution.named import find_named
    from kumitate.execution.stewardship import note

    how = {name: given.pop(name) for name in ("dry_run", "as_json")}
    with opened(find_project(project)) as (workspace, _), guarded(workspace, dry_run=how["dry_run"]):
        left, right = find_named(workspace, names[0]), find_named(workspace, names[1])
        made = said(workspace, (left, right), signed(**given))
        if not how["dry_run"]:
            note(workspace, made)
        found = Decided(made, {**left.records, **right.records}, workspace.folder)
    tell_decided(found, **how)


@click.command(
    short_help="What stewards decided.",
    epilog=examples(
        "kumitate links",
        "kumitate links --all --json",
        'kumitate links --withdraw ec_members/M0000113 store_cards/S0000114 --reason "they are one after all"',
    ),
)
@click.option("--withdraw", "pair", nargs=2, metavar="LEFT RIGHT", help="Take back what was decided on these two.")
@click.option("--reason", help="Why, with --withdraw.")
@click.option("--author", metavar="NAME", help="Who takes it back; by default your name on this machine.")
@click.option("--dry-run", is_flag=True, help="With --withdraw: say what would be taken back; write nothing.")
@click.option("--all", "everything", is_flag=True, help="Also decisions that were taken back.")
@unmask_option
@project_option
@filled_lake_option
@json_option
def links(
    *, pair: tuple[str, str] | None, reason: str | None, author: str | None, project: Path | None, **how: bool
) -> None:
    """List the decisions on who is one person, those of stewards/*.csv and those made by commands; or take one back."""
    from kumitate.cli.lake import opened
    from kumitate.execution.stewardship import withdraw

    if pair is not None:
        if reason is None:
            raise click.UsageError("--withdraw needs --reason")
        how_told = {"dry_run": how["dry_run"], "as_json": how["as_json"]}
        _decide(pair, withdraw, project, reason=reason, author=author, **how_told)
        return
    if how["dry_run"]:
        raise click.UsageError("--dry-run goes with --withdraw; a list writes nothing")
    with opened(find_project(project)) as (workspace, _):
        rows = _listed(workspace, everything=how["everything"], unmask=how["unmask"])
    if how["as_json"]:
        print_json(rows)
    elif rows:
        print_table(tuple(rows[0]), [tuple(row.values()) for row in rows])
        _tell_waiting([row["where"] for row in rows if row["state"] == WAITS])
    else:
        click.echo("nothing is decided; `kumitate link` and `kumitate unlink` decide, `kumitate review` proposes")


def _tell_waiting(places: list[str]) -> None:
    if places:
        say(
            f"{counted(len(places), 'decisions')} so far without effect, for the lake has no such record or value: "
            f"{', '.join(dict.fromkeys(places))}"
        )


def _listed(workspace: Workspace, *, everything: bool, unmask: bool) -> list[dict[str, Any]]:
    from kumitate.execution.stewardship import decisions, waiting
    from kumitate.identity.stewards import holding

    known = decisions(workspace)
    states = dict.fromkeys(holding(known), HOLDS)
    states |= dict.fromkeys(waiting(workspace, states), WAITS)
    return [
        decision_row(each, states.get(each, "ended"), unmask=unmask) for each in known if everything or each in states
    ]
