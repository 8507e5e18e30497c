"""What is made of persons: households, company accounts, brand views, sessions before a login, and the lookup."""

from __future__ import annotations

from kumitate.config.project import Config
from kumitate.identity.tables import golden_table
from kumitate.model.table import Column, Table, Type

HOUSEHOLD, COMPANY = "household", "company"
"""The entities that a project may declare beside `person`."""

_SINCE = Column("since_run_id", Type.STRING, meaning="the run since which it has been so")
_MINTED = Column("minted_run_id", Type.STRING, meaning="the run that gave the id")

HOUSEHOLD_MEMBERS = Table(
    "curated",
    "household_members",
    (Column("person_id", Type.STRING), Column("household_id", Type.STRING), _SINCE),
    "who lives together; a person alone is in no household",
)

HOUSEHOLDS = Table(
    "curated",
    "households",
    (Column("household_id", Type.STRING), Column("persons", Type.BIGINT), _MINTED),
    "one row per household; ids last as persons' do",
)

COMPANY_MEMBERS = Table(
    "curated",
    "company_members",
    (
        Column("record", Type.STRING, meaning="the record that names the company; empty where persons are grouped"),
        Column("person_id", Type.STRING),
        Column("company_id", Type.STRING),
        Column("corporate_number", Type.STRING, meaning="法人番号, its check digit right"),
        Column("name", Type.STRING, meaning="as cleansed"),
        Column("domain", Type.STRING, meaning="of the mail address or web site; never a free mail service's"),
        Column("at", Type.TIMESTAMP, meaning="when the record was last changed"),
        Column("is_current", Type.BOOLEAN, meaning="whether this is the person's newest record that names a company"),
        _SINCE,
    ),
    "which records, and with them which persons, belong to which company account",
)

COMPANIES = Table(
    "curated",
    "companies",
    (
        Column("company_id", Type.STRING),
        Column("corporate_number", Type.STRING),
        Column("name", Type.STRING, meaning="what most of its records say"),
        Column("domain", Type.STRING, meaning="what most of its records say"),
        Column("records", Type.BIGINT),
        Column("persons", Type.BIGINT),
        _MINTED,
    ),
    "one row per company account; ids last as persons' do",
)

GROUP_EVENTS = Table(
    "curated",
    "group_events",
    (
        Column("run_id", Type.STRING),
        Column("at", Type.TIMESTAMP),
        Column("entity", Type.STRING, meaning="household or company"),
        Column("event", Type.STRING, meaning="created, merged, split, moved or retired"),
        Column("group_id", Type.STRING, meaning="the household or company"),
        Column(
            "other_group_id",
            Type.STRING,
            meaning="merged: the id that went into group_id; split and moved: the id that members came from",
        ),
        Column("members", Type.BIGINT),
    ),
    "the merge ledger of households and company accounts",
)

GROUP_HISTORY = Table(
    "curated",
    "group_history",
    (
        Column("entity", Type.STRING, meaning="household or company"),
        Column("member", Type.STRING, meaning="a person, or the record that names a company"),
        Column("group_id", Type.STRING),
        Column("from_run_id", Type.STRING),
        Column("from_at", Type.TIMESTAMP),
        Column("to_run_id", Type.STRING, meaning="empty while it lasts"),
        Column("to_at", Type.TIMESTAMP, meaning="from then on it holds no more; empty while it lasts"),
    ),
    "which household or company account each member belonged to, and when (SCD2)",
)

GROUP_ALIASES = Table(
    "curated",
    "group_aliases",
    (
        Column("alias", Type.STRING, meaning="an id that went into another household or company"),
        Column("group_id", Type.STRING, meaning="which has most of the members it had, under today's id"),
    ),
    "ids of households and companies that merged, each with the id that holds now; never a chain",
)

SESSIONS = Table(
    "curated",
    "anonymous_sessions",
    (
        Column("kind", Type.STRING),
        Column("value", Type.STRING, personal=True, meaning="a device's or a cookie's id"),
        Column("from_at", Type.TIMESTAMP, meaning="from then on"),
        Column("to_at", Type.TIMESTAMP, meaning="and before then"),
        Column("person_id", Type.STRING, meaning="who logged in nearest"),
    ),
    "whose the anonymous events of a device or a cookie are, and when",
)

OWNERS = Table(
    "curated",
    "record_owners",
    (
        Column("source", Type.STRING),
        Column("record_id", Type.STRING),
        Column("person_id", Type.STRING),
        Column("from_at", Type.TIMESTAMP, meaning="from then on; empty: since ever"),
        Column("to_at", Type.TIMESTAMP, meaning="and before then; empty: for ever"),
    ),
    "whose the rows of a record are, by time, for sources whose records may be anonymous",
)

LOOKUP = Table(
    "curated",
    "profile_lookup",
    (
        Column("kind", Type.STRING, meaning="identifier kind, or person_id for ids of now and of before"),
        Column("value_hash", Type.STRING, meaning="SHA-256 of the cleansed value, 64 hex digits"),
        Column("person_id", Type.STRING),
    ),
    "the person behind each value that identifies; one row per kind and value",
)


def brand_profiles_table(config: Config) -> Table:
    """`curated.brand_profiles`: a golden record per brand and person, from the brand's own sources."""
    columns = (Column("brand", Type.STRING), *golden_table(config).columns)
    meaning = "one row per brand and person who is known to one of its sources, by what those sources say"
    return Table("curated", "brand_profiles", columns, meaning, rebuilt=True)
