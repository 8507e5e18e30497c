"""Names as positions: where each value stands in an array of known ones."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Integers = NDArray[np.int64]

ABSENT = -1


def positions(values: pa.Array, known: pa.Array) -> Integers:
    """Where each value stands in `known`, or ABSENT."""
    found = pc.fill_null(pc.index_in(values, value_set=known), ABSENT)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)
