"""What AWS would refuse of a platform, found before anything is deployed, and said with file and line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from kumitate.blueprint.changes import Blueprint, blueprint_of, removed_data
from kumitate.blueprint.derive import environment_of, platform_of
from kumitate.blueprint.flows import CONNECTORS
from kumitate.blueprint.limits import name_refusal
from kumitate.blueprint.names import ANY_ACCOUNT
from kumitate.blueprint.platform import Platform
from kumitate.blueprint.regions import all_regions, needed, regions_of
from kumitate.blueprint.resources import Resource, resources
from kumitate.config.draft import Draft
from kumitate.config.findings import Finding, Places, Spot, did_you_mean, unknown
from kumitate.config.loader import read_project
from kumitate.config.project import Config
from kumitate.errors import ConfigError, FatalError, Problem
from kumitate.pipeline import STAGES
from kumitate.project import Project, open_project

_LONGEST_BUCKET = 63


def open_deployable(root: Path, name: str, against: Blueprint | None = None) -> Project:
    """The project in `root`, right for environment `name` too; ConfigError with every problem of both at once."""
    project = open_project(root, _looking_at((name,), against))
    environment_of(project.config, name)
    return project


def open_for_all(root: Path) -> Project:
    """The project in `root`, right for every environment it has; ConfigError with every problem at once."""
    return open_project(root, _looking_at(None, None))


def _looking_at(names: Iterable[str] | None, against: Blueprint | None) -> Callable[[Draft], Iterator[Finding]]:
    def check(draft: Draft) -> Iterator[Finding]:
        for name in draft.config.environments if names is None else names:
            if name in draft.config.environments:
                yield from platform_findings(draft.config, name, against)

    return check


def platform_problems(config: Config, environment_name: str, against: Blueprint | None = None) -> tuple[Problem, ...]:
    """Everything wrong with a sound project in this environment, by file and line."""
    return located(config, platform_findings(config, environment_name, against))


def located(config: Config, findings: Iterable[Finding]) -> tuple[Problem, ...]:
    """The findings by file and line, in that order."""
    places = read_project(config.root).places if config.root.is_dir() else Places()
    problems = {places.problem(finding) for finding in findings}
    return tuple(sorted(problems, key=lambda p: (p.file, p.line, p.key, p.what)))


def accept_platform(config: Config, environment_name: str, against: Blueprint | None = None) -> None:
    """ConfigError with every problem of this environment, if there is any."""
    problems = platform_problems(config, environment_name, against)
    if problems:
        raise ConfigError(problems)


def platform_findings(config: Config, name: str, against: Blueprint | None = None) -> Iterator[Finding]:
    spot = Spot("environments", (name,))
    yield from _pulls(config)
    yield from _workers(config, name, spot.below("workers"))
    yield from _secrets(config, name, spot.below("secrets"))
    try:
        platform = platform_of(config, name, account=ANY_ACCOUNT)
        placed = resources(platform)
    except (FatalError, KeyError, ValueError):
        return  # a name that is not there, a schedule that is none: that is said, and there is no platform yet
    yield from _region(platform, spot.below("region"))
    yield from _names(platform, placed, spot)
    if against is not None:
        yield from _deployed(platform, against, spot)


def _pulls(config: Config) -> Iterator[Finding]:
    """Settings that the connector does not know would be dropped in silence."""
    for name, source in config.sources.items():
        connector = CONNECTORS.get(source.pull.connector) if source.pull else None
        for key in source.pull.settings if source.pull and connector else ():
            if connector and key not in connector.properties:
                at = Spot("sources", (name, "pull", "settings", key))
                yield at.wrong(unknown("setting", key, connector.properties, place=connector.type))


def _workers(config: Config, name: str, spot: Spot) -> Iterator[Finding]:
    known = ("default", *(stage.name for stage in STAGES))
    for stage in config.environments[name].workers:
        if stage not in known:
            yield spot.below(stage).wrong(unknown("stage", stage, known))


def _secrets(config: Config, name: str, spot: Spot) -> Iterator[Finding]:
    environment = config.environments[name]
    used = {sync.destination for sync in config.syncs.values()}
    asked = [(f"destination {key!r}", each.secret) for key, each in config.destinations.items() if key in used]
    asked += [(f"source {key!r}", each.pull.secret) for key, each in config.sources.items() if each.pull]
    hooks = [(key, each.webhook) for key, each in config.sources.items() if each.webhook]
    asked += [(f"source {key!r}", hook.signature.secret) for key, hook in hooks]
    missing: dict[str, list[str]] = {}
    for who, secret in asked:
        if secret is not None and secret not in environment.secrets:
            missing.setdefault(secret, []).append(who)
    for secret, askers in missing.items():
        suggested = f"{config.settings.project}/{secret}"
        hint = did_you_mean(secret, environment.secrets)
        yield spot.wrong(
            f"{' and '.join(askers)} sign{'s' if len(askers) == 1 else ''} in with the secret {secret!r}, which is"
            f" not here{hint}; write `{secret}: {suggested}`, and create it:"
            f" {_created(environment.region, suggested, secret)}"
        )


def missing_secrets(platform: Platform, is_there: Callable[[str], bool]) -> Iterator[Finding]:
    """Secrets that the environment names and the account does not have."""
    names = platform.names
    for secret, name in platform.environment.secrets.items():
        if not is_there(name):
            spot = Spot("environments", (names.environment, "secrets", secret))
            yield spot.wrong(
                f"Secrets Manager in {names.region} has no secret {name!r}; create it:"
                f" {_created(names.region, name, secret)}"
            )


def _created(region: str, name: str, file: str) -> str:
    create = f"aws secretsmanager create-secret --region {region} --name {name}"
    return f"{create} --secret-string file://{file}.json"


def _region(platform: Platform, spot: Spot) -> Iterator[Finding]:
    region = platform.names.region
    if region not in all_regions():
        yield spot.wrong(f"{unknown('region', region, all_regions())}; it has to have Glue, Athena and Lambda")
        return
    lacking: dict[str, list[str]] = {}
    for service, why in needed(platform):
        if region not in regions_of(service):
            lacking.setdefault(service, []).append(why)
    for service, reasons in lacking.items():
        near = [each for each in regions_of(service) if each.split("-")[0] == region.split("-")[0]]
        yield spot.wrong(
            f"{service} is not offered in {region} ({', '.join(reasons)}); move to one of"
            f" {', '.join(near or regions_of(service))}, or leave it out"
        )


def _names(platform: Platform, placed: tuple[Resource, ...], spot: Spot) -> Iterator[Finding]:
    names = platform.names
    longest = max((each.name for each in placed if each.kind == "bucket"), key=len)
    both = len(names.project) + len(names.environment)
    room = _LONGEST_BUCKET - len(longest) + both
    if both > room:
        yield spot.wrong(
            f"project and environment are called {names.project!r} and {names.environment!r}, {both} characters;"
            f" S3 leaves {room} for both ({longest} has too many); shorten one"
        )
        return
    for resource in placed:
        refusal = name_refusal(resource.kind, resource.name)
        if refusal:
            at = Spot(resource.origin[0], resource.origin[1:]) if resource.origin else spot
            yield at.wrong(f"the {resource.kind} {refusal}; choose another name" + _shorter(resource.kind))


def _shorter(kind: str) -> str:
    return "" if kind == "bucket" else ", or a shorter one for project or environment"


def _deployed(platform: Platform, before: Blueprint, spot: Spot) -> Iterator[Finding]:
    """Against what stands in the account already."""
    names = platform.names
    if (before.project, before.environment) != (names.project, names.environment):
        return
    if before.region != names.region:
        yield spot.below("region").wrong(
            f"deployed in {before.region}; elsewhere everything is made anew and the names of the buckets are taken:"
            f" destroy it there first (make destroy ENV={names.environment}), or name another environment"
        )
        return
    gone: dict[str, list[str]] = {}
    for table in removed_data(before, blueprint_of(platform)):
        gone.setdefault(table.name.partition(".")[2], []).append(table.name)
    for name, tables in gone.items():
        if name not in platform.environment.retired and name in _sources(before):
            yield spot.below("retired").wrong(
                f"source {name!r} is no longer in the project, but its tables stand with their rows"
                f" ({', '.join(tables)}); put it back, or name it here to leave them as they are"
            )


def _sources(before: Blueprint) -> set[str]:
    """The sources that a deployment took in: what lies in its staging zone."""
    found = (each.name.partition(".") for each in before.resources if each.kind == "table")
    return {table for database, _, table in found if database.endswith("_staging")}
