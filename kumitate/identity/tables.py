"""The identity graph as ordinary tables. A record is `source/record_id`, e.g. `members/17`."""

from __future__ import annotations

from kumitate.cleanse.tables import clean_table
from kumitate.config.project import Config
from kumitate.model.table import Column, Table, Type

IDENTIFIERS = Table(
    "curated",
    "identifiers",
    (
        Column("record", Type.STRING),
        Column("kind", Type.STRING, meaning="identifier kind, or rule:<name> for a compound rule"),
        Column("value", Type.STRING, personal=True),
    ),
    "what each record says about who it is",
)

SHARED = Table(
    "curated",
    "shared_identifiers",
    (
        Column("kind", Type.STRING),
        Column("value", Type.STRING, personal=True),
        Column("reason", Type.STRING, meaning="blocked, too_many_records, or shared_by:<what>"),
        Column("records", Type.BIGINT),
    ),
    "values that merge nobody, and why",
)

EDGES = Table(
    "curated",
    "edges",
    (
        Column("left_record", Type.STRING),
        Column("right_record", Type.STRING),
        Column("rule", Type.STRING, meaning="the identifier kind or rule that ties them"),
    ),
    "why records are one person: each links to the smallest record with the same value",
)

PERSON_RECORDS = Table(
    "curated",
    "person_records",
    (
        Column("record", Type.STRING),
        Column("source", Type.STRING),
        Column("record_id", Type.STRING),
        Column("person_id", Type.STRING),
        Column("since_run_id", Type.STRING, meaning="the run that gave the record this person"),
    ),
    "which person each record belongs to; person ids are minted once and carried over by overlap",
)

PERSON_EVENTS = Table(
    "curated",
    "person_events",
    (
        Column("run_id", Type.STRING),
        Column("at", Type.TIMESTAMP),
        Column("event", Type.STRING, meaning="created, merged, split or retired"),
        Column("person_id", Type.STRING),
        Column(
            "other_person_id",
            Type.STRING,
            meaning="merged: the id that went into person_id; split: the id it came from",
        ),
        Column("records", Type.BIGINT),
    ),
    "the merge ledger",
)

PROVENANCE = Table(
    "curated",
    "profile_provenance",
    (
        Column("person_id", Type.STRING),
        Column("attribute", Type.STRING),
        Column("record", Type.STRING),
        Column("policy", Type.STRING),
        Column("at", Type.TIMESTAMP, meaning="when that record was last changed, or the event happened"),
    ),
    "which record each golden value came from",
)


def attribute_column(config: Config, attribute: str) -> Column:
    """A golden-record column: its type is that of the first source (by name) that has it."""
    for name in sorted(config.sources):
        column = clean_table(name, config.sources[name]).column(attribute)
        if column is not None:
            return column
    return Column(attribute, Type.STRING)


def golden_table(config: Config) -> Table:
    """`curated.golden_records`: one row per person, one column per declared attribute."""
    attributes = tuple(attribute_column(config, name) for name in config.person.attributes)
    head = (
        Column("person_id", Type.STRING),
        Column("records", Type.BIGINT),
        Column("sources", Type.STRINGS, meaning="sources that know the person, by name"),
    )
    return Table("curated", "golden_records", (*head, *attributes), "one row per person", rebuilt=True)
