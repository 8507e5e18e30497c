"""What SQL of a project's owner may read at which stage: names of lake tables, with the tables themselves."""

from __future__ import annotations

from kumitate.cleanse.tables import clean_table
from kumitate.config.project import Config
from kumitate.identity.anonymous import anonymous_kinds
from kumitate.identity.entity_tables import (
    COMPANIES,
    COMPANY,
    COMPANY_MEMBERS,
    HOUSEHOLD,
    HOUSEHOLD_MEMBERS,
    HOUSEHOLDS,
    OWNERS,
)
from kumitate.identity.tables import PERSON_RECORDS, golden_table
from kumitate.model.table import Table
from kumitate.profiles.tables import CONSENTS, profiles_table, traits_table


def tables_for_traits(config: Config) -> dict[str, Table]:
    """Clean rows, whose they are, golden records, groups of persons, and consents."""
    clean = (clean_table(name, source) for name, source in config.sources.items())
    owners = (OWNERS,) if anonymous_kinds(config) else ()
    households = (HOUSEHOLD_MEMBERS, HOUSEHOLDS) if HOUSEHOLD in config.identity else ()
    companies = (COMPANY_MEMBERS, COMPANIES) if COMPANY in config.identity else ()
    known = (PERSON_RECORDS, *owners, golden_table(config), *households, *companies, CONSENTS)
    return {str(table): table for table in (*clean, *known)}


def tables_for_segments(config: Config) -> dict[str, Table]:
    """The same, and what this run has made of them: traits and profiles."""
    made = (traits_table(config), profiles_table(config))
    return tables_for_traits(config) | {str(table): table for table in made}
