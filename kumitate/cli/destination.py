"""`kumitate destination`: what destinations there are, and one row to a real account to see whether all is right."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kumitate.cli.options import examples, find_project, json_option, project_option
from kumitate.cli.output import print_json, print_table, say

if TYPE_CHECKING:
    from kumitate.activation.destinations.base import Destination
    from kumitate.config.project import Config
    from kumitate.execution.one_row import Asked
    from kumitate.model.request import Change


@click.group(
    short_help="What destinations there are, and one row to try one.",
    epilog=examples("kumitate destination list", "kumitate destination show line"),
)
def destination() -> None:
    """What destinations there are, what each can do, and one row to a real account, to see whether all is right."""


@destination.command("list", epilog=examples("kumitate destination list", "kumitate destination list --json"))
@json_option
def list_types(*, as_json: bool) -> None:
    """All registered types: their modes, the objects that are types of their own, where they are described."""
    from kumitate.execution.destination_types import every_type

    types = every_type()
    if as_json:
        print_json(types)
        return
    rows = ((each["type"], each["modes"], each["objects"], _forgets(each), each["docs"]) for each in types)
    print_table(("type", "modes", "objects", "erases people", "docs"), rows)


def _forgets(told: dict[str, Any]) -> str:
    return "by a call" if told["erases"] else "by hand"


@destination.command(epilog=examples("kumitate destination show meta", "kumitate destination show line --json"))
@click.argument("type_", metavar="TYPE")
@json_option
def show(type_: str, *, as_json: bool) -> None:
    """One type: what it does, its settings and fields, its limits, and how it forgets a person."""
    from kumitate.execution.destination_types import one_type

    told = one_type(type_)
    if as_json:
        print_json(told)
        return
    click.echo(f"{told['type']}: {told['about']}\n")
    plain = ("modes", "objects", "needs", "fields", "auth", "address", "rows_a_request", "seconds_between_requests")
    more = ("daily_requests", "least_rows", "erase_by_hand", "docs")
    print_table(("what", "is"), ((name.replace("_", " "), told[name]) for name in (*plain, *more) if told[name]))
    names = ("name", "required", "default", "about")
    if told["settings"]:
        print_table(("setting", *names[1:]), ([each[name] for name in names] for each in told["settings"]))


@destination.command(
    "test",
    epilog=examples(
        "kumitate destination test google_ads --sync vip_ads_google --field email=me@example.com --dry-run",
        "kumitate destination test google_ads --sync vip_ads_google --field email=me@example.com",
        "kumitate destination test meta_ads --setting audience_id=123 --field email=me@example.com --sandbox --yes",
    ),
)
@click.argument("name")
@click.option("--field", "fields", multiple=True, metavar="NAME=VALUE", help="A field by the destination's name.")
@click.option("--key", default="kumitate-test", show_default=True, help="The row's key.")
@click.option("--sync", help="As this sync brings rows there; by default the account's only one.")
@click.option("--object", "object_", help="What is written, where the destination has several.")
@click.option("--setting", "settings", multiple=True, metavar="NAME=VALUE", help="A setting that no sync gives.")
@click.option("--remove", is_flag=True, help="Take the row out again.")
@click.option("--sandbox", is_flag=True, help="To the local stand-in, which has nobody's data.")
@click.option("--dry-run", is_flag=True, help="Say what would leave; send nothing.")
@click.option("--yes", is_flag=True, help="Send without asking.")
@click.option("--show", "show_", is_flag=True, help="The destination's words as they are, which may be personal.")
@project_option
@json_option
def test(name: str, *, project: Path | None, as_json: bool, yes: bool, show_: bool, **given: Any) -> None:
    """Send ONE row to the real account of destination NAME, and tell what was sent and what came back.

    The secret is read from the environment variable KUMITATE_SECRET_<NAME> of the account's `secret`. Nothing is
    noted in the project. Give your own data: the row stays at the destination until you take it out.
    """
    from kumitate.execution.one_row import Asked, check_fields, masked_fields, send, trial_of
    from kumitate.model.request import Change, Operation
    from kumitate.project import open_project

    config = open_project(find_project(project)).config
    asked = Asked(
        account=name,
        sync=given["sync"],
        object=given["object_"],
        settings=_pairs(given["settings"]),
        is_sandbox=given["sandbox"],
    )
    fields = _pairs(given["fields"])
    change = Change(given["key"], Operation.DELETE if given["remove"] else Operation.CREATE, fields, given["key"])
    trial = trial_of(config, asked)
    check_fields(trial.destination, fields)
    where = "the sandbox" if asked.is_sandbox else _address(trial.destination, trial.account.url)
    told = ", ".join(f"{name}={value}" for name, value in masked_fields(fields).items())
    say(f"one row to {where}: {told or _no_fields(config, asked)}")
    requests = _announce(trial.destination, change)
    if given["dry_run"]:
        _tell_dry(requests, as_json=as_json)
        return
    if not yes:
        click.confirm("Send it?", abort=True, err=True)
    tried = send(trial, change, environment=os.environ)
    _tell(tried.to_json(show=show_), as_json=as_json)


def _no_fields(config: Config, asked: Asked) -> str:
    """That none was given, and which the sync brings."""
    from kumitate.execution.one_row import sync_of

    sync = sync_of(config, asked)
    mapped = sorted(config.syncs[sync].fields) if sync else []
    if not mapped:
        return "no fields"
    return f"no fields given; {sync} brings {', '.join(mapped)}: give them as --field NAME=VALUE"


def _address(made: Destination, url: str | None) -> str:
    """The account's own address, or the vendor's."""
    return url or made.terms.base_url or ("AWS" if made.terms.is_aws else "the address in its secret")


def _announce(made: Destination, change: Change) -> list[dict[str, Any]]:
    """What leaves first; FatalError where nothing can."""
    from kumitate.errors import FatalError
    from kumitate.execution.one_row import in_words, rendered, size_of
    from kumitate.model.request import Outcome

    requests: list[dict[str, Any]] = []
    for each in rendered(made, change):
        if isinstance(each, Outcome):
            raise FatalError(f"the row cannot be sent: {each.reason} ({each.message or 'see the destination'})")
        requests.append({"request": in_words(each), "bytes": size_of(each)})
        say(f"{in_words(each)}, {size_of(each):,} bytes")
    return requests


def _tell_dry(requests: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json({"dry_run": True, "requests": requests})
    else:
        print_table(("request", "bytes"), (tuple(each.values()) for each in requests))
    say("nothing was sent")


def _tell(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(told)
    else:
        print_table(("request", "bytes", "status"), ((r["request"], r["bytes"], r["status"]) for r in told["requests"]))
        because = f" ({told['reason']})" if told["reason"] else ""
        click.echo(f"{told['verdict']}{because}" + (f": {told['message']}" if told["message"] else ""))
    if told["verdict"] != "accepted":
        raise SystemExit(1)


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    """`email=a@b.jp` as a name and its value."""
    for each in given:
        if "=" not in each:
            raise click.UsageError(f"{each.partition('=')[0]!r} has no value; write NAME=VALUE")
    return dict(each.split("=", 1) for each in given)
