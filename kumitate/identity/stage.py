"""The identity stage: records that share what identifies a person become one person, with one golden record."""

from __future__ import annotations

from functools import partial

from kumitate.cleanse.tables import clean_table
from kumitate.config.project import Config
from kumitate.identity.aliases import alias_step
from kumitate.identity.entity_stage import entity_steps, entity_tables
from kumitate.identity.golden import golden_query, provenance_query
from kumitate.identity.graph_rules import project_rules
from kumitate.identity.identifiers import (
    identified_sources,
    identifiers_query,
    kinds_as_stated,
    records_query,
    stated_query,
)
from kumitate.identity.ledger import ASSIGNMENT, minted_query, person_events_query, person_history_query
from kumitate.identity.pair_rows import PAIRS, PAIRS_BEFORE, pairs_query
from kumitate.identity.pair_weights import weigh_pairs
from kumitate.identity.persons import assign_persons
from kumitate.identity.probabilistic.model import Model
from kumitate.identity.resolution import resolve_records
from kumitate.identity.resolution_rows import before_query, publishing_steps
from kumitate.identity.statements import statement
from kumitate.identity.stewards import STEWARD_LINKS, links_query
from kumitate.identity.tables import (
    EDGES,
    IDENTIFIERS,
    PAIR_WEIGHTS,
    PERSON_ALIASES,
    PERSON_EVENTS,
    PERSON_HISTORY,
    PERSON_RECORDS,
    PROVENANCE,
    RESOLVED,
    REVIEW,
    SHARED,
    STATED,
    golden_table,
)
from kumitate.identity.weighing import compared_query, project_model, project_weigh
from kumitate.model.step import GraphStep, Mode, Query, QueryStep, Run, Stage, Step
from kumitate.model.table import Table


def reads(config: Config) -> tuple[Table, ...]:
    """Clean records and events of persons; previous persons and stewards' decisions are among what it writes."""
    return tuple(clean_table(name, source) for name, source in identified_sources(config).items())


def writes(config: Config) -> tuple[Table, ...]:
    return (
        STEWARD_LINKS,
        STATED,
        IDENTIFIERS,
        *((PAIR_WEIGHTS,) if config.person.model else ()),
        RESOLVED,
        SHARED,
        EDGES,
        REVIEW,
        ASSIGNMENT,
        PERSON_EVENTS,
        PERSON_HISTORY,
        PERSON_ALIASES,
        PERSON_RECORDS,
        PROVENANCE,
        golden_table(config),
        *entity_tables(config),
    )


def plan(config: Config, run: Run) -> tuple[Step, ...]:
    """What is stated, who is one person by it, ids; then what a person is, by the golden record.

    `staging.pair_weights` and `staging.resolved` are read before they are replaced: a run weighs and decides anew only
    what changed since. New persons are
    staged so that ledger and history can compare them with the old, which are replaced last.
    """
    return (
        QueryStep(STATED, stated_query(config, run)),
        QueryStep(IDENTIFIERS, identifiers_query()),
        *weighing_steps(config, project_model(config)),
        resolving_step(config, project_model(config)),
        *publishing_steps(),
        GraphStep(ASSIGNMENT, (_persons(config), _PREVIOUS, minted_query()), partial(assign_persons, run_id=run.id)),
        QueryStep(PERSON_EVENTS, person_events_query(run), Mode.APPEND),
        QueryStep(PERSON_HISTORY, person_history_query(run)),
        alias_step(),
        QueryStep(PERSON_RECORDS, _PUBLISHED),
        QueryStep(PROVENANCE, provenance_query(config)),
        QueryStep(golden_table(config), golden_query(config)),
        *entity_steps(config, run),
    )


def weighing_steps(config: Config, model: Model | None = None) -> tuple[GraphStep, ...]:
    """What the project's model says of pairs; those that weigh what they weighed before are not weighed again."""
    declared = config.person.model
    if declared is None:
        return ()
    weigh = partial(weigh_pairs, model=model, least=min(declared.review, declared.merge))
    return (GraphStep(PAIR_WEIGHTS, (compared_query(config, model), pairs_query(PAIRS_BEFORE)), weigh),)


def resolving_step(config: Config, model: Model | None = None) -> GraphStep:
    """Who is one person, on arrays on the driver."""
    compared = (compared_query(config, model), pairs_query(PAIRS)) if config.person.model else ()
    return GraphStep(
        RESOLVED,
        (records_query(config), _STATED, links_query(config), before_query(), *compared),
        partial(
            resolve_records,
            rules=project_rules(config),
            kinds=kinds_as_stated(config),
            weigh=project_weigh(config),
        ),
    )


def _persons(config: Config) -> Query:
    """Every record with the smallest of its person's."""
    return statement(
        "records",
        f"""
        with records as ({records_query(config).sql})
        select r.record, r.source, r.record_id, p.person
        from records as r
        join {RESOLVED} as p on p.record = r.record and p.part = 'record'
        """,
    )


_STATED: Query = statement("stated", f"select record, kind, value, first_seen, is_blocked from {STATED}")
_PREVIOUS: Query = statement("previous", f"select record, person_id, since_run_id from {PERSON_RECORDS}")
_PUBLISHED: Query = statement(
    "person_records", f"select record, source, record_id, person_id, since_run_id from {ASSIGNMENT}"
)

IDENTITY = Stage("identity", reads, writes, plan)
