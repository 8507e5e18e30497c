"""Inside a component every pair is weighed anew, and who does not fit in on average is left out.

Chains of good ties make bad persons: A like B and B like C does not make A like C. So all pairs of a component are
scored, and records are joined in the order of their average weight (average linkage) as long as it speaks for one
person. Measured on hard person data this took pairwise F1 from .85 to .90.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kumitate.identity.graph.groups import Groups
from kumitate.identity.graph.model import Floats, Integers, PairScorer
from kumitate.identity.graph.values import Values, spread

SMALLEST, LARGEST = 3, 200
"""Records of a component that is weighed; two are what their tie says, more would cost too many pairs."""

CLIP = 8.0
"""Bits that one pair can speak for or against at most, so that no single pair outweighs all others."""
TIED = 2.0
"""Bits that a value which stands speaks for its records at least."""
_STEPS = 1024
"""Weights are rounded to 1/1024 bit: their sums are exact, in whatever order they are added."""
_PAIRS = 1 << 20
"""Pairs scored at a time."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """The pairs of one component: `members` in their order, and a symmetric matrix of weights."""

    members: Integers
    weights: Floats


def doubtful(component: Integers, score: PairScorer, *, too_much: NDArray[np.bool_]) -> Iterator[Weighed]:
    """Components of which some pair speaks against being one person, or that are too much for one (`too_much`).

    Where every pair speaks for it, so does every average, and nothing needs to be decided.
    """
    for members, starts in _portions(component):
        left, right = _all_pairs(starts)
        raw = np.clip(np.nan_to_num(score(members[left], members[right]), nan=0.0), -CLIP, CLIP)
        weight = np.round(raw * _STEPS) / _STEPS
        place = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        decide = too_much[component[members[starts[:-1]]]]
        decide[place[left[weight <= 0]]] = True
        pairs_before = np.append(0, np.cumsum(np.bincount(place[left], minlength=len(starts) - 1)))
        for one in np.flatnonzero(decide):
            pairs = slice(pairs_before[one], pairs_before[one + 1])
            yield _matrix(members[starts[one] : starts[one + 1]], weight[pairs])


def _portions(component: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Components worth weighing, some at a time: records, one component after the other, and where each begins."""
    sizes = np.bincount(component, minlength=len(component))
    worth = (sizes >= SMALLEST) & (sizes <= LARGEST)
    members = np.flatnonzero(worth[component])
    members = members[np.argsort(component[members], kind="stable")]
    sizes = sizes[np.flatnonzero(worth)]
    starts = np.append(0, np.cumsum(sizes))
    portion = np.cumsum(sizes * (sizes - 1) // 2) // _PAIRS
    for first, last in zip(*_runs(portion), strict=True):
        begin = starts[first]
        yield members[begin : starts[last]], starts[first : last + 1] - begin


def _runs(numbers: Integers) -> tuple[Integers, Integers]:
    """Where each run of equal numbers begins and ends."""
    begins = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1])[: len(numbers)])
    return begins, np.append(begins, len(numbers))[1:]


def _all_pairs(starts: Integers) -> tuple[Integers, Integers]:
    """Every pair within each range, as places."""
    places = np.arange(int(starts[-1]))
    end = np.repeat(starts[1:], np.diff(starts))
    return np.repeat(places, end - places - 1), spread(places + 1, end)


def _matrix(members: Integers, weight: Floats) -> Weighed:
    size = len(members)
    weights = np.zeros((size, size))
    weights[np.triu_indices(size, 1)] = weight
    return Weighed(members, weights + weights.T)


def raise_tied(weighed: Weighed, values: Values, holding: Integers) -> None:
    """What shares a value speaks for one person by TIED bits at least; `holding` are the values held in it."""
    for one in holding:
        records = values.keys.record[values.starts[one] : values.starts[one + 1]]
        place = np.searchsorted(weighed.members, records)
        inside = place < len(weighed.members)
        place = place[inside][weighed.members[place[inside]] == records[inside]]
        block = np.ix_(place, place)
        weighed.weights[block] = np.maximum(weighed.weights[block], TIED)


@dataclass(slots=True)
class _Clusters:
    """Sums of weights between clusters; `open_` are the pairs of clusters that may still be joined."""

    sums: Floats
    sizes: Floats
    alive: NDArray[np.bool_]
    open_: NDArray[np.bool_]

    def best(self) -> tuple[int, int, float]:
        """The pair with the greatest mean, the first of equals."""
        mean = np.where(self.open_, self.sums / np.outer(self.sizes, self.sizes), -np.inf)
        one, other = divmod(int(np.argmax(mean)), len(mean))
        return one, other, float(mean[one, other])

    def merge(self, one: int, other: int) -> None:
        """`other` goes into `one`; what was refused to it may be tried again, now that it is another."""
        self.sums[one] += self.sums[other]
        self.sums[:, one] += self.sums[:, other]
        self.sizes[one] += self.sizes[other]
        self.alive[other] = False
        self.open_[one] = self.open_[:, one] = self.alive
        self.open_[other] = self.open_[:, other] = False
        self.open_[one, one] = False


def link(weighed: Weighed, groups: Groups) -> None:
    """Join what has the greatest average weight, the smallest records first, until none speaks for one person."""
    clusters, roots = _clusters(weighed, groups)
    while True:
        one, other, mean = clusters.best()
        if not mean > 0:
            return
        if groups.join([roots[one], roots[other]]):
            clusters.merge(one, other)
        else:
            clusters.open_[one, other] = clusters.open_[other, one] = False


def _clusters(weighed: Weighed, groups: Groups) -> tuple[_Clusters, list[int]]:
    """What stewards tied is one cluster from the start."""
    roots, place = np.unique([groups.find(record) for record in weighed.members.tolist()], return_inverse=True)
    member = np.zeros((len(roots), len(place)))
    member[place, np.arange(len(place))] = 1
    alive = np.ones(len(roots), np.bool_)
    sums = member @ weighed.weights @ member.T
    return _Clusters(sums, member.sum(axis=1), alive, ~np.eye(len(roots), dtype=np.bool_)), roots.tolist()
