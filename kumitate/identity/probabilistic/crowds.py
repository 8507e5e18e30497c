"""Crowds: values that too many records share for a rule to find pairs by them, named so that runs can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kumitate.identity.graph.hashing import hash64
from kumitate.identity.graph.model import Hashes, Integers
from kumitate.identity.probabilistic.candidates import LARGEST_GROUP, Rule, agreed
from kumitate.identity.probabilistic.columns import Columns

Crowds = Mapping[Rule, Hashes]
"""Rule -> the values, by hash, that more than LARGEST_GROUP records have."""

_BETWEEN = "\x1f"


@dataclass(frozen=True, slots=True)
class _Groups:
    """Who has something in common by a rule: the records in `there`, the group of each, its size and first record."""

    there: Integers
    group: Integers
    sizes: Integers
    first: Integers


def crowds(columns: Columns, rules: tuple[Rule, ...]) -> Crowds:
    """The crowds of each rule; the rule that holds for any two records has none."""
    return {rule: _names(columns, rule, _crowded(groups).first) for rule, groups in _by_rule(columns, rules)}


def crossed(columns: Columns, rules: tuple[Rule, ...], before: Crowds) -> tuple[NDArray[np.bool_], Crowds]:
    """Per record whether a value that it has was a crowd's before and is none's now, or the other way round.

    The second are the crowds of now.
    """
    count = len(next(iter(columns.values())).codes) if columns else 0
    is_crossed = np.zeros(count, np.bool_)
    now: dict[Rule, Hashes] = {}
    for rule, groups in _by_rule(columns, rules):
        large = _crowded(groups)
        now[rule] = _names(columns, rule, large.first)
        was = before.get(rule, np.empty(0, np.uint64))
        if np.setdiff1d(was, now[rule]).size:  # whose crowd it was can only be told by looking at all values
            large, names = groups, _names(columns, rule, groups.first)
        else:
            names = now[rule]
        differs = np.isin(names, was) != np.isin(names, now[rule])
        is_crossed[large.there[differs[large.group]]] = True
    return is_crossed, now


def _by_rule(columns: Columns, rules: tuple[Rule, ...]) -> Iterator[tuple[Rule, _Groups]]:
    for rule in (rule for rule in rules if rule):
        value = agreed(columns, rule)
        there = np.flatnonzero(value >= 0)
        group = np.asarray(pa.array(value[there]).dictionary_encode().indices.to_numpy(zero_copy_only=False), np.int64)
        sizes = np.bincount(group) if len(group) else np.empty(0, np.int64)
        first = np.empty(len(sizes), np.int64)
        first[group[::-1]] = there[::-1]
        yield rule, _Groups(there, group, sizes, first)


def _crowded(groups: _Groups) -> _Groups:
    """The groups that are crowds, numbered anew."""
    is_crowd = groups.sizes > LARGEST_GROUP
    number = np.cumsum(is_crowd) - 1
    kept = is_crowd[groups.group]
    return _Groups(groups.there[kept], number[groups.group[kept]], groups.sizes[is_crowd], groups.first[is_crowd])


def _names(columns: Columns, rule: Rule, records: Integers) -> Hashes:
    """A hash of what each of the records has in the rule's columns."""
    texts = [columns[name].values.take(pa.array(columns[name].codes[records])) for name in rule]
    return hash64(pc.binary_join_element_wise(*texts, _BETWEEN)) if len(records) else np.empty(0, np.uint64)
