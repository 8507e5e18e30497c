"""Records that hang together, on integer arrays: linear in records and edges."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Integers = NDArray[np.int64]

ABSENT = -1


def positions(values: pa.Array, known: pa.Array) -> Integers:
    """Where each value stands in `known`, or ABSENT."""
    found = pc.fill_null(pc.index_in(values, value_set=known), ABSENT)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)


def component_numbers(left: Integers, right: Integers, count: int) -> Integers:
    """The component of each of `count` nodes, numbered in the order of their first nodes."""
    if count == 0:
        return np.empty(0, dtype=np.int64)
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[inverse]
