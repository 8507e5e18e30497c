"""`kumitate redrive`: deliveries that were set aside, listed with their reasons and brought back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kumitate.cli.options import examples, find_project, json_option, project_option
from kumitate.cli.output import counted, print_json, print_table

if TYPE_CHECKING:
    from kumitate.cloud.redriving import Redriven


@click.command(
    short_help="Bring back deliveries that were set aside in AWS.",
    epilog=examples("kumitate redrive crm --env dev --dry-run", "kumitate redrive crm --env dev"),
)
@click.argument("account")
@click.option("--env", "environment", required=True, help="The environment, as environments/*.yaml names it.")
@click.option("--dry-run", is_flag=True, help="Only list them.")
@project_option
@json_option
def redrive(account: str, *, environment: str, dry_run: bool, project: Path | None, as_json: bool) -> None:
    """Bring the deliveries of a destination account back from its dead-letter queue.

    Rows of a page that have their verdict are not sent again, and pages of a run that is over are let go: the next
    run brings their rows. AWS credentials are those of this machine (AWS_PROFILE).
    """
    from kumitate.aws.clients import client
    from kumitate.aws.queues import Queues
    from kumitate.blueprint.derive import environment_of
    from kumitate.blueprint.function_access import account_dead_letters, account_queue
    from kumitate.blueprint.names import Names
    from kumitate.cli.plans import known_name
    from kumitate.cloud.redriving import redrive as bring_back
    from kumitate.project import open_project

    config = open_project(find_project(project)).config
    place = environment_of(config, environment)
    known_name("destination", account, config.destinations)
    names = Names(config.settings.project, environment, place.account or "", place.region)
    queues = Queues(client("sqs", place.region))
    dead, queue = (queues.url(name(names, account)) for name in (account_dead_letters, account_queue))
    _show(bring_back(queues, dead=dead, queue=queue, dry_run=dry_run), as_json=as_json)


def _show(done: Redriven, *, as_json: bool) -> None:
    if as_json:
        print_json(done.to_json())
        return
    if done.found:
        rows = ((each.run_id, each.sync, each.number, each.reason, each.explanation) for each in done.found)
        print_table(("run", "sync", "page", "reason", "explanation"), rows)
    click.echo(f"{counted(len(done.found), 'messages')} set aside; {done.brought_back:,} brought back")
