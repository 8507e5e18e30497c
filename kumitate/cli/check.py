"""`kumitate check`: is the project right, before anything runs?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kumitate.cli.options import FOLDER, examples, find_project, json_option, project_option
from kumitate.cli.output import counted, print_json, say
from kumitate.errors import ConfigError

if TYPE_CHECKING:
    from kumitate.config.project import Config


@click.command(
    short_help="Say everything that is wrong with the project.",
    epilog=examples(
        "kumitate check examples/shop",
        "kumitate check --env dev",
        "kumitate check --env dev --against git:main",
        "kumitate check --json | jq '.problems[].what'",
    ),
)
@click.argument("folder", type=FOLDER, required=False, metavar="[PROJECT]")
@click.option("--env", "environment", metavar="NAME", help="Check this environment only; otherwise all there are.")
@click.option(
    "--against",
    metavar="FILE|FOLDER|git:REF",
    help="With --env: also what may not be removed or moved any more, as this blueprint or project says.",
)
@project_option
@json_option
@click.pass_context
def check(
    context: click.Context, /, folder: Path | None, project: Path | None, *, as_json: bool, **given: str | None
) -> None:
    """Read every file of the project and say everything that is wrong, with file and line.

    Also plans every stage, so that what passes here can run; a note names SQL that Athena answers and this
    machine does not. What AWS would refuse of an environment (names, regions, schedules, secrets) is said, too,
    without asking AWS.
    """
    from kumitate.cli.plans import every_query, laptop_refusals
    from kumitate.project import cautions

    root = find_project(folder, project)
    try:
        config = _opened(root, given["environment"], given["against"])
        queries = every_query(config)
    except ConfigError as error:
        _tell_problems(error, as_json=as_json)
        context.exit(1)
    counts, notes = _counts(config), [f"in the cloud only: {each}" for each in laptop_refusals(config, queries)]
    notes += cautions(config)
    if as_json:
        found = {"ok": True, "project": config.settings.project, **counts, "queries": len(queries)}
        print_json(found | {"notes": notes, "problems": []})
    else:
        for note in notes:
            click.echo(f"note: {note}")
        listed = ", ".join(counted(count, _THINGS.get(name, name)) for name, count in counts.items() if count)
        click.echo(f"{config.settings.project}: all good ({listed})")


def _opened(root: Path, environment: str | None, against: str | None) -> Config:
    """The project, right for the environment that was named, or for all it has."""
    from kumitate.blueprint.checks import accept_platform, open_deployable, open_for_all
    from kumitate.blueprint.derive import platform_of
    from kumitate.blueprint.names import ANY_ACCOUNT
    from kumitate.cli.deployed import given_state

    if environment is None and against is not None:
        raise click.UsageError("--against compares one environment; say which with --env")
    if environment is None:
        return open_for_all(root).config
    config = open_deployable(root, environment).config
    if against is not None:
        names = platform_of(config, environment, account=ANY_ACCOUNT).names
        accept_platform(config, environment, given_state(against, root, names).blueprint)
    return config


def _tell_problems(error: ConfigError, *, as_json: bool) -> None:
    if as_json:
        print_json({"ok": False, "problems": [asdict(problem) for problem in error.problems]})
        return
    for problem in error.problems:
        click.echo(str(problem))
    say(counted(len(error.problems), "problems"))


_THINGS = {
    "quality": "quality sections", "exclusions": "exclusion lists", "holdouts": "hold-outs",
    "stewards": "steward decisions",
}  # fmt: skip


def _counts(config: Config) -> dict[str, Any]:
    folders = (
        "sources", "stewards", "traits", "segments", "lists", "contracts", "triggers", "destinations", "quality",
        "exclusions", "holdouts", "budgets", "syncs", "environments",
    )  # fmt: skip
    return {name: len(getattr(config, name)) for name in folders}
