"""Routes of an environment: all that a delivery needs to know of a sync, so that it reads no project."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from kumitate.activation.destinations.registry import destination_class, registered, settings_for
from kumitate.activation.portions import WHOLE, portion_rows
from kumitate.errors import FatalError

if TYPE_CHECKING:
    from kumitate.activation.destinations.base import Destination
    from kumitate.config.environment import Environment
    from kumitate.config.project import Config
    from kumitate.config.sync import Destination as Account

CONCURRENCY = 2
"""Deliveries to one account at a time; the least that an event source of a queue can be held to."""
ROWS_A_PAGE = 1_000
_PAGE_SECONDS = 300
"""A page is small enough for its requests to be sent in this time."""


@dataclass(frozen=True, slots=True)
class Route:
    """One sync's way out: its account, the destination's settings, and under which name its secret lies."""

    sync: str
    account: str
    type: str
    settings: Mapping[str, Any] = field(repr=False)
    secret: str | None
    """The name in Secrets Manager."""
    url: str | None
    """Replaces the vendor's base address."""
    seconds_between_requests: float
    """The account's limit; what one delivery keeps to is `pace`."""
    is_whole: bool = False
    """All rows of the sync belong together: they are on one page."""

    @property
    def pace(self) -> float:
        """Seconds between the requests of one of `CONCURRENCY` deliveries."""
        return self.seconds_between_requests * CONCURRENCY

    @property
    def rows_a_page(self) -> int:
        """`ROWS_A_PAGE` in whole requests, or fewer where the account is slow; all where they belong together."""
        if self.is_whole:
            return WHOLE
        most_requests = math.floor(_PAGE_SECONDS / self.pace) if self.pace else math.inf
        return portion_rows(destination_class(self.type), ROWS_A_PAGE, most_requests)


def routes(config: Config, environment: Environment) -> tuple[Route, ...]:
    """The routes of all syncs, by name."""
    return tuple(_route(config, environment, sync) for sync in sorted(config.syncs))


def destination_of(route: Route) -> Destination:
    """The destination behind a route, from the registry alone."""
    return destination_class(route.type).model_validate(dict(route.settings))


def to_json(all_routes: tuple[Route, ...]) -> str:
    """The routes as the delivery functions carry them (`routes.json`)."""
    return json.dumps([asdict(route) for route in all_routes], ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def from_json(text: str) -> Mapping[str, Route]:
    """Routes by sync; FatalError where `text` is none of ours."""
    try:
        return {each["sync"]: Route(**each) for each in json.loads(text)}
    except (ValueError, TypeError, KeyError):
        raise FatalError("routes.json cannot be read; deploy again") from None


def _route(config: Config, environment: Environment, sync: str) -> Route:
    name = config.syncs[sync].destination
    account = config.destinations[name]
    type_ = registered(account, config.syncs[sync])
    settings, secret = settings_for(config, sync), secret_name(account, environment)
    return Route(
        sync,
        name,
        type_,
        settings,
        secret,
        account.url,
        seconds_between_requests(account),
        destination_class(type_).terms.is_whole_in(config.syncs[sync].mode),
    )


def seconds_between_requests(account: Account) -> float:
    """The account's own limit, or the vendor's."""
    if account.requests_per_second is not None:
        return 1 / account.requests_per_second
    return destination_class(account.type).terms.seconds_between_requests


def secret_name(account: Account, environment: Environment) -> str | None:
    """What the account's secret is called in Secrets Manager."""
    return environment.secrets.get(account.secret) if account.secret else None
