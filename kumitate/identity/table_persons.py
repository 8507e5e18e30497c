"""Persons of a bare table on arrays: ids carried over from the last time, and what happened to persons since."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kumitate.identity.components import ABSENT, Integers, positions
from kumitate.identity.persons import heirs, mint_each

EVENTS = pa.schema(
    [
        pa.field("event", pa.string()),
        pa.field("person_id", pa.string()),
        pa.field("other_person_id", pa.string()),
        pa.field("records", pa.int64()),
    ]
)
"""As `curated.person_events` tells them, of one run."""


@dataclass(frozen=True, slots=True)
class Persons:
    """Ids and since which run each has been there (its age), with the person of each record, by number."""

    ids: pa.Array
    since: pa.Array
    person: Integers


def no_persons(count: int) -> Persons:
    nothing = pa.array([], pa.large_string())
    return Persons(nothing, nothing, np.full(count, ABSENT, np.int64))


def known_persons(previous: pa.Table, names: pa.Array) -> tuple[Persons, Integers]:
    """The persons of `previous` (record, person_id, person_since) at today's records, and those without any record.

    The second are numbers of persons whose records are all gone.
    """
    ids = previous["person_id"].cast(pa.large_string()).combine_chunks()
    encoded = ids.dictionary_encode()
    codes = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), np.int64)
    since = _since(previous, codes, len(encoded.dictionary))
    row = positions(names, previous["record"].cast(names.type).combine_chunks())
    person = np.append(codes, ABSENT)[row]
    gone = np.setdiff1d(np.arange(len(encoded.dictionary)), person)
    return Persons(encoded.dictionary, since, person), gone


def _since(previous: pa.Table, codes: Integers, count: int) -> pa.Array:
    if "person_since" not in previous.column_names:
        return pa.array([""] * count, pa.large_string())
    _, first = np.unique(codes, return_index=True)
    return previous["person_since"].cast(pa.large_string()).combine_chunks().take(pa.array(first))


def carried_over(component: Integers, past: Persons, names: pa.Array, *, run_id: str) -> Persons:
    """Each component with the id of the oldest person most of whose records it has, or a new one."""
    return carried_within(np.arange(len(component)), component, past, names=names, run_id=run_id)


def carried_within(records: Integers, component: Integers, past: Persons, *, names: pa.Array, run_id: str) -> Persons:
    """The same where only these records, in order, may have another person; they are all that their persons have."""
    _, smallest, number = np.unique(component[records], return_index=True, return_inverse=True)
    before = past.person[records]
    known = _distinct(before[before != ABSENT], len(past.ids))
    local = np.full(len(past.ids) + 1, ABSENT, np.int64)
    local[known] = np.arange(len(known))
    heir = heirs(number, local[before], _age(past, known))
    new = np.flatnonzero(heir == ABSENT)
    minted = mint_each(run_id, names.take(pa.array(records[smallest[new]])), taken=past.ids)
    owner = np.append(known, ABSENT)[heir]
    owner[new] = len(past.ids) + np.arange(len(new))
    person = past.person.copy()
    person[records] = owner[number]
    ids = pa.concat_arrays([past.ids, minted])
    since = pa.concat_arrays([past.since, pa.array([run_id] * len(new), pa.large_string())])
    return Persons(ids, since, person)


def _age(past: Persons, known: Integers) -> Integers:
    """Where each of these persons stands, the oldest first; of those of one run the smallest id."""
    chosen = pa.array(known)
    persons = pa.table({"since": past.since.take(chosen), "id": past.ids.take(chosen)})
    order = pc.sort_indices(persons, sort_keys=[("since", "ascending"), ("id", "ascending")])
    age = np.empty(len(known), np.int64)
    age[order.to_numpy()] = np.arange(len(known))
    return age


def _distinct(numbers: Integers, count: int) -> Integers:
    """The distinct numbers below `count`, in order; counting is faster than sorting."""
    return np.flatnonzero(np.bincount(numbers, minlength=count))


def events(past: Persons, now: Persons, gone: Integers) -> pa.Table:
    """One row per event, by the ledger's words; persons who only grew or lost records to nobody have none.

    Whoever is gone was `merged` into the person who has most of their records now. Who was not there before and has
    records of another got them by `split`; who was there before, by `moved`. `created` have only new records; of
    `retired` no record is left.
    """
    changed = np.flatnonzero(past.person != now.person)
    touched = np.zeros(len(now.ids) + 1, np.bool_)
    touched[past.person[changed]] = True
    touched[now.person[changed]] = True
    touched[ABSENT] = False
    rows = np.flatnonzero(touched[past.person] | touched[now.person])
    was, is_ = past.person[rows], now.person[rows]
    both = was != ABSENT
    pairs, records = np.unique(was[both] * len(now.ids) + is_[both], return_counts=True)
    old, new = np.divmod(pairs, max(len(now.ids), 1))
    went, fresh = old != new, new >= len(past.ids)
    smallest = np.zeros(len(now.ids), np.int64)
    smallest[is_[::-1]] = rows[::-1]
    merged = went & _largest_home(old, smallest[new], records)
    split, moved = went & fresh & ~merged, went & ~fresh & ~merged
    sizes = np.bincount(is_, minlength=len(now.ids))
    has_past = np.bincount(new, minlength=len(now.ids)) > 0
    created = np.flatnonzero((sizes > 0) & ~has_past)
    parts = [
        ("created", created, np.full(len(created), ABSENT), sizes[created]),
        ("merged", new[merged], old[merged], records[merged]),
        ("split", new[split], old[split], records[split]),
        ("moved", new[moved], old[moved], records[moved]),
        ("retired", gone, np.full(len(gone), ABSENT), np.zeros(len(gone), np.int64)),
    ]
    return pa.concat_tables([_rows(now.ids, *part) for part in parts])


def _largest_home(old: Integers, smallest: Integers, records: Integers) -> np.ndarray:
    """Per pair, whether most of the old person's records are there (in a tie, whose `smallest` record is)."""
    order = np.lexsort((smallest, -records, old))
    _, first = np.unique(old[order], return_index=True)
    is_first = np.zeros(len(old), np.bool_)
    is_first[order[first]] = True
    return is_first


def _rows(ids: pa.Array, *columns: object) -> pa.Table:
    event, person, other, records = columns
    others = np.asarray(other)
    return pa.Table.from_arrays(
        [
            pa.array([event] * len(others), pa.string()),
            ids.take(pa.array(person)).cast(pa.string()),
            ids.take(pa.array(others, mask=others == ABSENT)).cast(pa.string()),
            pa.array(records, pa.int64()),
        ],
        schema=EVENTS,
    )
