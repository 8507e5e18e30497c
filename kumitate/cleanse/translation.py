"""Characters of a whole column exchanged one for one, without a loop over values."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Lookup = npt.NDArray[np.uint16]
"""Code point -> code point."""


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
    """Characters of three bytes in UTF-8 are looked up where they lie; where values begin stays as it is."""
    if values.offset:
        values = values.take(pa.array(np.arange(len(values))))
    validity, offsets, data = values.buffers()
    if data is None:
        return values
    found = np.frombuffer(data, np.uint8)
    starts = np.flatnonzero(found[: max(len(found) - 2, 0)] >> 4 == 0xE)
    points = (
        (found[starts].astype(np.uint16) << 12)
        | ((found[starts + 1].astype(np.uint16) & 0x3F) << 6)
        | (found[starts + 2] & 0x3F)
    )
    others = table[points]
    changed = np.flatnonzero(others != points)
    if not len(changed):
        return values
    written, starts, others = found.copy(), starts[changed], others[changed]
    written[starts] = 0xE0 | (others >> 12)
    written[starts + 1] = 0x80 | (others >> 6 & 0x3F)
    written[starts + 2] = 0x80 | (others & 0x3F)
    return pa.StringArray.from_buffers(len(values), offsets, pa.py_buffer(written), validity)
