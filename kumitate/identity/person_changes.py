"""Ids and events of what a change affected, on arrays: the cost is that of the change, not of all persons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kumitate.identity.components import ABSENT, Integers
from kumitate.identity.persons import heirs


@dataclass(frozen=True, slots=True)
class Flow:
    """Records that went from one person to another, person by person."""

    old: Integers
    new: Integers
    records: Integers

    def __len__(self) -> int:
        return len(self.old)


@dataclass(frozen=True, slots=True)
class PersonChange:
    """Who the affected records are now, and what happened; new persons are numbered after the known ones."""

    person: Integers
    """Per affected record."""
    founders: Integers
    """The record that names each new person."""
    created: Integers
    """New persons of new records alone."""
    merged: Flow
    """The old person is no more, and most of their records are the new one's."""
    split: Flow
    """The new person is new, and has records of the old."""
    moved: Flow
    """Both were there before."""


def assign_among(affected: Integers, component: Integers, person: Integers, *, age: Integers) -> PersonChange:
    """The same as over all records, where the others' persons did not change.

    `affected` are records; `component` and `person` (ABSENT for new records) are of all records, `age` of all
    persons. All records of a person who has an affected one must be affected, as `apply` gives them.
    """
    smallest, place = np.unique(component[affected], return_inverse=True)
    before = person[affected]
    heir = heirs(place, before, age)
    new = np.flatnonzero(heir == ABSENT)
    heir[new] = len(age) + np.arange(len(new))
    after: Integers = heir[place]
    flow, ended = _flow(before, after)
    fresh = flow.new >= len(age)
    merged = ended & _is_largest(flow)
    created = np.setdiff1d(heir[new], flow.new)
    return PersonChange(
        after,
        smallest[new],
        created,
        _chosen(flow, merged),
        _chosen(flow, fresh & ~merged),
        _chosen(flow, ~fresh & ~merged),
    )


def _flow(before: Integers, after: Integers) -> tuple[Flow, NDArray[np.bool_]]:
    """Who has records of whom, but for those who stayed; and whether the old person is nobody any more."""
    known = before != ABSENT
    order = np.lexsort((after[known], before[known]))
    old, new = before[known][order], after[known][order]
    begins = np.flatnonzero(np.append(True, (old[1:] != old[:-1]) | (new[1:] != new[:-1]))[: len(old)])
    records = np.diff(np.append(begins, len(old)))
    went = old[begins] != new[begins]
    flow = Flow(old[begins][went], new[begins][went], records[went])
    return flow, ~np.isin(flow.old, new)


def _is_largest(flow: Flow) -> NDArray[np.bool_]:
    """Whether most of the old person's records went here; persons are numbered in the order of their records."""
    order = np.lexsort((flow.new, -flow.records, flow.old))
    largest = np.zeros(len(flow), np.bool_)
    largest[order[np.append(True, flow.old[order][1:] != flow.old[order][:-1])[: len(flow)]]] = True
    return largest


def _chosen(flow: Flow, rows: NDArray[np.bool_]) -> Flow:
    return Flow(flow.old[rows], flow.new[rows], flow.records[rows])
