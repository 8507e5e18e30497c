"""What the identity stage does once it knows the persons: sessions, the lookup, brand views, households, companies."""

from __future__ import annotations

from collections.abc import Iterator

from kumitate.config.project import Config
from kumitate.identity.anonymous import anonymous_kinds
from kumitate.identity.brands import brand_steps
from kumitate.identity.companies import company_steps
from kumitate.identity.entity_tables import (
    COMPANIES,
    COMPANY,
    COMPANY_MEMBERS,
    GROUP_ALIASES,
    GROUP_EVENTS,
    GROUP_HISTORY,
    HOUSEHOLD,
    HOUSEHOLD_MEMBERS,
    HOUSEHOLDS,
    LOOKUP,
    OWNERS,
    SESSIONS,
    brand_profiles_table,
)
from kumitate.identity.group_ledger import group_steps
from kumitate.identity.households import household_steps
from kumitate.identity.lookup import lookup_steps
from kumitate.identity.owners import owner_steps
from kumitate.identity.sessions import session_steps
from kumitate.model.step import Run, Step
from kumitate.model.table import Table


def entity_steps(config: Config, run: Run) -> tuple[Step, ...]:
    """Steps behind those of the persons and their golden records, in order."""
    return (
        *session_steps(config),
        *owner_steps(config),
        *lookup_steps(config),
        *brand_steps(config),
        *household_steps(config, run),
        *company_steps(config, run),
        *group_steps(config, run),
    )


def entity_tables(config: Config) -> tuple[Table, ...]:
    """The tables they write: the lookup always, the others where the project declares what they hold."""
    return tuple(_tables(config))


def _tables(config: Config) -> Iterator[Table]:
    if anonymous_kinds(config):
        yield from (SESSIONS, OWNERS)
    yield LOOKUP
    if config.person.brands:
        yield brand_profiles_table(config)
    if HOUSEHOLD in config.identity:
        yield from (HOUSEHOLD_MEMBERS, HOUSEHOLDS)
    if COMPANY in config.identity:
        yield from (COMPANY_MEMBERS, COMPANIES)
    if {HOUSEHOLD, COMPANY} & config.identity.keys():
        yield from (GROUP_EVENTS, GROUP_HISTORY, GROUP_ALIASES)
