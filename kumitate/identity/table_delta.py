"""What is new in a table that was resolved: added, changed and deleted records, with the result of a full run.

Only the new rows are cleansed; keys of records that stay are taken as they are.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kumitate.config.findings import unknown
from kumitate.errors import FatalError
from kumitate.identity.components import ABSENT, Integers, positions
from kumitate.identity.graph.incremental import Delta, apply
from kumitate.identity.graph.model import Keys, no_pairs
from kumitate.identity.probabilistic.rematching import Change
from kumitate.identity.resolving import Resolved, links_of, timed
from kumitate.identity.stewards import Decision
from kumitate.identity.table_keys import CleansedTable, cleanse_table, keys_of, of_positions
from kumitate.identity.table_model import Scored, attributes, scored_anew
from kumitate.identity.table_persons import Persons, carried_within, events
from kumitate.identity.table_records import DELETED, Records, deleted, records_of


@dataclass(frozen=True, slots=True)
class _Merge:
    """Where the records of before and of the delta stand now; ABSENT for those that went or were superseded."""

    of_base: Integers
    of_delta: Integers
    known: Integers
    """Where the delta's records stood before."""
    records: Records

    @property
    def moved(self) -> Integers:
        """Where every record of before stands now, the updated ones included."""
        moved = self.of_base.copy()
        known = self.known != ABSENT
        moved[self.known[known]] = np.where(
            self.of_delta[known] == ABSENT, moved[self.known[known]], self.of_delta[known]
        )
        return moved

    @property
    def changed(self) -> Integers:
        """Where the records stand that were added or updated."""
        return np.sort(self.of_delta[self.of_delta != ABSENT])


def merged_with(
    resolved: Resolved, table: pa.Table, delta: pa.Table, *, run_id: str, decisions: Sequence[Decision] = ()
) -> tuple[pa.Table, Resolved]:
    """The table with the delta's rows after it, and who is who now; `resolved` is of `table`.

    A row whose record is known replaces it, one whose `_deleted` is true takes it out. FatalError where the delta
    has not the column that names records.
    """
    plan = resolved.plan
    seconds: dict[str, float] = {}
    with timed(seconds, "records"):
        rows = _aligned(delta, table, resolved)
        delivered = records_of(rows, plan, before=resolved.records)
        merge = _merged(resolved.records, delivered, deleted(delta), offset=table.num_rows)
    with timed(seconds, "cleanse"):
        fresh = cleanse_table(rows, plan, threads=os.cpu_count() or 1)
        cleansed = _both(resolved.cleansed, fresh)
    with timed(seconds, "keys"):
        keys = _keys(resolved, fresh, merge, rows=rows.num_rows, offset=table.num_rows)
    with timed(seconds, "model"):
        found, weighed = _found(resolved, cleansed, merge)
    with timed(seconds, "graph"):
        links = links_of(decisions, merge.records.names)
        pairs = found.pairs if found else no_pairs()
        change = Delta(len(merge.records), merge.moved, merge.changed, keys, pairs, links, weighed)
        state, affected = apply(resolved.state, change, found.score if found else None)
    with timed(seconds, "persons"):
        past, gone = _past(resolved.persons, merge)
        persons = carried_within(affected, state.resolution.component, past, names=merge.records.names, run_id=run_id)
        happened = events(past, persons, gone)
    now = replace(resolved, records=merge.records, cleansed=cleansed, state=state, persons=persons)
    rows_now = pa.concat_tables([table, rows], promote_options="default")
    return rows_now, replace(now, events=happened, scored=found, seconds=seconds)


def _found(resolved: Resolved, cleansed: CleansedTable, merge: _Merge) -> tuple[Scored | None, Integers]:
    """The pairs of the records that the change makes weighed anew, by the model of before, and these records."""
    if resolved.scored is None:
        return None, np.empty(0, np.int64)
    rows = attributes(cleansed, np.arange(len(next(iter(cleansed.columns.values())))))
    change = Change(resolved.records.row, merge.records.row, merge.changed)
    return scored_anew(rows, change, resolved.scored.model, plan=resolved.plan, review=resolved.rules.review)


