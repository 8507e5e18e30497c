"""What a steward's command says of the decisions that it notes, or, in a dry run, would note."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kumitate.cli.output import counted, print_json, say

if TYPE_CHECKING:
    from kumitate.identity.stewards import Decision

HOLDS = "holds"
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be noted, and of whom; write nothing.")


@dataclass(frozen=True, slots=True)
class Decided:
    """The decisions, the persons that their records are of (record -> person id), and the lake that notes them."""

    made: Sequence[Decision]
    persons: Mapping[str, str]
    lake: Path


def signed(reason: str, author: str | None) -> Decision:
    """A decision on nobody yet, with who, why and now."""
    from kumitate.identity.stewards import Decision

    if not reason.strip():
        raise click.BadParameter("say why; it is kept with the decision", param_hint="--reason")
    return Decision("", "", "", author or getpass.getuser(), reason.strip(), datetime.now(UTC))


def tell_decided(found: Decided, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json([_fact(each, found, dry_run=dry_run) for each in found.made])
        return
    links = ", ".join(dict.fromkeys(each.link for each in found.made))
    count, author = counted(len(found.made), "decisions"), found.made[0].author
    if not dry_run:
        click.echo(f"noted: {count} ({links}) by {author}")
        say("`kumitate run` applies it" if len(found.made) == 1 else "`kumitate run` applies them")
        return
    from kumitate.identity.stewards import STEWARD_LINKS

    click.echo(f"would note: {count} ({links}) by {author}, in {STEWARD_LINKS} of the lake in {found.lake}")
    for each in found.made:
        left, right = _ends(each, found)
        click.echo(f"  {each.link}: {left} and {right}")
    say("nothing was written")


def _ends(decision: Decision, found: Decided) -> tuple[str, str]:
    """Each record, masked, with its person."""
    from kumitate.identity.why import masked_record

    left, right = (
        f"{masked_record(name)} (person {found.persons[name]})" if name in found.persons else masked_record(name)
        for name in decision.pair
    )
    return left, right


def _fact(decision: Decision, found: Decided, *, dry_run: bool) -> dict[str, Any]:
    row = decision_row(decision, "would hold" if dry_run else HOLDS, unmask=False)
    if not dry_run:
        return row
    return row | {"persons": [found.persons.get(name) for name in decision.pair], "lake": str(found.lake)}


def decision_row(decision: Decision, state: str, *, unmask: bool) -> dict[str, Any]:
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
