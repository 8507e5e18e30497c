"""Records that hang together, on integer arrays: linear in records and edges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from kumitate.identity.graph.model import Integers


def components(count: int, ties: Sequence[tuple[Integers, Integers]]) -> Integers:
    """Per record the smallest record that ties lead to; `ties` are arrays of left and right ends."""
    if count == 0:
        return np.empty(0, np.int64)
    left, right = (np.concatenate([np.empty(0, np.int32), *side]) for side in zip(*ties, strict=True))
    ends = (left.astype(np.int32), right.astype(np.int32)) if count < np.iinfo(np.int32).max else (left, right)
    graph = coo_array((np.ones(len(left), np.int8), ends), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    return smallest_of_each(labels)


def smallest_of_each(labels: Integers) -> Integers:
    """Per record the smallest record with the same label."""
    smallest = np.empty(int(labels.max(initial=-1)) + 1, np.int64)
    smallest[labels[::-1]] = np.arange(len(labels) - 1, -1, -1)
    return smallest[labels]
