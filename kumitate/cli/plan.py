"""`kumitate plan`: what a deployment would create, change and remove, and what a month of it costs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kumitate.cli.environments import chosen_environment
from kumitate.cli.options import FOLDER, examples, find_project, json_option, project_option
from kumitate.cli.output import counted, print_json, say

if TYPE_CHECKING:
    from kumitate.blueprint.changes import Change
    from kumitate.blueprint.cost import Estimate
    from kumitate.blueprint.platform import Platform
    from kumitate.blueprint.usage import Range
    from kumitate.cli.deployed import Compared
    from kumitate.config.project import Config
    from kumitate.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The options of one call."""

    environment: str | None
    against: str | None
    offline: bool
    sure: bool
    profiles: int | None
    events: int | None
    usage: Path | None
    details: bool
    project: Path | None
    as_json: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    platform: Platform
    compared: Compared
    changes: tuple[Change, ...]
    estimate: Estimate
    problems: tuple[Problem, ...]
    """What stands in the way because of what the account has, or lacks."""


@click.command(
    short_help="What a deployment would change, and what a month costs.",
    epilog=examples(
        "kumitate plan examples/shop --aws --env dev",
        "kumitate plan --aws --env dev --against git:main",
        "kumitate plan --aws --env prod --profiles 2000000 --details",
        "kumitate plan --aws --env dev --json | jq .cost.month",
    ),
)
@click.argument("folder", type=FOLDER, required=False, metavar="[PROJECT]")
@click.option("--aws", is_flag=True, expose_value=False, help="The deployment to AWS; there is no other kind.")
@click.option(
    "--env", "environment", metavar="NAME", help="Which of the project's environments; the only one there is."
)
@click.option(
    "--against",
    metavar="FILE|FOLDER|git:REF",
    help="Compare with this blueprint, project or state of the repository, not with what is deployed.",
)
@click.option("--offline", is_flag=True, help="Ask nothing of AWS.")
@click.option("--sure", is_flag=True, help="End with 1 where AWS does not say what is deployed.")
@click.option("--profiles", type=click.IntRange(min=0), help="People in the lake.")
@click.option("--events", type=click.IntRange(min=0), help="Events a month, of each streamed source.")
@click.option(
    "--usage",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML file with assumptions, each a number or [low, expected, high].",
)
@click.option("--details", is_flag=True, help="Every name and every part of the cost.")
@project_option
@json_option
@click.pass_context
def plan(context: click.Context, /, folder: Path | None, **options: Any) -> None:
    """Say what `cdk deploy` would create, change and remove for the project as it is now, and estimate a month's cost.

    Without --against it is compared with what the deployed stacks say of themselves, if AWS can be asked; secrets that
    the account lacks are said, too. Nothing is changed anywhere. The estimate gives a low, an expected and a high value
    for each service, names what it assumes, and what a month costs in which nothing runs.
    """
    from kumitate.blueprint.checks import open_deployable
    from kumitate.project import open_project

    asked = _Asked(**options)
    root = find_project(folder, asked.project)
    name = asked.environment or chosen_environment(open_project(root).config, None)
    made = _planned(open_deployable(root, name).config, name, asked)
    _show(made, asked)
    for problem in made.problems:
        say(str(problem))
    if made.problems:
        say(f"{counted(len(made.problems), 'problems')}; this cannot be deployed as it is")
    if asked.sure and not made.compared.is_known:
        say("it is not known what is deployed; sign in to AWS, and may you cloudformation:GetTemplate?")
    if made.problems or (asked.sure and not made.compared.is_known):
        context.exit(1)


def _planned(config: Config, name: str, asked: _Asked) -> _Plan:
    from kumitate.blueprint.changes import blueprint_of, changes
    from kumitate.blueprint.checks import platform_problems
    from kumitate.blueprint.cost import estimate
    from kumitate.blueprint.derive import platform_of
    from kumitate.blueprint.names import ANY_ACCOUNT
    from kumitate.blueprint.prices import prices_in
    from kumitate.blueprint.usage import usage_of
    from kumitate.cli.deployed import absent_secrets, account_asked

    environment = config.environments[name]
    account = environment.account or (None if asked.offline else account_asked(environment))
    platform = platform_of(config, name, account=account or ANY_ACCOUNT)
    compared = _compared(platform, asked, account=account)
    is_asked = asked.against is None and compared.is_known
    return _Plan(
        platform,
        compared,
        changes(compared.blueprint, blueprint_of(platform)),
        estimate(platform, usage_of(platform, _assumed(asked)), prices_in(environment.region)),
        platform_problems(config, name, compared.blueprint) + (absent_secrets(platform) if is_asked else ()),
    )


def _compared(platform: Platform, asked: _Asked, *, account: str | None) -> Compared:
    from kumitate.cli.deployed import Compared, deployed_state, given_state

    if asked.against is not None:
        return given_state(asked.against, platform.config.root, platform.names)
    if asked.offline:
        return Compared(None, "nothing: AWS was not asked", is_known=False)
    if account is None:
        return Compared(None, "nothing: there are no AWS credentials to ask with", is_known=False)
    return deployed_state(platform.names)


def _assumed(asked: _Asked) -> dict[str, Range]:
    from kumitate.blueprint.usage import exactly, read_usage

    found = read_usage(asked.usage) if asked.usage is not None else {}
    said = {"profiles": asked.profiles, "events": asked.events}
    return found | {name: exactly(value) for name, value in said.items() if value is not None}


def _show(made: _Plan, asked: _Asked) -> None:
    from kumitate.cli.plan_text import print_changes, print_estimate

    names = made.platform.names
    if asked.as_json:
        print_json(_data(made))
        return
    click.echo(f"{names.project} in {names.environment}, {names.region}: compared with {made.compared.where}\n")
    print_changes(made.changes, every=asked.details)
    print_estimate(made.estimate, made.platform, every=asked.details)


def _data(made: _Plan) -> dict[str, Any]:
    from kumitate.blueprint.changes import as_data, blueprint_of
    from kumitate.cli.plan_text import estimate_data

    return {
        "compared_with": made.compared.where,
        "changes": [asdict(change) for change in made.changes],
        "cost": estimate_data(made.estimate),
        "problems": [asdict(problem) for problem in made.problems],
        "blueprint": as_data(blueprint_of(made.platform)),
    }
