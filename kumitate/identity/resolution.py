"""Resolving a project's records: tables in, arrays in between, one table out that holds all that was decided.

A run starts from what the run before decided (`staging.resolved`): only records whose statements changed, and what
they can affect, are decided anew. Another set of rules, or another model, decides everything anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kumitate.identity.components import positions
from kumitate.identity.graph.hashing import hash64
from kumitate.identity.graph.incremental import decide_again
from kumitate.identity.graph.links import refuse_contradictions
from kumitate.identity.graph.model import GraphRules, Hashes, Integers, Keys, Links, Pairs, PairScorer, no_pairs
from kumitate.identity.graph.resolve import Evidence, resolve_values
from kumitate.identity.graph.values import packed_names, sorted_values
from kumitate.identity.resolution_past import Today, past_of, touched_since
from kumitate.identity.resolution_rows import Texts, rows_of
from kumitate.identity.stewards import MUST, of_table
from kumitate.identity.stewards import refuse_contradictions as refuse_by_name

_MS = pa.timestamp("ms")


@dataclass(frozen=True, slots=True)
class Weighing:
    """What a model says: pairs that are alike, the weight of any pair, and what of each record it looked at.

    `looked_at` is a hash per record; where it changes, the record's pairs are weighed anew. `model` names the model.
    """

    pairs: Pairs
    score: PairScorer
    looked_at: Integers
    model: str


Weigh = Callable[[Mapping[str, pa.Table], pa.Array], Weighing | None]
"""A model at work: the step's inputs and the names of all records in order."""


def no_model(inputs: Mapping[str, pa.Table], names: pa.Array) -> Weighing | None:  # noqa: ARG001 (the shape of Weigh)
    return None


def resolve_records(
    inputs: Mapping[str, pa.Table], *, rules: GraphRules, kinds: tuple[str, ...], weigh: Weigh = no_model
) -> pa.Table:
    """Rows of `staging.resolved` from `records`, `stated`, `steward_links` and the rows `before`.

    `kinds` are the names of the rules' kinds as `stated` has them. Raises FatalError where stewards contradict each
    other, naming their decisions.
    """
    refuse_by_name(of_table(inputs["steward_links"]))
    names = _sorted(inputs["records"]["record"])
    keys = _keys(inputs["stated"], names, kinds)
    values = sorted_values(keys)
    weighing = weigh(inputs, names)
    evidence = Evidence(
        weighing.pairs if weighing else no_pairs(),
        _links(inputs["steward_links"], names),
        weighing.score if weighing else None,
    )
    refuse_contradictions(len(names), evidence.links)
    today = Today(
        names=names,
        kinds=kinds,
        values=values,
        evidence=evidence,
        signature=_signature(keys, len(names), weighing),
        rules=_fingerprint(rules, kinds, weighing),
        merge=rules.merge,
    )
    past = past_of(inputs["before"], today)
    if past is None:
        resolution = resolve_values(len(names), values, rules, evidence=evidence)
    else:
        touched = touched_since(past, today)
        resolution, _ = decide_again(past.known, values, rules, touched=touched, evidence=evidence)
    return rows_of(resolution, today, _texts(inputs["stated"], kinds))


def _sorted(values: pa.ChunkedArray) -> pa.Array:
    one = pa.chunked_array(values.cast(pa.large_string()), pa.large_string()).combine_chunks()
    return one.take(pc.sort_indices(one))


def _keys(stated: pa.Table, names: pa.Array, kinds: tuple[str, ...]) -> Keys:
    """What is stated of known records and kinds."""
    record = positions(_large(stated["record"]), names)
    kind = positions(_large(stated["kind"]), pa.array(kinds, pa.large_string()))
    rows = np.flatnonzero((record >= 0) & (kind >= 0))
    at = stated["first_seen"].cast(_MS, safe=False).cast(pa.int64()).fill_null(0).to_numpy()
    blocked = stated["is_blocked"].fill_null(False).to_numpy()
    value = hash64(_large(stated["value"]))
    return Keys(record[rows], kind[rows].astype(np.int16), value[rows], at[rows], blocked[rows].astype(np.bool_))


def _large(column: pa.ChunkedArray) -> pa.Array:
    return pa.chunked_array(column.cast(pa.large_string()), pa.large_string()).combine_chunks()


def _texts(stated: pa.Table, kinds: tuple[str, ...]) -> Texts:
    """The text of a value, given its kind and hash."""

    def texts(kind: Integers, value: Hashes) -> pa.Array:
        column = _large(stated["value"])
        number = positions(_large(stated["kind"]), pa.array(kinds, pa.large_string()))
        wanted = packed_names(kind, value)
        order = np.argsort(wanted)
        packed = packed_names(number, hash64(column))
        rows = np.flatnonzero(np.isin(packed, wanted))
        place = np.zeros(len(wanted), np.int64)
        place[order[np.searchsorted(wanted[order], packed[rows])]] = rows
        return column.take(pa.array(place))

    return texts


def _links(links: pa.Table, names: pa.Array) -> Links:
    """Decisions on records that are there."""
    left, right = (positions(_large(links[side]), names) for side in ("left_record", "right_record"))
    there = (left >= 0) & (right >= 0)
    must = pc.equal(links["link"], MUST).fill_null(False).to_numpy().astype(np.bool_)
    return Links(left[there], right[there], must[there])


def _signature(keys: Keys, count: int, weighing: Weighing | None) -> Integers:
    """A hash per record of all its keys, whatever their order, and of what a model looks at."""
    said = packed_names(keys.at * 2 + keys.blocked, packed_names(keys.kind, keys.value))
    total = np.zeros(count, np.uint64)
    np.add.at(total, keys.record, _stirred(said))
    if weighing is not None:
        total += weighing.looked_at.astype(np.uint64)
    return total.view(np.int64)


def _stirred(numbers: Hashes) -> Hashes:
    """So that sums of different sets differ: one round of SplitMix64 (Steele, Lea, Flood 2014)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def _fingerprint(rules: GraphRules, kinds: tuple[str, ...], weighing: Weighing | None) -> str:
    told = f"{rules!r}{kinds!r}{weighing.model if weighing else ''}"
    return sha256(told.encode()).hexdigest()[:32]
