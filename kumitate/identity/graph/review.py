"""Pairs that a steward should look at: two persons who may be one, and whom nobody has decided about."""

from __future__ import annotations

import numpy as np

from kumitate.identity.graph.links import parted
from kumitate.identity.graph.model import GraphRules, Integers, Links, Pairs
from kumitate.identity.graph.values import Values


def doubtful_pairs(component: Integers, rules: GraphRules, pairs: Pairs, *, links: Links) -> Pairs:
    """Pairs that a model holds for probable, of different persons."""
    rows = pairs.probability >= rules.review
    left, right = pairs.left[rows], pairs.right[rows]
    sides = np.minimum(left, right), np.maximum(left, right)
    return undecided(component, links, Pairs(*sides, pairs.probability[rows]))


def undecided(component: Integers, links: Links, pairs: Pairs) -> Pairs:
    """Pairs of different persons whom no steward keeps apart."""
    apart = component[pairs.left] != component[pairs.right]
    open_ = apart & ~parted(component, links, (pairs.left, pairs.right))
    return Pairs(pairs.left[open_], pairs.right[open_], pairs.probability[open_])


def spans(values: Values, number: Integers, component: Integers) -> Pairs:
    """Of each value that several persons hold a pair of records for the first and each other of them."""
    record = values.keys.record[values.rows_of(number)]
    place = np.repeat(np.arange(len(number)), values.sizes[number])
    order = np.lexsort((record, component[record], place))
    record, place = record[order], place[order]
    begins = np.append(True, (place[1:] != place[:-1]) | (component[record[1:]] != component[record[:-1]]))
    first = record[begins[: len(record)]]
    left = values.first[number][place[begins[: len(record)]]]
    apart = component[left] != component[first]
    pairs = np.unique(np.stack([left[apart], first[apart]]), axis=1)
    return Pairs(pairs[0], pairs[1], np.full(pairs.shape[1], np.nan))


def from_values(pairs: Pairs) -> Pairs:
    """The pairs of which no model has spoken."""
    rows = np.isnan(pairs.probability)
    return Pairs(pairs.left[rows], pairs.right[rows], pairs.probability[rows])


def all_pairs(*parts: Pairs) -> Pairs:
    return Pairs(
        np.concatenate([part.left for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.probability for part in parts]),
    )
