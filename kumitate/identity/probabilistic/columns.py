"""Columns as the model sees them: each distinct value once, with how common it is, and a number per record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kumitate.identity.graph.model import Floats, Integers

MISSING = -1


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of records that are looked at, by their positions."""

    left: Integers
    right: Integers

    def __len__(self) -> int:
        return len(self.left)

    def at(self, places: Integers | slice) -> Candidates:
        return Candidates(self.left[places], self.right[places])


Frequencies = Mapping[str, Mapping[str, float]]
"""Column -> value -> its share of all values; under OTHERS that of each value that is not listed."""
OTHERS = ""
"""No value: a blank text is missing."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A column of texts: `values[codes[i]]` is record i's; its code is MISSING where it has none."""

    codes: Integers
    values: pa.Array
    shares: Floats
    """How common each value is, among those that are there."""


Columns = Mapping[str, Encoded]


def encode(table: pa.Table, names: Iterable[str], frequencies: Frequencies | None = None) -> dict[str, Encoded]:
    """The named columns as texts, those that the table lacks as missing throughout; a blank text is missing, too.

    Shares are counted in the table, or looked up in `frequencies` where given (a single pair tells none); what they
    do not tell is not a number, and counts as neither rare nor common.
    """
    return {name: _column(table, name, None if frequencies is None else frequencies.get(name, {})) for name in names}


def _column(table: pa.Table, name: str, shares: Mapping[str, float] | None) -> Encoded:
    if name not in table.column_names:
        nothing = np.full(table.num_rows, MISSING, dtype=np.int64)
        return Encoded(nothing, pa.array([], pa.string()), np.empty(0))
    texts = table[name].combine_chunks().cast(pa.string())
    texts = pc.if_else(pc.equal(texts, ""), None, texts)
    encoded = texts.dictionary_encode()
    codes = pc.fill_null(encoded.indices, MISSING).to_numpy(zero_copy_only=False).astype(np.int64)
    values = encoded.dictionary
    if shares is None:
        return Encoded(codes, values, _counted(codes, len(values)))
    return Encoded(codes, values, _shares(values, shares))


def without(column: Encoded, crowded: NDArray[np.bool_], *, counted: bool) -> Encoded:
    """The column with the values marked in `crowded` as missing; `counted` shares are those of the others, then."""
    codes = np.where(np.append(crowded, False)[column.codes], MISSING, column.codes)
    return replace(column, codes=codes, shares=_counted(codes, len(column.values)) if counted else column.shares)


def _counted(codes: Integers, count: int) -> Floats:
    counts = np.bincount(codes[codes >= 0], minlength=count)
    return np.asarray(counts / max(1, counts.sum()))


def with_shares(columns: Columns, frequencies: Frequencies) -> dict[str, Encoded]:
    """The columns with the shares that `frequencies` tell, those it does not name as they are."""
    return {
        name: replace(column, shares=_shares(column.values, frequencies[name])) if name in frequencies else column
        for name, column in columns.items()
    }


def _shares(values: pa.Array, shares: Mapping[str, float]) -> Floats:
    found = np.full(len(values), shares.get(OTHERS, np.nan))
    listed = [value for value in shares if value != OTHERS]
    place = pc.index_in(values, value_set=pa.array(listed, pa.string()))
    rows = np.flatnonzero(place.is_valid().to_numpy(zero_copy_only=False))
    found[rows] = np.array([shares[value] for value in listed], np.float64)[place.drop_null().to_numpy()]
    return found


def derived(column: Encoded, rule: Callable[[pa.Array], pa.Array]) -> Integers:
    """Codes of what `rule` makes of the values; equal codes where it makes the same of both, MISSING for null."""
    made = rule(column.values).dictionary_encode()
    codes = np.append(pc.fill_null(made.indices, MISSING).to_numpy(zero_copy_only=False), MISSING)
    return np.asarray(codes[column.codes], dtype=np.int64)


def in_terms_of(column: Encoded, other: Encoded) -> Integers:
    """The codes that this column's values have in the other, MISSING where it does not have them."""
    if column is other:
        return column.codes
    found = pc.index_in(column.values, value_set=other.values)
    codes = np.append(pc.fill_null(found, MISSING).to_numpy(zero_copy_only=False), MISSING)
    return np.asarray(codes[column.codes], dtype=np.int64)
