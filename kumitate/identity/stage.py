"""The identity stage: records that share what identifies a person become one person, with one golden record."""

from __future__ import annotations

from functools import partial

from kumitate.cleanse.tables import clean_table
from kumitate.config.project import Config
from kumitate.identity.edges import edges_query
from kumitate.identity.entity_stage import entity_steps, entity_tables
from kumitate.identity.golden import golden_query, provenance_query
from kumitate.identity.guards import shared_query
from kumitate.identity.identifiers import identified_sources, identifiers_query, records_query
from kumitate.identity.ledger import ASSIGNMENT, minted_query, person_events_query
from kumitate.identity.persons import assign_persons
from kumitate.identity.statements import statement
from kumitate.identity.tables import (
    EDGES,
    IDENTIFIERS,
    PERSON_EVENTS,
    PERSON_RECORDS,
    PROVENANCE,
    SHARED,
    golden_table,
)
from kumitate.model.step import GraphStep, Mode, Query, QueryStep, Run, Stage, Step
from kumitate.model.table import Table


def reads(config: Config) -> tuple[Table, ...]:
    """Clean records and events of persons; the stage's own previous persons are among what it writes."""
    return tuple(clean_table(name, source) for name, source in identified_sources(config).items())


def writes(config: Config) -> tuple[Table, ...]:
    return (
        IDENTIFIERS,
        SHARED,
        EDGES,
        ASSIGNMENT,
        PERSON_EVENTS,
        PERSON_RECORDS,
        PROVENANCE,
        golden_table(config),
        *entity_tables(config),
    )


def plan(config: Config, run: Run) -> tuple[Step, ...]:
    """Identifiers, what of them is shared, edges, persons; then what a person is, by the golden record.

    New persons are staged so that the ledger can compare them with the old, which are replaced last.
    """
    return (
        QueryStep(IDENTIFIERS, identifiers_query(config)),
        QueryStep(SHARED, shared_query(config)),
        QueryStep(EDGES, edges_query()),
        GraphStep(
            ASSIGNMENT,
            (records_query(config), _EDGES, _PREVIOUS, minted_query()),
            partial(assign_persons, run_id=run.id),
        ),
        QueryStep(PERSON_EVENTS, person_events_query(run), Mode.APPEND),
        QueryStep(PERSON_RECORDS, _PUBLISHED),
        QueryStep(PROVENANCE, provenance_query(config)),
        QueryStep(golden_table(config), golden_query(config)),
        *entity_steps(config, run),
    )


_EDGES: Query = statement("edges", f"select distinct left_record, right_record from {EDGES}")
_PREVIOUS: Query = statement("previous", f"select record, person_id, since_run_id from {PERSON_RECORDS}")
_PUBLISHED: Query = statement(
    "person_records", f"select record, source, record_id, person_id, since_run_id from {ASSIGNMENT}"
)

IDENTITY = Stage("identity", reads, writes, plan)
