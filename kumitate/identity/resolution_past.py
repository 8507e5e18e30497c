"""What the run before decided, told in today's positions, and what changed since."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kumitate.identity.components import ABSENT, positions
from kumitate.identity.graph.hashing import hash64
from kumitate.identity.graph.incremental import Known, Touched
from kumitate.identity.graph.model import MODEL, STEWARD, Edges, Hashes, Held, Integers, Pairs, Resolution
from kumitate.identity.graph.resolve import Evidence
from kumitate.identity.graph.values import Values, packed_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """All that this run knows before it decides."""

    names: pa.Array
    """Records in order; a position is a place among them."""
    kinds: tuple[str, ...]
    values: Values
    evidence: Evidence
    signature: Integers
    rules: str
    """A fingerprint of rules and model."""
    merge: float
    """The probability from which a pair ties."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What was decided, and by which facts."""

    known: Known
    signature: Integers
    """Per record of today; of those that are new nothing can be said."""
    is_new: NDArray[np.bool_]
    gone: Integers
    """Components, as `known.tied` names them, that lost a record."""
    held_record: Integers
    """Who held a value that a guard held, ABSENT where the record is gone."""
    held_value: Hashes
    links: set[tuple[int, int, bool]]
    merging: set[tuple[int, int, float]]


def past_of(before: pa.Table, today: Today) -> Past | None:
    """None where nothing was decided yet, or by other rules."""
    parts = _parts(before)
    if parts["rules"]["reason"].to_pylist() != [today.rules]:
        return None
    records = parts["record"]
    row = positions(today.names, _large(records, "record"))
    is_new = row == ABSENT
    ties = _large(records, "tied")
    labels = positions(ties, pc.unique(ties))
    stays = np.zeros(len(ties), np.bool_)
    stays[row[~is_new]] = True
    kinds, values = _value_numbers(parts["holder"], today)
    return Past(
        known=Known(np.append(labels, ABSENT)[row], _resolution(parts, today, row)),
        signature=np.append(records["signature"].to_numpy(), 0)[row],
        is_new=is_new,
        gone=np.unique(labels[~stays]),
        held_record=positions(_large(parts["holder"], "record"), today.names),
        held_value=packed_names(kinds, values),
        links=_links(parts["link"], today),
        merging=_merging(parts, today),
    )


def touched_since(past: Past, today: Today) -> Touched:
    """Records that say something else, values that they say or said, and what links and pairs that changed name."""
    changed = past.is_new | (past.signature != today.signature)
    rows = changed[today.values.keys.record]
    left = (past.held_record == ABSENT) | np.append(changed, False)[past.held_record]
    links = today.evidence.links
    linked = set(zip(links.left.tolist(), links.right.tolist(), links.must.tolist(), strict=True))
    ends = [end for one in linked ^ past.links for end in one[:2] if end != ABSENT]
    ends += [end for pair in _pairs(today) ^ past.merging for end in pair[:2] if end != ABSENT]
    return Touched(
        np.append(np.flatnonzero(changed), np.array(ends, np.int64)),
        np.unique(np.append(today.values.packed[rows], past.held_value[left])),
        past.gone,
    )


def _parts(before: pa.Table) -> dict[str, pa.Table]:
    names = ("record", "edge", "held", "holder", "review", "link", "rules")
    return {name: before.filter(pc.equal(before["part"], name)) for name in names}


def _large(table: pa.Table, column: str) -> pa.Array:
    return pa.chunked_array(table[column].cast(pa.large_string()), pa.large_string()).combine_chunks()


def _ends(table: pa.Table, today: Today) -> tuple[Integers, Integers]:
    return positions(_large(table, "record"), today.names), positions(_large(table, "other_record"), today.names)


def _value_numbers(table: pa.Table, today: Today) -> tuple[Integers, Hashes]:
    kinds = pa.array(today.kinds, pa.large_string())
    return positions(_large(table, "kind"), kinds), hash64(_large(table, "value"))


def _resolution(parts: dict[str, pa.Table], today: Today, row: Integers) -> Resolution:
    """In today's positions; what names a record that is gone is not told, for it is decided anew."""
    own = np.arange(len(today.names))
    named = [
        np.append(positions(_large(parts["record"], column), today.names), ABSENT)[row] for column in ("person", "tied")
    ]
    component, tied = (np.where(place == ABSENT, own, place) for place in named)
    kind, value = _value_numbers(parts["held"], today)
    reason = tuple(parts["held"]["reason"].to_pylist())
    held = Held(kind, value, reason, parts["held"]["records"].to_numpy())
    return Resolution(component, tied, _edges(parts["edge"], today), held, _review(parts["review"], today))


def _edges(table: pa.Table, today: Today) -> Edges:
    left, right = _ends(table, today)
    number = positions(_large(table, "kind"), pa.array([*today.kinds, "model", "steward"], pa.large_string()))
    kind = np.where(number == len(today.kinds), MODEL, np.where(number > len(today.kinds), STEWARD, number))
    there = (left != ABSENT) & (right != ABSENT)
    return Edges(left[there], right[there], kind[there], table["probability"].to_numpy()[there])


def _review(table: pa.Table, today: Today) -> Pairs:
    left, right = _ends(table, today)
    there = (left != ABSENT) & (right != ABSENT)
    probability = table["probability"].cast(pa.float64()).fill_null(np.nan).to_numpy()
    return Pairs(left[there], right[there], probability[there])


def _links(table: pa.Table, today: Today) -> set[tuple[int, int, bool]]:
    left, right = _ends(table, today)
    must = [reason == "must" for reason in table["reason"].to_pylist()]
    return set(zip(left.tolist(), right.tolist(), must, strict=True))


def _merging(parts: dict[str, pa.Table], today: Today) -> set[tuple[int, int, float]]:
    """The model's pairs that tied or would have: a steward, or what a person can be, may have kept them apart."""
    found: set[tuple[int, int, float]] = set()
    tied = parts["edge"].filter(pc.equal(parts["edge"]["kind"], "model"))
    review = parts["review"]
    doubtful = review.filter(pc.greater_equal(review["probability"], today.merge).fill_null(False))
    for table in (tied, doubtful):
        left, right = _ends(table, today)
        found |= set(zip(left.tolist(), right.tolist(), table["probability"].to_pylist(), strict=True))
    return found


def _pairs(today: Today) -> set[tuple[int, int, float]]:
    pairs = today.evidence.pairs
    rows = pairs.probability >= today.merge
    left, right = pairs.left[rows], pairs.right[rows]
    sides = np.minimum(left, right), np.maximum(left, right)
    return set(zip(*(side.tolist() for side in sides), pairs.probability[rows].tolist(), strict=True))
