"""Resolving any table, in a project or not: cleanse, key, tie, and name persons; all of one table or what is new in it.

`resolve_table` is the whole of it as one pure function. What it gives can be resolved further: `resolve_delta` takes
in added, changed and deleted records and touches only what they affect, with the same result as a full run.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from kumitate.identity.components import ABSENT, Integers, positions
from kumitate.identity.graph.incremental import State, start_sorted
from kumitate.identity.graph.model import GraphRules, Keys, Links, Resolution, no_pairs
from kumitate.identity.graph.resolve import Evidence
from kumitate.identity.graph.values import sorted_in_place
from kumitate.identity.stewards import MUST, Decision, holding
from kumitate.identity.table_keys import CleansedTable, cleanse_table, graph_rules, keys_of, of_positions
from kumitate.identity.table_model import ModelChoice, Scored, attributes, scored
from kumitate.identity.table_persons import Persons, carried_over, events, known_persons, no_persons
from kumitate.identity.table_plan import TablePlan
from kumitate.identity.table_records import Records, records_of


@dataclass(frozen=True, slots=True)
class Resolved:
    """Who is who in a table: records by position in the order of their names, persons by number."""

    plan: TablePlan
    records: Records
    cleansed: CleansedTable
    state: State
    """Keys, rules, pairs, links and what came of them, as changes need it."""
    persons: Persons
    events: pa.Table
    scored: Scored | None
    seconds: dict[str, float] = field(default_factory=dict)
    """Per step, in order."""

    @property
    def rules(self) -> GraphRules:
        return self.state.rules

    @property
    def keys(self) -> Keys:
        return self.state.values.keys

    @property
    def resolution(self) -> Resolution:
        return self.state.resolution

    def clusters(self) -> pa.Table:
        """One row per record: record, person_id, person_since (the run that minted the id)."""
        person = pa.array(self.persons.person)
        return pa.table(
            {
                "record": self.records.names,
                "person_id": self.persons.ids.take(person),
                "person_since": self.persons.since.take(person),
            }
        )


def resolve_table(
    table: pa.Table,
    plan: TablePlan,
    *,
    run_id: str,
    previous: pa.Table | None = None,
    decisions: Sequence[Decision] = (),
    model: ModelChoice = None,
) -> Resolved:
    """The persons of a table of delivered texts; `previous` are the clusters of the last time, whose ids last.

    `decisions` name records. FatalError where records cannot be told apart.
    """
    seconds: dict[str, float] = {}
    with timed(seconds, "records"):
        records = records_of(table, plan)
    with timed(seconds, "cleanse"):
        cleansed = cleanse_table(table, plan, threads=os.cpu_count() or 1)
        rows = table.num_rows
        del table  # whoever called may have let go of it, too
        _let_go()
    with timed(seconds, "keys"):
        rules = graph_rules(plan)
        values = sorted_in_place(_of_records(cleansed, plan, records, rows=rows))
        _let_go()
    with timed(seconds, "model"):
        found = scored(attributes(cleansed, records.row), model, plan, review=rules.review) if model else None
    with timed(seconds, "graph"):
        pairs, score = (found.pairs, found.score) if found else (no_pairs(), None)
        links = links_of(decisions, records.names)
        state = start_sorted(len(records), values, rules, evidence=Evidence(pairs, links, score))
    with timed(seconds, "persons"):
        persons, happened = _persons(state, records, previous, run_id=run_id)
    return Resolved(plan, records, cleansed, state, persons, happened, found, seconds)


def _let_go() -> None:
    """Give back what Arrow keeps for later: numpy's arrays need it next."""
    pa.default_memory_pool().release_unused()


def carried_from(resolved: Resolved, previous: pa.Table, *, run_id: str) -> Resolved:
    """The same with the ids of `previous`, and what happened to persons since: nothing of what was in between."""
    seconds = dict(resolved.seconds)
    with timed(seconds, "persons"):
        persons, happened = _persons(resolved.state, resolved.records, previous, run_id=run_id)
    return replace(resolved, persons=persons, events=happened, seconds=seconds)


def _persons(state: State, records: Records, previous: pa.Table | None, *, run_id: str) -> tuple[Persons, pa.Table]:
    past, gone = _past(previous, records)
    persons = carried_over(state.resolution.component, past, records.names, run_id=run_id)
    return persons, events(past, persons, gone)


def _of_records(cleansed: CleansedTable, plan: TablePlan, records: Records, *, rows: int) -> Keys:
    """Keys by record; what superseded versions said is not among them."""
    position = np.full(rows, -1, np.int64)
    position[records.row] = np.arange(len(records))
    at = np.zeros(rows, np.int64)
    at[records.row] = records.at
    return of_positions(keys_of(cleansed, plan, record=position, at=at))


def links_of(decisions: Sequence[Decision], names: pa.Array) -> Links:
    """The decisions that hold as links by position; one on a record that is not there ties nobody."""
    held = holding(decisions)
    ends = _ends(held, names)
    there = (ends[0] != ABSENT) & (ends[1] != ABSENT)
    must = np.array([each.link == MUST for each in held], np.bool_)
    return Links(ends[0][there], ends[1][there], must[there])


def idle(decisions: Sequence[Decision], names: pa.Array) -> tuple[Decision, ...]:
    """The decisions that hold and decide nothing, for one of their records is not there."""
    held = holding(decisions)
    left, right = _ends(held, names)
    missing = ((left == ABSENT) | (right == ABSENT)).tolist()
    return tuple(each for each, is_missing in zip(held, missing, strict=True) if is_missing)


def _ends(held: Sequence[Decision], names: pa.Array) -> tuple[Integers, Integers]:
    left, right = (positions(pa.array([end(each) for each in held], names.type), names) for end in (_left, _right))
    return left, right


def _left(decision: Decision) -> str:
    return decision.left


def _right(decision: Decision) -> str:
    return decision.right


def _past(previous: pa.Table | None, records: Records) -> tuple[Persons, Integers]:
    if previous is None:
        return no_persons(len(records)), np.empty(0, np.int64)
    return known_persons(previous, records.names)


@contextmanager
def timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[step] = seconds.get(step, 0.0) + time.perf_counter() - started
