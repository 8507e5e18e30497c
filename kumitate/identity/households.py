"""Households: persons of one family at one place, by the rules of `identity/household.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import pyarrow as pa

from kumitate.config.identity import Entity
from kumitate.config.project import Config
from kumitate.identity.entities import Past, facts_of, grouped, lasting, members_before
from kumitate.identity.entity_tables import HOUSEHOLD, HOUSEHOLD_MEMBERS, HOUSEHOLDS
from kumitate.identity.statements import bound, quoted, statement
from kumitate.identity.tables import golden_table
from kumitate.model.step import GraphStep, Query, QueryStep, Run, Step

LARGEST = 10
"""So many persons a household has at most where the project says nothing, and so many may share what ties one."""


def household_steps(config: Config, run: Run) -> tuple[Step, ...]:
    """Members by the golden records, then a row per household; nothing where the project declares none."""
    entity = config.identity.get(HOUSEHOLD)
    if entity is None:
        return ()
    members = partial(household_members, entity=with_limits(entity, LARGEST), run_id=run.id)
    return (
        GraphStep(HOUSEHOLD_MEMBERS, (_nodes(config, entity), _PREVIOUS, _GROUPS), members),
        QueryStep(HOUSEHOLDS, _households(run)),
    )


def household_members(inputs: Mapping[str, pa.Table], *, entity: Entity, run_id: str) -> pa.Table:
    """`household_nodes` (person_id and facts) as members of households; who is alone is left out."""
    nodes = inputs["household_nodes"].sort_by("person_id").combine_chunks()
    component = grouped(nodes, entity)
    together = np.bincount(component, minlength=len(component))[component] > 1
    names = nodes["person_id"].cast(pa.large_string()).combine_chunks()
    past = Past(inputs["household_members_before"], inputs["households_before"])
    found = lasting(names, component, counts=together, past=past, run_id=run_id, prefix="h")
    columns = [names.take(pa.array(found.member)), found.group_id, found.since_run_id]
    return pa.table(columns, names=HOUSEHOLD_MEMBERS.schema.names).cast(HOUSEHOLD_MEMBERS.schema)


def with_limits(entity: Entity, most: int) -> Entity:
    """The entity with `most` in place of limits that are meant for the records of a person, unless it has its own."""
    kinds = {
        kind: spec if spec.max_records is not None else spec.model_copy(update={"max_records": most})
        for kind, spec in entity.identifiers.items()
    }
    rules = {
        name: rule if "max_records" in rule.model_fields_set else rule.model_copy(update={"max_records": most})
        for name, rule in entity.rules.items()
    }
    largest = entity.largest if "largest" in entity.model_fields_set else most
    return entity.model_copy(update={"identifiers": kinds, "rules": rules, "largest": largest})


def _nodes(config: Config, entity: Entity) -> Query:
    facts = ", ".join(
        f"cast({quoted(entity.columns.get(name, name))} as varchar) as {quoted(name)}" for name in facts_of(entity)
    )
    return statement("household_nodes", f"select person_id, {facts} from {golden_table(config)}")


def _households(run: Run) -> Query:
    return statement(
        "households",
        f"""
        select m.household_id, count(*) as persons, coalesce(min(h.minted_run_id), {bound(run.id)}) as minted_run_id
        from {HOUSEHOLD_MEMBERS} as m
        left join {HOUSEHOLDS} as h on h.household_id = m.household_id
        group by m.household_id
        """,
    )


_PREVIOUS: Query = statement(
    "household_members_before",
    members_before(f"""
    select person_id as member, household_id as group_id, since_run_id
    from {HOUSEHOLD_MEMBERS}
    """),
)
_GROUPS: Query = statement("households_before", f"select household_id as group_id, minted_run_id from {HOUSEHOLDS}")
