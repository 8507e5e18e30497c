"""Characters of a whole column exchanged one for one, without a loop over values."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Lookup = npt.NDArray[np.uint16]
"""UTF-16 unit -> UTF-16 unit."""


def lookup(table: Mapping[str, str]) -> Lookup:
    """Of the pairs, those that lie in the BMP and keep their length in UTF-8; others are left to whoever reads."""
    found = np.arange(1 << 16, dtype=np.uint16)
    for old, new in table.items():
        if is_exchangeable(old, new):
            found[ord(old)] = ord(new)
    return found


def is_exchangeable(old: str, new: str) -> bool:
    """Whether nothing but the bytes of the character changes: both of three bytes in UTF-8."""
    return len(old.encode()) == len(new.encode()) == 3


def translated(values: pa.Array, table: Lookup) -> pa.Array:
    """The column's bytes are decoded once, looked up, and encoded again; where values begin stays as it is."""
    values = pa.concat_arrays([values])  # without an offset
    _, offsets, data = values.buffers()
    if data is None:
        return values
    units = np.frombuffer(data.to_pybytes().decode("utf-8").encode("utf-16-le"), np.uint16)
    changed = table[units].tobytes().decode("utf-16-le").encode("utf-8")
    return pa.StringArray.from_buffers(len(values), offsets, pa.py_buffer(changed), values.buffers()[0])
