"""What resolving takes and gives: arrays of one length, records as positions, values as 64-bit hashes.

Positions stand in the order of the records' names, so that "the smallest record" means one thing everywhere and no
order of arrival can change a result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Floats = NDArray[np.float64]
Kinds = NDArray[np.signedinteger[Any]]
"""Small numbers: where there is one per key, two bytes each do."""

PairScorer = Callable[[Integers, Integers], Floats]
"""Log2 match weights (prior included: 0 is even odds) of any pairs of records, given as two arrays of positions."""

MODEL, STEWARD = -1, -2
"""Kinds of edges that come from no key."""


@dataclass(frozen=True, slots=True)
class KindRule:
    """What holds for one kind of key; numbers name other kinds by their place in GraphRules.kinds.

    A kind that does not merge is a witness: an attribute that guards look at.
    """

    name: str
    merges: bool = True
    most_records: int | None = None
    most_distinct: tuple[tuple[int, int], ...] = ()
    """Pairs (kind, how many of its values may share one value of this kind)."""
    told_by: tuple[int, ...] = ()
    """Kinds that tell from the data that a value of this kind is no identifier, where nothing is declared: more of
    their values share it than max(3, the square root of the records that state one)."""
    contradicted_by: tuple[tuple[int, ...], ...] = ()
    """Groups of kinds (birthdates, names). Two records that hold one value of this kind contradict each other where in
    every group both state something, and nothing of what both state agrees; then the value merges nobody."""
    most_per_person: int | None = None
    within_ms: int | None = None
    """The span of `most_per_person`; None means ever."""
    priority: int = 1
    """Of ties that contradict each other the one with the higher number yields."""


@dataclass(frozen=True, slots=True)
class GraphRules:
    """All kinds by their number, how many records a person may have, and from which probability a model acts."""

    kinds: tuple[KindRule, ...]
    largest: int = 50
    merge: float = 0.99
    review: float = 0.80


@dataclass(frozen=True, slots=True)
class Keys:
    """Which record holds which value, and since when (ms since 1970; 0 where that is not known).

    In any order; a row that is there twice counts once.
    """

    record: Integers
    kind: Kinds
    value: Hashes
    at: Integers
    blocked: NDArray[np.bool_]
    """Whether a declared pattern blocks the value."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of records and how probable it is that they are one person."""

    left: Integers
    right: Integers
    probability: Floats


@dataclass(frozen=True, slots=True)
class Links:
    """What stewards decided: `must` be one person, or never."""

    left: Integers
    right: Integers
    must: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Edges:
    """Why records are one person: a key's kind, MODEL or STEWARD; `probability` is 1 but for MODEL."""

    left: Integers
    right: Integers
    kind: Kinds
    probability: Floats


@dataclass(frozen=True, slots=True)
class Held:
    """Values that do not merge all who hold them, and the reason.

    Guards: `blocked`, `too_many_records`, `shared_by:<kind>`, `found:<kind>`; `contradicted:<kind>` where records that
    hold it cannot be one person, so that a steward is asked. What yielded inside a person:
    `limit:<kind>`, `limit:steward`, `limit:largest`, `limit:model`.
    """

    kind: Kinds
    value: Hashes
    reason: tuple[str, ...]
    records: Integers


@dataclass(frozen=True, slots=True)
class Resolution:
    """The person of each record, named by the person's smallest record, with what tied and what was held back."""

    component: Integers
    tied: Integers
    """What hung together before limits, links and rescoring parted it: the unit that a change can affect."""
    edges: Edges
    held: Held
    review: Pairs
    """Pairs that a steward should look at: doubtful by the model, or tied by what yielded (probability NaN)."""


def no_pairs() -> Pairs:
    nothing = np.empty(0, np.int64)
    return Pairs(nothing, nothing, np.empty(0))


def no_links() -> Links:
    nothing = np.empty(0, np.int64)
    return Links(nothing, nothing, np.empty(0, np.bool_))
