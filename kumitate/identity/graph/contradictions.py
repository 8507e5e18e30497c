"""Identifiers that two records state who cannot be one person: another name, and born on another day.

One difference alone is a typing error or a marriage; a value is doubted only where nothing of either kind agrees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from kumitate.identity.graph.model import Integers
from kumitate.identity.graph.values import Values, spread

SILENT = -1
_PAIRS_AT_ONCE = 2_000_000


def contradicted(
    values: Values,
    number: Integers,
    groups: Sequence[Sequence[int]],
    *,
    blocked: NDArray[np.bool_],
    count: int,
) -> Integers:
    """Of the values `number` those that two records hold which contradict each other by `groups` of kinds.

    `blocked` is per value; a blocked one says nothing.
    """
    said = [[_said(values, kind, blocked, count=count) for kind in group] for group in groups]
    for group in said:
        if len(number):
            number = number[_differs(values, number, group)]
    doubted = [part[_any_pair(values, part, said)] for part in _portions(values.sizes, number)]
    return np.concatenate([np.empty(0, np.int64), *doubted])


def _said(values: Values, kind: int, blocked: NDArray[np.bool_], *, count: int) -> Integers:
    """What each record states of a kind, as a number; of several the smallest."""
    number = np.flatnonzero((values.kind == kind) & ~blocked)
    record, value = values.keys.record[values.rows_of(number)], np.repeat(number, values.sizes[number])
    said = np.full(count, SILENT, np.int64)
    said[record[::-1]] = value[::-1]
    return said


def _differs(values: Values, number: Integers, group: Sequence[Integers]) -> NDArray[np.bool_]:
    """Whether the records of a value state two different things of some kind: most do not, and are done with."""
    record, starts = values.keys.record[values.rows_of(number)], np.cumsum(values.sizes[number]) - values.sizes[number]
    several = np.zeros(len(number), np.bool_)
    for said in group:
        told = said[record]
        least = np.minimum.reduceat(np.where(told == SILENT, np.iinfo(np.int64).max, told), starts)
        several |= least < np.maximum.reduceat(told, starts)
    return several


def _portions(sizes: Integers, number: Integers) -> Iterator[Integers]:
    """The values in portions of so many pairs of records."""
    if len(number):
        portion = np.cumsum(sizes[number] ** 2) // _PAIRS_AT_ONCE
        yield from np.split(number, np.flatnonzero(portion[1:] != portion[:-1]) + 1)


def _any_pair(values: Values, number: Integers, said: Sequence[Sequence[Integers]]) -> NDArray[np.bool_]:
    """Per value whether two of its records contradict each other."""
    sizes = values.sizes[number]
    rows = values.rows_of(number)
    ends = np.repeat(np.cumsum(sizes), sizes)
    own = np.arange(len(rows))
    record = values.keys.record[rows]
    left, right = record[np.repeat(own, ends - own - 1)], record[spread(own + 1, ends)]
    place = np.repeat(np.repeat(np.arange(len(number)), sizes), ends - own - 1)
    wrong = np.ones(len(left), np.bool_)
    for group in said:
        wrong &= _nothing_agrees(group, left, right)
    found: NDArray[np.bool_] = np.bincount(place[wrong], minlength=len(number)) > 0
    return found


def _nothing_agrees(group: Sequence[Integers], left: Integers, right: Integers) -> NDArray[np.bool_]:
    told, agrees = np.zeros(len(left), np.bool_), np.zeros(len(left), np.bool_)
    for said in group:
        both = (said[left] != SILENT) & (said[right] != SILENT)
        told |= both
        agrees |= both & (said[left] == said[right])
    return told & ~agrees
