"""Keys that come and go among sorted ones: what stays is merged with what is new, nothing is sorted again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kumitate.identity.graph.model import Hashes, Integers, Keys
from kumitate.identity.graph.values import Values, in_order, sorted_values

Entry = TypeVar("Entry", bound=np.generic)


def changed_keys(values: Values, new: Keys, moved: Integers, *, leaves: NDArray[np.bool_]) -> tuple[Values, Hashes]:
    """Today's keys in order, and the values that somebody held and may hold no more.

    `moved` is where each record of before stands today, in the same order; what those who `leaves` marks said is
    dropped, and `new` comes in.
    """
    added, none = sorted_values(new), values.packed[:0]
    if not len(values.packed):
        return added, none
    goes = leaves[values.keys.record] if leaves.any() else None
    rows = np.flatnonzero(~goes) if goes is not None else None
    lost = values.packed[goes] if goes is not None else none
    if rows is not None and not len(rows):
        return added, lost
    return _merged(values, added, moved, rows=rows), lost


def _merged(values: Values, added: Values, moved: Integers, *, rows: Integers | None) -> Values:
    """The `rows` of values (all where None) with those of `added`; each column is read once, in order."""
    keys = values.keys
    packed = values.packed if rows is None else values.packed[rows]
    place = _places(packed, added, lambda places: moved[keys.record[places if rows is None else rows[places]]])
    at_new = place + np.arange(len(place))
    source = np.arange(len(packed) + len(place))
    source -= np.repeat(np.arange(len(place) + 1), np.diff(at_new, prepend=-1, append=len(source)))[1:]
    np.minimum(source, len(packed) - 1, out=source)
    if rows is not None:
        source = rows[source]

    def merged(old: NDArray[Entry], more: NDArray[Entry]) -> NDArray[Entry]:
        if not old.any() and not more.any():  # times and blocks, of which there are often none
            return np.zeros(len(source), old.dtype)
        both = old[source]
        both[at_new] = more
        return both

    record = moved[keys.record[source]]
    record[at_new] = added.keys.record
    ordered = Keys(
        record,
        merged(keys.kind, added.keys.kind),
        merged(keys.value, added.keys.value),
        merged(keys.at, added.keys.at),
        merged(keys.blocked, added.keys.blocked),
    )
    return in_order(ordered, merged(values.packed, added.packed))


def _places(packed: Hashes, added: Values, record_at: Callable[[Integers], Integers]) -> Integers:
    """Before which row each new one goes, in the order of value and record: all of them halve their range at once."""
    low, high = np.searchsorted(packed, added.packed, "left"), np.searchsorted(packed, added.packed, "right")
    wanted = added.keys.record
    open_ = np.flatnonzero(low < high)
    while len(open_):
        middle = (low[open_] + high[open_]) // 2
        before = record_at(middle) < wanted[open_]
        low[open_[before]] = middle[before] + 1
        high[open_[~before]] = middle[~before]
        open_ = open_[low[open_] < high[open_]]
    return low
