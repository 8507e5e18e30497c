"""Identifiers that two records state who cannot be one person: another name, and born on another day.

One difference alone is a typing error or a marriage; a value is doubted only where nothing of either kind agrees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

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
    record, ends = _telling(values, number, said)
    doubted = np.zeros(len(number), np.bool_)
    for first, last in _portions(np.diff(ends)):
        rows = slice(ends[first], ends[last])
        doubted[first:last] = _any_pair(record[rows], np.diff(ends[first : last + 1]), said)
    return number[doubted]


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


def _telling(values: Values, number: Integers, said: Sequence[Sequence[Integers]]) -> tuple[Integers, Integers]:
    """One record for all that a value's records state in every group, value by value; and where each value begins.

    Who states nothing of a group contradicts nobody, and who states the same as another contradicts the same ones: a
    number on ten thousand records has few of these.
    """
    record = values.keys.record[values.rows_of(number)]
    place = np.repeat(np.arange(len(number)), values.sizes[number])
    for group in said:
        states = np.logical_or.reduce([told[record] != SILENT for told in group])
        record, place = record[states], place[states]
    columns = [place, *(told[record] for group in said for told in group)]
    order = np.lexsort(columns[::-1])
    differs = np.logical_or.reduce([column[order][1:] != column[order][:-1] for column in columns])
    kept = order[np.append(True, differs)[: len(order)]]
    return record[kept], np.append(0, np.cumsum(np.bincount(place[kept], minlength=len(number))))


def _portions(sizes: Integers) -> Iterator[tuple[int, int]]:
    """The values in portions of so many pairs of records, from the first to before the last."""
    portion = np.cumsum(sizes**2) // _PAIRS_AT_ONCE
    bounds = np.flatnonzero(np.diff(portion, prepend=-1, append=-1))
    yield from pairwise(bounds.tolist())


def _any_pair(record: Integers, sizes: Integers, said: Sequence[Sequence[Integers]]) -> NDArray[np.bool_]:
    """Per value, of so many records each, whether two of them contradict each other."""
    ends = np.repeat(np.cumsum(sizes), sizes)
    own = np.arange(len(record))
    left, right = record[np.repeat(own, ends - own - 1)], record[spread(own + 1, ends)]
    place = np.repeat(np.repeat(np.arange(len(sizes)), sizes), ends - own - 1)
    wrong = np.ones(len(left), np.bool_)
    for group in said:
        wrong &= _nothing_agrees(group, left, right)
    found: NDArray[np.bool_] = np.bincount(place[wrong], minlength=len(sizes)) > 0
    return found


def _nothing_agrees(group: Sequence[Integers], left: Integers, right: Integers) -> NDArray[np.bool_]:
    told, agrees = np.zeros(len(left), np.bool_), np.zeros(len(left), np.bool_)
    for said in group:
        both = (said[left] != SILENT) & (said[right] != SILENT)
        told |= both
        agrees |= both & (said[left] == said[right])
    return told & ~agrees
