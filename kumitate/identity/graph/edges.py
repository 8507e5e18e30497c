"""Why records are one person: each value ties all its records to the smallest of them.

A star per value costs one edge a record, where pairs would cost their square, and connects the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kumitate.identity.graph.model import MODEL, STEWARD, Edges, Integers, Links, Pairs
from kumitate.identity.graph.values import Values, spread


def stars(values: Values, stands: NDArray[np.bool_]) -> Edges:
    """One star for each value that stands and that several records hold."""
    number = np.flatnonzero(stands & (values.sizes > 1))
    left = np.repeat(values.keys.record[values.starts[number]], values.sizes[number] - 1)
    right = values.keys.record[spread(values.starts[number] + 1, values.starts[number + 1])]
    kind = np.repeat(values.kind[number], values.sizes[number] - 1)
    return Edges(left, right, kind, np.ones(len(left)))


def stars_within(values: Values, number: Integers, component: Integers) -> Edges:
    """One star for each of these values and each component that it reaches into."""
    rows = values.rows_of(number)
    record = values.keys.record[rows]
    value = np.repeat(number, values.sizes[number])
    order = np.lexsort((record, component[record], value))
    record, value = record[order], value[order]
    begins = np.append(True, (value[1:] != value[:-1]) | (component[record[1:]] != component[record[:-1]]))
    begins = begins[: len(record)]
    centre = record[begins][np.cumsum(begins) - 1]
    kind = values.keys.kind[rows][order]
    return Edges(centre[~begins], record[~begins], kind[~begins], np.ones(int((~begins).sum())))


def of_pairs(pairs: Pairs) -> Edges:
    left, right = np.minimum(pairs.left, pairs.right), np.maximum(pairs.left, pairs.right)
    return Edges(left, right, np.full(len(left), MODEL), pairs.probability)


def of_links(links: Links) -> Edges:
    left, right = np.minimum(links.left, links.right), np.maximum(links.left, links.right)
    return Edges(left, right, np.full(len(left), STEWARD), np.ones(len(left)))


def all_edges(*parts: Edges) -> Edges:
    return Edges(
        np.concatenate([part.left for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.kind for part in parts]),
        np.concatenate([part.probability for part in parts]),
    )


def chosen(edges: Edges, rows: NDArray[np.bool_]) -> Edges:
    return Edges(edges.left[rows], edges.right[rows], edges.kind[rows], edges.probability[rows])
