"""From a project's configuration to what is placed for it."""

from __future__ import annotations

from collections.abc import Iterator

from kumitate.activation.destinations.registry import destination_class
from kumitate.activation.routes import seconds_between_requests, secret_name
from kumitate.blueprint.mail import with_message_sets
from kumitate.blueprint.names import Names
from kumitate.blueprint.platform import (
    Account,
    Platform,
    PulledSource,
    StreamedSource,
    SyncRoute,
    lake_tables,
    stage_jobs,
)
from kumitate.config.environment import Environment
from kumitate.config.findings import did_you_mean
from kumitate.config.project import Config
from kumitate.config.sync import Destination
from kumitate.errors import FatalError
from kumitate.events.triggering import triggering_of


def environment_of(config: Config, name: str) -> Environment:
    """The environment called `name`; FatalError naming those that the project has."""
    if name in config.environments:
        return config.environments[name]
    known = ", ".join(sorted(config.environments)) or "none; write environments/dev.yaml"
    raise FatalError(f"unknown environment {name!r}{did_you_mean(name, config.environments)}; there are: {known}")


def platform_of(config: Config, name: str, *, account: str) -> Platform:
    """What environment `name` of the project needs in `account` (twelve digits, or a token of the template)."""
    environment = environment_of(config, name)
    names = Names(config.settings.project, name, environment.account or account, environment.region)
    sources, streams = config.sources.items(), tuple(_streams(config))
    looked_at = triggering_of(config).sources if config.triggers else {}
    return Platform(
        config=with_message_sets(config, environment, names),
        names=names,
        environment=environment,
        tables=tuple(lake_tables(config, names)),
        jobs=stage_jobs(config, environment),
        pulls=tuple(PulledSource(each, source, source.pull) for each, source in sources if source.pull),
        streams=streams,
        dropped=tuple(each for each, source in sources if source.is_dropped),
        accounts=tuple(_accounts(config, environment)),
        collected=tuple(each for each, source in sources if source.collect or source.webhook),
        watched=tuple(each for each in streams if each.name in looked_at),
        routes=tuple(SyncRoute(each, sync, sync.destination) for each, sync in sorted(config.syncs.items())),
    )


def _streams(config: Config) -> Iterator[StreamedSource]:
    """Those that come by a stream of their own; messages come by that of messaging."""
    for name, source in config.sources.items():
        if source.inflow is not None and source.inflow.of is None:
            yield StreamedSource(name, source, source.inflow)


def _accounts(config: Config, environment: Environment) -> Iterator[Account]:
    for name, destination in sorted(config.destinations.items()):
        syncs = tuple(sorted(each for each, sync in config.syncs.items() if sync.destination == name))
        if syncs:
            yield _account(name, destination, environment, syncs=syncs)


def _account(name: str, destination: Destination, environment: Environment, *, syncs: tuple[str, ...]) -> Account:
    is_aws, pace = destination_class(destination.type).terms.is_aws, seconds_between_requests(destination)
    return Account(name, destination.type, secret_name(destination, environment), is_aws, pace, syncs)
