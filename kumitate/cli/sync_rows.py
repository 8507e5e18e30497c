"""Rows of a sync on the screen: those its destination has not taken, and those whose answer never came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from kumitate.cli.output import counted, print_json, print_table

if TYPE_CHECKING:
    from kumitate.execution.workspace import Workspace

_MOST_SHOWN = 100


def show_rejected(workspace: Workspace, name: str, *, show: bool, as_json: bool) -> None:
    """Every row not taken, in the destination's words and in plain ones; what brings them again."""
    from kumitate.execution.rejections import waiting
    from kumitate.report.outcome_words import meaning

    rows = waiting(workspace.engine, name, unmask=show)
    told = {(row["reason"] or "", row["status"]): meaning(row["reason"] or "", row["status"]) for row in rows}
    if as_json:
        print_json([row | {"words": told[row["reason"] or "", row["status"]].about(name)} for row in rows])
        return
    if not rows:
        click.echo("every row was taken")
        return
    _print(rows, ("key", "operation", "status", "reason", "message", "first_seen", "last_seen", "attempts"))
    for (reason, status), means in sorted(told.items()):
        click.echo(f"{reason or status}: {means.about(name)}")
    _say_what_next(name, rows)


def _say_what_next(name: str, rows: Sequence[dict[str, Any]]) -> None:
    unknown = sum(row["status"] == "unknown" for row in rows)
    if len(rows) > unknown:
        again = f"`kumitate sync {name} --retry` brings them again"
        click.echo(f"{counted(len(rows) - unknown, 'rows')} not taken; {again}")
    if unknown:
        settled = f"`kumitate sync {name} --unknown` lists them, and `--settle` says what became of them"
        click.echo(f"{counted(unknown, 'rows')} may have arrived or not; {settled}")


def show_unknown(workspace: Workspace, name: str, *, show: bool, as_json: bool) -> None:
    """Every row without a verdict; how it is settled."""
    from kumitate.execution.settling import unknown

    rows = unknown(workspace, name, unmask=show)
    if as_json:
        print_json(rows)
    elif not rows:
        click.echo("every row that was sent has an answer")
    else:
        _print(rows, ("key", "person_id", "operation", "since", "run_id"))
        click.echo(
            f"{counted(len(rows), 'rows')} may have arrived or not; look at the destination, then "
            f"`kumitate sync {name} --settle KEY… --as arrived|again --reason …`"
        )


def _print(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> None:
    print_table(
        [each.replace("_", " ") for each in names], ([row[each] for each in names] for row in rows[:_MOST_SHOWN])
    )
    if len(rows) > _MOST_SHOWN:
        click.echo(f"… and {len(rows) - _MOST_SHOWN:,} more; --json has all of them")