def _aligned(delta: pa.Table, table: pa.Table, resolved: Resolved) -> pa.Table:
    """The delta's rows in the table's columns; a column it has not is empty."""
    key = resolved.plan.record_id
    if key is None:
        raise FatalError("a delta needs records with names of their own; say which column names them with record_id")
    if key not in delta.column_names:
        raise FatalError(f"the delta has no record ids: {unknown('column', key, delta.column_names, place='it')}")
    strange = [name for name in delta.column_names if name not in table.column_names and name != DELETED]
    if strange:
        raise FatalError(f"the delta: {unknown('column', strange[0], table.column_names, place='the table')}")
    nothing = pa.nulls(delta.num_rows, pa.string())
    columns = [delta[name] if name in delta.column_names else nothing for name in table.column_names]
    return pa.table([column.cast(pa.string()) for column in columns], names=table.column_names)


def _merged(base: Records, fresh: Records, gone: NDArray[np.bool_], *, offset: int) -> _Merge:
    known = positions(fresh.names.cast(base.names.type), base.names)
    older = (known != ABSENT) & (fresh.at < np.append(base.at, 0)[known])
    removed = gone[fresh.row]
    stays = np.ones(len(base), np.bool_)
    stays[known[(known != ABSENT) & ~older]] = False
    comes = ~older & ~removed
    names = base.names.to_numpy(zero_copy_only=False)
    place = np.searchsorted(names, fresh.names.to_numpy(zero_copy_only=False)[comes])
    before: Integers = np.cumsum(stays) - stays  # records of the base that stay, before each
    at_base = before + np.searchsorted(place, np.arange(len(base)), side="right")
    at_delta = np.append(before, stays.sum())[place] + np.arange(len(place))
    of_base = np.where(stays, at_base, ABSENT)
    of_delta = np.full(len(fresh), ABSENT, np.int64)
    of_delta[comes] = at_delta
    records = _records(base, fresh, of_base, of_delta=of_delta, offset=offset)
    outdated = int(older.sum() + (comes & (known != ABSENT)).sum())
    counted = replace(
        records,
        superseded=base.superseded + fresh.superseded + outdated,
        deleted=base.deleted + int((removed & ~older & (known != ABSENT)).sum()),
    )
    return _Merge(of_base, of_delta, known, counted)


def _records(base: Records, fresh: Records, of_base: Integers, *, of_delta: Integers, offset: int) -> Records:
    place = np.append(of_base, of_delta)
    kept = np.flatnonzero(place != ABSENT)
    order = np.empty(len(kept), np.int64)
    order[place[kept]] = kept
    names = pa.concat_arrays([base.names, fresh.names.cast(base.names.type)]).take(pa.array(order))
    row, at = np.append(base.row, fresh.row + offset), np.append(base.at, fresh.at)
    return Records(names, row[order], at[order])


def _both(base: CleansedTable, fresh: CleansedTable) -> CleansedTable:
    columns = {
        name: pa.chunked_array([*getattr(column, "chunks", [column]), fresh.columns[name]], type=column.type)
        for name, column in base.columns.items()
    }
    return CleansedTable(columns, fresh.unusable)


def _keys(resolved: Resolved, fresh: CleansedTable, merge: _Merge, *, rows: int, offset: int) -> Keys:
    """The keys of the delta's records, by their places now; of rows that were superseded none."""
    position = np.full(rows, ABSENT, np.int64)
    at = np.zeros(rows, np.int64)
    there = merge.records.row >= offset
    position[merge.records.row[there] - offset] = np.flatnonzero(there)
    at[merge.records.row[there] - offset] = merge.records.at[there]
    return of_positions(keys_of(fresh, resolved.plan, record=position, at=at))


def _past(persons: Persons, merge: _Merge) -> tuple[Persons, Integers]:
    """The persons before, at the places of now; and those of whom no record is left."""
    person = np.full(len(merge.records), ABSENT, np.int64)
    for place, before in ((merge.of_base, np.arange(len(merge.of_base))), (merge.of_delta, merge.known)):
        stays = (place != ABSENT) & (before != ABSENT)
        person[place[stays]] = persons.person[before[stays]]
    left = np.bincount(person[person != ABSENT], minlength=len(persons.ids))
    gone = np.flatnonzero((np.bincount(persons.person, minlength=len(persons.ids)) > 0) & (left == 0))
    return Persons(persons.ids, persons.since, person), gone
