"""Keys in the order of their values: sorted once, everything after is linear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kumitate.identity.graph.model import Hashes, Integers, Keys, Kinds


@dataclass(frozen=True, slots=True)
class Values:
    """Keys sorted by (kind, value) and record; `starts` are the rows where each value begins, and the end."""

    keys: Keys
    packed: Hashes
    """Kind and value in one number per row."""
    starts: Integers

    kind: Kinds
    """Per value."""
    sizes: Integers
    """Per value how many records hold it."""

    @property
    def first(self) -> Integers:
        """Per value the smallest record that holds it."""
        return self.keys.record[self.starts[:-1]]

    @property
    def names(self) -> Hashes:
        """Per value its kind and value in one number."""
        return self.packed[self.starts[:-1]]

    def rows_of(self, values: Integers) -> Integers:
        """The rows of these values, one value after the other."""
        return spread(self.starts[values], self.starts[values + 1])

    def find(self, packed: Hashes) -> Integers:
        """The rows that hold any of these values, given sorted and distinct."""
        return spread(np.searchsorted(self.packed, packed, "left"), np.searchsorted(self.packed, packed, "right"))

    def of_records(self, chosen: NDArray[np.bool_]) -> Values:
        """The rows of the records marked in `chosen`, which are numbered anew in their order."""
        rows = np.flatnonzero(chosen[self.keys.record])
        number = np.cumsum(chosen) - 1
        keys = _at(self.keys, rows)
        return in_order(Keys(number[keys.record], keys.kind, keys.value, keys.at, keys.blocked), self.packed[rows])


def spread(start: Integers, end: Integers) -> Integers:
    """All numbers of all ranges from `start` up to `end`: `spread([3, 9], [5, 10])` is [3, 4, 9]."""
    lengths = end - start
    total = np.cumsum(lengths)
    places: Integers = np.repeat(start - total + lengths, lengths)
    places += np.arange(len(places))
    return places


def distinct(numbers: Integers) -> Integers:
    """Sorted, each once: several times as fast as `np.unique`, which hashes."""
    numbers = np.sort(numbers)
    once: Integers = numbers[np.append(True, numbers[1:] != numbers[:-1])[: len(numbers)]]
    return once


def packed_names(kind: Kinds, value: Hashes) -> Hashes:
    """Kind and value as one number: values are mixed with a number per kind, so equal ones of two kinds differ."""
    salt = (kind.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    salt ^= salt >> np.uint64(29)
    salt *= np.uint64(0xBF58476D1CE4E5B9)
    salt ^= value
    return salt


def sorted_values(keys: Keys) -> Values:
    """Sort keys by value, then record; rows that say the same count once, with their earliest time."""
    return _sorted(_at(keys, _order(keys)))


def sorted_in_place(keys: Keys) -> Values:
    """The same of keys that nobody else needs: they are sorted where they stand, which takes half the memory."""
    order = _order(keys)
    for column in (keys.record, keys.kind, keys.value, *(each for each in (keys.at, keys.blocked) if each.any())):
        column[:] = column[order]
    return _sorted(keys)


def _order(keys: Keys) -> Integers:
    packed = packed_names(keys.kind, keys.value)
    order = np.argsort(packed)
    packed = packed[order]
    return _records_in_order(keys.record, order, packed)


def _sorted(keys: Keys) -> Values:
    packed = packed_names(keys.kind, keys.value)
    twice = np.append(False, (packed[1:] == packed[:-1]) & (keys.record[1:] == keys.record[:-1]))
    if not twice.any():
        return in_order(keys, packed)
    order = np.lexsort((keys.at, keys.record, packed))
    return in_order(_at(keys, order[~twice]), packed[~twice])


def _records_in_order(record: Integers, order: Integers, packed: Hashes) -> Integers:
    """`order` with the rows of each value by record; a value of one row needs no sorting."""
    begins = np.append(True, packed[1:] != packed[:-1])[: len(packed)]
    alone = begins & np.append(begins[1:], True)[: len(packed)]
    shared = np.flatnonzero(~alone)
    if not len(shared):
        return order
    number = np.cumsum(begins)[shared]
    place = number * (int(record.max()) + 1) + record[order[shared]]
    order[shared] = order[shared[np.argsort(place)]]
    return order


def in_order(keys: Keys, packed: Hashes) -> Values:
    """Rows that are sorted already."""
    begins = np.ones(len(packed) + 1, np.bool_)  # the end is one, too
    np.not_equal(packed[1:], packed[:-1], out=begins[1:-1])
    starts = np.flatnonzero(begins)
    return Values(keys, packed, starts, keys.kind[starts[:-1]], np.diff(starts))


def _at(keys: Keys, rows: Integers) -> Keys:
    """Times and blocks, of which there are often none, are not looked up one by one then."""
    at = keys.at[rows] if keys.at.any() else np.zeros(len(rows), np.int64)
    blocked = keys.blocked[rows] if keys.blocked.any() else np.zeros(len(rows), np.bool_)
    return Keys(keys.record[rows], keys.kind[rows], keys.value[rows], at, blocked)
