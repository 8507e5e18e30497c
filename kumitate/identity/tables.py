"""The identity graph as ordinary tables. A record is `source/record_id`, e.g. `members/17`."""

from __future__ import annotations

from kumitate.cleanse.tables import clean_column
from kumitate.config.project import Config
from kumitate.model.table import Column, Table, Type

IDENTIFIERS = Table(
    "curated",
    "identifiers",
    (
        Column("record", Type.STRING),
        Column("kind", Type.STRING, meaning="identifier kind, or rule:<name> for a compound rule"),
        Column("value", Type.STRING, personal=True),
        Column("first_seen", Type.TIMESTAMP, meaning="by the source's own times; else the run that took it in first"),
        Column("last_seen", Type.TIMESTAMP, meaning="by the source's own times; else the run that took it in first"),
    ),
    "what each record says about who it is",
)

STATED = Table(
    "staging",
    "identifiers",
    (
        *IDENTIFIERS.columns,
        Column("is_blocked", Type.BOOLEAN, meaning="a declared pattern says that the value identifies nobody"),
    ),
    "this run's identifiers, and as `attribute:<name>` what guards look at besides",
    rebuilt=True,
)

RESOLVED = Table(
    "staging",
    "resolved",
    (
        Column("part", Type.STRING, meaning="record, edge, held, holder, review, link or rules"),
        Column("record", Type.STRING),
        Column("other_record", Type.STRING),
        Column("person", Type.STRING, meaning="record: the smallest record of its person"),
        Column("tied", Type.STRING, meaning="record: the smallest record of all that hangs together with it"),
        Column("kind", Type.STRING),
        Column("value", Type.STRING, personal=True),
        Column("reason", Type.STRING),
        Column("records", Type.BIGINT),
        Column("probability", Type.DOUBLE),
        Column("signature", Type.BIGINT, meaning="record: a hash of all that it says, so that a change is seen"),
    ),
    "who is one person and why, all in one; what the next run starts from",
    rebuilt=True,
)

PAIR_WEIGHTS = Table(
    "staging",
    "pair_weights",
    (
        Column("part", Type.STRING, meaning="model, record, crowd or pair"),
        Column("record", Type.STRING),
        Column("other_record", Type.STRING),
        Column("kind", Type.STRING, meaning="model: a hash of what the project declares; crowd: the columns"),
        Column(
            "number",
            Type.BIGINT,
            meaning="record: a hash of all that the model looks at; crowd: of a value that too many share; model: how "
            "many records it was made of, 0 where its file says everything",
        ),
        Column("probability", Type.DOUBLE, meaning="pair: how probable it is that they are one person"),
        Column("text", Type.STRING, meaning="model: the one in force, as its file would have it"),
    ),
    "what a model says of pairs of records; the next run weighs only pairs of records that say something else",
    rebuilt=True,
)

HELD_REASONS = (
    "blocked, too_many_records, shared_by:<what>, found:<what> (the data shows it), contradicted:<what> (two who "
    "hold it differ in it and in name); inside a person limit:<kind>, limit:largest, limit:steward or limit:model"
)

SHARED = Table(
    "curated",
    "shared_identifiers",
    (
        Column("kind", Type.STRING),
        Column("value", Type.STRING, personal=True),
        Column("reason", Type.STRING, meaning=HELD_REASONS),
        Column("records", Type.BIGINT),
    ),
    "values that do not merge all who have them, and why",
)

EDGES = Table(
    "curated",
    "edges",
    (
        Column("left_record", Type.STRING),
        Column("right_record", Type.STRING),
        Column("rule", Type.STRING, meaning="the identifier kind or rule that ties them, model or steward"),
        Column("probability", Type.DOUBLE, meaning="model: how probable it is that they are one person; else 1"),
    ),
    "why records are one person: each links to the smallest record with the same value",
)

REVIEW = Table(
    "curated",
    "review_queue",
    (
        Column("left_record", Type.STRING),
        Column("right_record", Type.STRING),
        Column("probability", Type.DOUBLE, meaning="by the model; empty where a value ties them that had to yield"),
    ),
    "pairs of records of two persons who may be one, and whom no steward has decided about",
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
        Column("event", Type.STRING, meaning="created, merged, split, moved or retired"),
        Column("person_id", Type.STRING),
        Column(
            "other_person_id",
            Type.STRING,
            meaning="merged: the id that went into person_id; split and moved: the id that records came from",
        ),
        Column("records", Type.BIGINT),
    ),
    "the merge ledger",
)

PERSON_ALIASES = Table(
    "curated",
    "person_aliases",
    (
        Column("alias", Type.STRING, meaning="an id that went into another person"),
        Column("person_id", Type.STRING, meaning="the person who has most of the records it had, under today's id"),
    ),
    "ids that merged, each with the id that holds now; never a chain",
)

PERSON_HISTORY = Table(
    "curated",
    "person_history",
    (
        Column("record", Type.STRING),
        Column("person_id", Type.STRING),
        Column("from_run_id", Type.STRING),
        Column("from_at", Type.TIMESTAMP),
        Column("to_run_id", Type.STRING, meaning="empty while it lasts"),
        Column("to_at", Type.TIMESTAMP, meaning="from then on it holds no more; empty while it lasts"),
    ),
    "which person each record belonged to, and when (SCD2)",
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
        column = clean_column(config.sources[name], attribute)
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
