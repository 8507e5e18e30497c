"""Person ids that last: minted once, carried over to where most of their records are.

An id is never derived from who its records are now, so that new records and lost ones do not change it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kumitate.identity.components import ABSENT, Integers, positions
from kumitate.identity.tables import PERSON_RECORDS

_MINTED = 1 << 16


@dataclass(frozen=True, slots=True)
class _Past:
    """The previous persons: the person of each of today's records (or ABSENT), and since which run, as positions."""

    person_ids: pa.Array
    run_ids: pa.Array
    person: Integers
    since: Integers
    age: Integers
    """Per person where the run that minted the id stands among all that did; lower is older."""


def assign_persons(inputs: Mapping[str, pa.Table], *, run_id: str) -> pa.Table:
    """Records as persons with the ids of `previous`, new ids where there is nobody to carry on.

    `records` says of each the smallest record of its person, who speaks for it: it decides ties and names what is
    minted. `minted` tells the age of ids.
    """
    records = inputs["records"].sort_by("record").combine_chunks()
    names = _strings(records, "record")
    _, component = np.unique(positions(_strings(records, "person"), names), return_inverse=True)
    past = _past(inputs["previous"], inputs["minted"], names)
    heir = heirs(component, past.person, past.age)
    person_ids, person = _name(component, heir, past=past, names=names, run_id=run_id)
    columns = (names, *(_strings(records, name) for name in ("source", "record_id")))
    return pa.table(
        [*columns, person_ids.take(pa.array(person)), _since(person, past, run_id)],
        names=PERSON_RECORDS.schema.names,
    ).cast(PERSON_RECORDS.schema)


def _strings(table: pa.Table, column: str) -> pa.Array:
    """A column as one array; large offsets, for a whole project's records may pass 2 GB."""
    return pa.chunked_array(table[column].cast(pa.large_string()), pa.large_string()).combine_chunks()


def _past(previous: pa.Table, minted: pa.Table, names: pa.Array) -> _Past:
    ids, runs = _strings(previous, "person_id"), _strings(previous, "since_run_id")
    person_ids, run_ids = _distinct(ids), _distinct(runs)
    minted_in = _strings(minted, "run_id")
    age = _pick(positions(minted_in, _distinct(minted_in)), positions(person_ids, _strings(minted, "person_id")))
    row = positions(names, _strings(previous, "record"))
    person, since = (_pick(positions(*pair), row) for pair in ((ids, person_ids), (runs, run_ids)))
    return _Past(person_ids, run_ids, person, since, age)


def _distinct(values: pa.Array) -> pa.Array:
    distinct = pc.unique(values)
    return distinct.take(pc.sort_indices(distinct))


def _pick(values: Integers, row: Integers) -> Integers:
    """`values` at `row`, ABSENT where there is no such row."""
    return np.append(values, ABSENT)[row]


def heirs(component: Integers, person: Integers, age: Integers) -> Integers:
    """The previous person that each component carries on, or ABSENT.

    `person` is the previous person of each record (ABSENT for new records), `age` orders persons, oldest first. A
    person goes where most of their records are (in a tie, to the component with the smallest record); of several
    persons who meet in one component the oldest carries on (in a tie, the smallest id).
    """
    count = int(component.max(initial=ABSENT)) + 1
    returning = person != ABSENT
    pairs, records = np.unique(person[returning] * count + component[returning], return_counts=True)
    before, place = np.divmod(pairs, max(count, 1))
    homes = _first_of_each(before, order=np.lexsort((place, -records, before)))
    before, place = before[homes], place[homes]
    oldest = _first_of_each(place, order=np.lexsort((before, age[before], place)))
    heir = np.full(count, ABSENT, dtype=np.int64)
    heir[place[oldest]] = before[oldest]
    return heir


def _first_of_each(groups: Integers, *, order: Integers) -> Integers:
    """Of each group the row that comes first in `order`, which sorts by group."""
    _, first = np.unique(groups[order], return_index=True)
    return order[first]


def _name(
    component: Integers, heir: Integers, *, past: _Past, names: pa.Array, run_id: str
) -> tuple[pa.Array, Integers]:
    """All ids, and which of them each record has."""
    _, smallest = np.unique(component, return_index=True)
    new = np.flatnonzero(heir == ABSENT)
    minted = mint_each(run_id, names.take(pa.array(smallest[new])), taken=past.person_ids)
    person = heir.copy()
    person[new] = len(past.person_ids) + np.arange(len(new))
    return pa.concat_arrays([past.person_ids, minted]), person[component]


def mint(run_id: str, record: str) -> str:
    """A new person's id, for all times."""
    return "p" + sha256(f"{run_id}\x1f{record}".encode()).hexdigest()[:20]


def mint_each(run_id: str, names: pa.Array, *, taken: pa.Array) -> pa.Array:
    """`mint` for many records, none of them an id that is `taken`: two runs may bear one name, of one second."""
    ids = _minted(run_id, names)
    while pc.any(pc.is_in(taken, value_set=ids)).as_py():
        run_id += "+"
        ids = _minted(run_id, names)
    return ids


def _minted(run_id: str, names: pa.Array) -> pa.Array:
    """Some at a time: the names of all as Python strings would take more room than all else."""
    portions = (names[first : first + _MINTED] for first in range(0, len(names), _MINTED))
    ids = (pa.array([mint(run_id, name) for name in portion.to_pylist()], pa.large_string()) for portion in portions)
    return pa.chunked_array(ids, pa.large_string()).combine_chunks()


def _since(person: Integers, past: _Past, run_id: str) -> pa.Array:
    """The run each record has had its person since: this one, unless it had them before."""
    runs = pa.concat_arrays([past.run_ids, pa.array([run_id], pa.large_string())])
    return runs.take(pa.array(np.where(person == past.person, past.since, len(past.run_ids))))
