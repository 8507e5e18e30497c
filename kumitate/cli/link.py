"""`kumitate link`, `unlink`, `links`: what stewards decided about who is one person."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

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
    return click.option("--reason", required=True, help="Why; it is kept with the decision.")(command)


@click.command(
    short_help="Decide that two are one person.",
    epilog=examples(
        'kumitate link ec_members/M0000001 store_cards/S0000001 --reason "showed both cards"',
        'kumitate link taro@example.com 03-1234-5678 --reason "told us on the phone"',
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
    names: tuple[str, str], note: Callable[..., tuple[Decision, ...]], project: Path | None, **decision: Any
) -> None:
    from kumitate.cli.lake import opened
    from kumitate.execution.named import find_named

    as_json = decision.pop("as_json")
    with opened(find_project(project)) as (workspace, _), workspace.lake.lock():
        pair = (find_named(workspace, names[0]), find_named(workspace, names[1]))
        made = note(workspace, pair, _made(**decision))
    if as_json:
        print_json([_row(each, "holds", unmask=False) for each in made])
        return
    click.echo(f"noted: {counted(len(made), 'decisions')} ({made[0].link}) by {made[0].author}")
    say("`kumitate run` applies it")


def _made(*, reason: str, author: str | None) -> Decision:
    from kumitate.identity.stewards import Decision

    if not reason.strip():
        raise click.BadParameter("say why; it is kept with the decision", param_hint="--reason")
    return Decision("", "", "", author or getpass.getuser(), reason.strip(), datetime.now(UTC))


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
@click.option("--all", "everything", is_flag=True, help="Also decisions that were taken back.")
@unmask_option
@project_option
@filled_lake_option
@json_option
def links(
    *, pair: tuple[str, str] | None, reason: str | None, author: str | None, project: Path | None, **shown: bool
) -> None:
    """List the decisions on who is one person, those of stewards/*.csv and those made by commands; or take one back."""
    from kumitate.cli.lake import opened
    from kumitate.execution.stewardship import withdraw

    if pair is not None:
        if reason is None:
            raise click.UsageError("--withdraw needs --reason")
        _decide(pair, withdraw, project, reason=reason, author=author, as_json=shown["as_json"])
        return
    with opened(find_project(project)) as (workspace, _):
        rows = _listed(workspace, everything=shown["everything"], unmask=shown["unmask"])
    if shown["as_json"]:
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
    states = dict.fromkeys(holding(known), "holds")
    states |= dict.fromkeys(waiting(workspace, states), WAITS)
    return [_row(each, states.get(each, "ended"), unmask=unmask) for each in known if everything or each in states]


def _row(decision: Decision, state: str, *, unmask: bool) -> dict[str, Any]:
    from kumitate.identity.why import masked_record

    return {
        "left": decision.left if unmask else masked_record(decision.left),
        "right": decision.right if unmask else masked_record(decision.right),
        "link": decision.link,
        "author": decision.author,
        "reason": decision.reason,
        "at": decision.at,
        "where": decision.place or "kumitate links",
        "state": state,
    }
