"""Graphs beside that of persons: members of a household or a company, tied by the rules of its own, with ids that last.

The same resolving as for persons, and the same carrying over of ids: what is grouped is a table of nodes, one column
of text per fact that an identifier or a rule of the entity looks at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kumitate.config.identity import Entity
from kumitate.identity.components import ABSENT, positions
from kumitate.identity.graph.model import Integers, no_links, no_pairs
from kumitate.identity.graph.resolve import resolve
from kumitate.identity.persons import heirs, mint
from kumitate.identity.table_keys import CleansedTable, graph_rules, keys_of
from kumitate.identity.table_plan import TablePlan
from kumitate.identity.tables import PERSON_ALIASES


def facts_of(entity: Entity) -> tuple[str, ...]:
    """Every fact that the entity's identifiers, rules and guards look at, once."""
    return tuple(dict.fromkeys(_facts(entity)))


def _facts(entity: Entity) -> Iterator[str]:
    yield from entity.identifiers
    for rule in entity.rules.values():
        yield from rule.match
    for kind in entity.identifiers.values():
        yield from kind.max_distinct
    for rule in entity.rules.values():
        yield from rule.max_distinct
    for crowded, by in entity.crowded.items():
        yield from (crowded, *by)


def grouped(nodes: pa.Table, entity: Entity) -> Integers:
    """The component of each node, named by its smallest; `nodes` stand in the order of their names."""
    facts = {name: _column(nodes, name) for name in facts_of(entity)}
    for crowded, by in entity.crowded.items():
        for witness, most in by.items():
            facts[crowded] = _without_crowded(facts[crowded], facts[witness], most)
    plan = TablePlan(
        entity=entity,
        columns=(),
        stated=tuple((kind, kind) for kind in entity.identifiers),
        record_id=None,
        updated_at=None,
        source=None,
        are_defaults=False,
    )
    count = nodes.num_rows
    keys = keys_of(CleansedTable(facts, {}), plan, record=np.arange(count), at=np.zeros(count, np.int64))
    rules = graph_rules(plan)
    return resolve(count, keys, rules, pairs=no_pairs(), links=no_links(), score=None).component


def _column(table: pa.Table, name: str) -> pa.Array:
    return pa.chunked_array(table[name].cast(pa.string()), pa.string()).combine_chunks()


def _without_crowded(values: pa.Array, witnesses: pa.Array, most: int) -> pa.Array:
    """`values` without those that more than `most` different witnesses share."""
    said = (
        pa.table({"value": values, "witness": witnesses}).group_by("value").aggregate([("witness", "count_distinct")])
    )
    crowded = said.filter(pc.greater(said["witness_count_distinct"], most))["value"].combine_chunks()
    return pc.if_else(pc.is_in(values, value_set=crowded), pa.scalar(None, values.type), values)


@dataclass(frozen=True, slots=True)
class Lasting:
    """The group of each member that belongs to one, and since which run."""

    member: Integers
    """Positions among the nodes."""
    group_id: pa.Array
    since_run_id: pa.Array


@dataclass(frozen=True, slots=True)
class Past:
    """The groups of the run before: member, group_id, since_run_id; and group_id, minted_run_id."""

    members: pa.Table
    groups: pa.Table


def members_before(members: str) -> str:
    """SQL: member, group_id, since_run_id of `members`, one row each; a person who merged under the id of today.

    Who was in a group under their own id is not looked for under those that merged into it.
    """
    return f"""
        with members as ({members}),
        today as (
            select coalesce(a.person_id, m.member) as member, m.group_id, m.since_run_id,
                case when a.alias is null then 0 else 1 end as is_other
            from members as m
            left join {PERSON_ALIASES} as a on a.alias = m.member
        ),
        placed as (
            select member, group_id, since_run_id,
                row_number() over (partition by member order by is_other, since_run_id, group_id) as place
            from today
        )
        select member, group_id, since_run_id
        from placed
        where place = 1
        """


def lasting(
    names: pa.Array, component: Integers, *, counts: NDArray[np.bool_], past: Past, run_id: str, prefix: str
) -> Lasting:
    """Ids of the components of the nodes that count, carried over by overlap; the oldest id of several stays.

    New ids begin with `prefix`, a letter, and are made of the run and the component's smallest member.
    """
    member = np.flatnonzero(counts)
    names = names.take(pa.array(member))
    _, first, place = np.unique(component[member], return_index=True, return_inverse=True)
    known = _sorted(_large(past.members, "group_id"))  # of two as old the smaller id stays, whatever rows come first
    row = positions(names, _large(past.members, "member"))
    before = _at(positions(_large(past.members, "group_id"), known), row)
    heir = heirs(place, before, _ages(past.groups, known))
    new = np.flatnonzero(heir == ABSENT)
    minted = [prefix + mint(run_id, name)[1:] for name in names.take(pa.array(first[new])).to_pylist()]
    heir[new] = len(known) + np.arange(len(new))
    ids = pa.concat_arrays([known, pa.array(minted, known.type)])
    group = heir[place]
    since = pa.concat_arrays([_large(past.members, "since_run_id"), pa.array([run_id], pa.large_string())])
    stayed = np.where(group == before, row, len(past.members))
    return Lasting(member, ids.take(pa.array(group)), since.take(pa.array(stayed)))


def _ages(groups: pa.Table, known: pa.Array) -> Integers:
    """Per known group the place of its run among all; the runs' names sort by time."""
    runs = _large(groups, "minted_run_id")
    return _at(positions(runs, _sorted(runs)), positions(known, _large(groups, "group_id")))


def _sorted(texts: pa.Array) -> pa.Array:
    """Each text once."""
    found = pc.unique(texts)
    return found.take(pc.sort_indices(found))


def _at(values: Integers, row: Integers) -> Integers:
    """`values` at `row`, ABSENT where there is no such row."""
    return np.append(values, ABSENT)[row]


def _large(table: pa.Table, column: str) -> pa.Array:
    return pa.chunked_array(table[column].cast(pa.large_string()), pa.large_string()).combine_chunks()
