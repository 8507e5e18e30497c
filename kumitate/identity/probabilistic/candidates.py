"""Which pairs of records are worth looking at: those that agree on what few others have.

Every column and every two columns are a way to find pairs; a value that more than a handful of records share finds
none. The most selective ways are taken first, as many as the budget affords: nothing is chosen by hand for a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pyarrow as pa

from kumitate.identity.graph.model import Integers
from kumitate.identity.graph.values import packed_names
from kumitate.identity.probabilistic.columns import MISSING, Candidates, Columns, Encoded

Rule = tuple[str, ...]
"""Columns that are equal; the empty rule holds for any two records."""

ANY_TWO: tuple[Rule, ...] = ((),)
_ALL_PAIRS = 2_000_000
"""A table with no more pairs than this is looked at whole."""
LARGEST_GROUP = 50
"""Records; a value that more of them share finds no pairs."""
_HARDLY = 0.02
_ROOM = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Budget:
    """How many pairs may be looked at: per record, and at least."""

    per_record: float = 2.0
    least: int = 1_000_000

    def pairs(self, records: int) -> int:
        return max(self.least, int(records * self.per_record))


def blocking_rules(columns: Columns, budget: Budget | None = None) -> tuple[Rule, ...]:
    """The rules whose pairs fit the budget together, the most selective first, ties in the order of names.

    A column that finds its pairs alone needs no second one.
    """
    count = _count(columns)
    if is_small(count):
        return ANY_TWO
    most = (budget or Budget()).pairs(count)
    alone = {name: _groups(columns, (name,))[1] for name in sorted(columns)}
    costs: list[tuple[int, Rule]] = [(_pairs_within(sizes), (name,)) for name, sizes in alone.items()]
    tells = {name for name, sizes in alone.items() if _tells(columns[name], sizes) and _pairs_within(sizes) <= most}
    ways = combinations((name for name in alone if name not in tells), 2)
    costs = sorted([*costs, *((_pairs_within(_groups(columns, rule)[1]), rule) for rule in ways)])
    total = np.cumsum([cost for cost, _ in costs])
    return tuple(rule for (cost, rule), sum_ in zip(costs, total, strict=True) if cost and sum_ <= most)


def is_small(records: int) -> bool:
    """Whether so many records are looked at whole."""
    return records * (records - 1) // 2 <= _ALL_PAIRS


def rules_of(blocking: tuple[Rule, ...], columns: Columns) -> tuple[Rule, ...]:
    """The rules that a model names; those that the data choose where it names none, or looks at any two records."""
    return blocking if names_rules(blocking) else blocking_rules(columns)


def names_rules(blocking: tuple[Rule, ...]) -> bool:
    return bool(blocking) and ANY_TWO[0] not in blocking


def _tells(column: Encoded, sizes: Integers) -> bool:
    """Whether hardly a record has a value that more than a handful share."""
    counts = np.bincount(column.codes[column.codes >= 0])
    return bool(counts[counts > 1].sum() - sizes.sum() <= _HARDLY * max(counts.sum(), 1))


def candidates(columns: Columns, rules: tuple[Rule, ...]) -> Candidates:
    """Every pair that a rule finds, once, the smaller position left, in order."""
    count = _count(columns)
    if rules == ANY_TWO:
        return Candidates(*(side.astype(np.int64) for side in np.triu_indices(count, 1)))
    found = [left * count + right for rule in rules for left, right in _pairs(*_groups(columns, rule))]
    pairs = np.sort(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)
    left, right = np.divmod(pairs[np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)]], max(count, 1))
    return Candidates(left, right)


def pairs_found(columns: Columns, rule: Rule) -> int:
    """How many pairs a rule finds."""
    return _pairs_within(_groups(columns, rule)[1])


def _count(columns: Columns) -> int:
    return len(next(iter(columns.values())).codes) if columns else 0


def agreed(columns: Columns, rule: Rule) -> Integers:
    """Per record a number for what it has in the rule's columns, MISSING where it lacks one.

    Where there are more combinations than 63 bits can number, numbers are mixed (`packed_names`): of n different
    combinations two agree with a probability of about n² / 2⁶⁴.
    """
    value, room = columns[rule[0]].codes, len(columns[rule[0]].values)
    for name in rule[1:]:
        other = columns[name]
        room *= len(other.values)
        both = value * len(other.values) + other.codes if room <= _ROOM else _mixed(value, other.codes)
        value = np.where((value < 0) | (other.codes < 0), MISSING, both)
    return value


def _mixed(value: Integers, codes: Integers) -> Integers:
    return (packed_names(value, codes.astype(np.uint64)) & np.uint64(_ROOM)).astype(np.int64)


def _groups(columns: Columns, rule: Rule) -> tuple[Integers, Integers]:
    """Positions sorted by what they have in common, and the size of each group; groups of one or too many left out."""
    value = agreed(columns, rule)
    there = np.flatnonzero(value >= 0)
    group = pa.array(value[there]).dictionary_encode().indices.to_numpy(zero_copy_only=False)
    sizes = np.bincount(group) if len(group) else np.empty(0, dtype=np.int64)
    telling = (sizes > 1) & (sizes <= LARGEST_GROUP)
    kept = telling[group]
    rows, group = there[kept], group[kept]
    order = np.argsort(sizes[group] * len(sizes) + group, kind="stable")
    return rows[order], np.sort(sizes[telling])


def _pairs_within(sizes: Integers) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def _pairs(rows: Integers, sizes: Integers) -> Iterator[tuple[Integers, Integers]]:
    """All pairs within each group, the groups of one size at a time."""
    start = 0
    for size, number in zip(*np.unique(sizes, return_counts=True), strict=True):
        members = np.sort(rows[start : start + size * number].reshape(number, size), axis=1)
        start += size * number
        left, right = np.triu_indices(size, 1)
        yield members[:, left].ravel(), members[:, right].ravel()
