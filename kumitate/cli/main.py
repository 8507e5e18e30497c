"""`kumitate`: the command line's entry; every command imports what it needs when it runs."""

from __future__ import annotations

from typing import Any

import click

from kumitate.cli.audit import audit
from kumitate.cli.check import check
from kumitate.cli.cleanse import cleanse
from kumitate.cli.collect import collect
from kumitate.cli.contract import contract
from kumitate.cli.control import control
from kumitate.cli.destination import destination
from kumitate.cli.explain import explain
from kumitate.cli.link import link, links, unlink
from kumitate.cli.matchkeys import matchkeys
from kumitate.cli.output import counted, say
from kumitate.cli.plan import plan
from kumitate.cli.profile import profile
from kumitate.cli.quarantine import quarantine
from kumitate.cli.query import query
from kumitate.cli.redrive import redrive
from kumitate.cli.refused import refusal
from kumitate.cli.resolve import resolve
from kumitate.cli.review import review
from kumitate.cli.run import run
from kumitate.cli.schema import schema
from kumitate.cli.segment import segment
from kumitate.cli.status import status
from kumitate.cli.sync import sync
from kumitate.cli.trigger import trigger
from kumitate.cli.what_if import what_if
from kumitate.cli.why import why
from kumitate.errors import ConfigError, KumitateError

COMMANDS: tuple[click.Command, ...] = (
    check,
    audit,
    run,
    collect,
    status,
    query,
    explain,
    segment,
    profile,
    sync,
    control,
    matchkeys,
    destination,
    contract,
    trigger,
    redrive,
    quarantine,
    why,
    what_if,
    link,
    unlink,
    links,
    review,
    plan,
    cleanse,
    resolve,
    schema,
)


_WITH_OWN_RULES = ("cleanse", "resolve", "what-if")
"""They are given a rules file, which `kumitate check` never reads."""


class PlainErrors(click.Group):
    """Says in plain words what Kumitate raises on purpose and what machine or AWS refuse, and ends with 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            say(str(error))
            is_project = ctx.invoked_subcommand not in _WITH_OWN_RULES
            next_ = "mend, and run `kumitate check`" if is_project else "mend, and run this again"
            say(f"{counted(len(error.problems), 'problems')}; {next_}")
            ctx.exit(1)
        except KumitateError as error:
            say(f"kumitate: {error}")
            ctx.exit(1)
        except KeyboardInterrupt:
            if ctx.invoked_subcommand == "run":
                say("\nstopped; what is done stays done, and the next `kumitate run` goes on from there")
            raise
        except Exception as error:  # of many libraries' kinds; what is no refusal of machine or AWS is raised again
            told = refusal(error)
            if told is None:
                raise
            say(f"kumitate: {told}")
            ctx.exit(1)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click passes it; the order is ours)
        return [command.name or "" for command in COMMANDS]


@click.group(cls=PlainErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kumitate")
def main() -> None:
    """A composable customer data platform: one project of YAML files, from raw data to delivered segments.

    Begin with `kumitate check`, then `kumitate run`. Each command has a --help with examples.
    """


for _command in COMMANDS:
    main.add_command(_command)
