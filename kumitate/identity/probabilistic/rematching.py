"""Pairs that a change may have made or unmade: those of records that changed, and of those beside a cap it crossed.

A pair is looked at and weighed by its own two records, but for two caps on how many records have one value: beyond it
the value finds no pairs (`candidates.LARGEST_GROUP`), or speaks for nobody (`matching.telling`). Where a change takes a
value across a cap, in either direction, all records that have it are weighed anew, too. The outcome is that of weighing
everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kumitate.identity.graph.model import Integers
from kumitate.identity.probabilistic.candidates import (
    ANY_TWO,
    LARGEST_GROUP,
    Rule,
    agreed,
    candidates,
    is_small,
    names_rules,
    rules_of,
)
from kumitate.identity.probabilistic.columns import MISSING, Candidates, Columns, Encoded, encode
from kumitate.identity.probabilistic.matching import Matched, told, weighed
from kumitate.identity.probabilistic.model import Model

Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Change:
    """Rows of one table that are its records before and now, and the places among those of now that changed."""

    before: Integers
    now: Integers
    changed: Integers


def rematched(table: pa.Table, change: Change, model: Model, *, least: float) -> tuple[Matched, Integers]:
    """All pairs of the records that have to be weighed anew, by their places now, and these records."""
    encoded = encode(table, model.columns, model.frequencies or None)
    before, now = (_told(encoded, rows) for rows in (change.before, change.now))
    rules = rules_of(model.blocking, now)
    if not names_rules(model.blocking) and not _is_small(change):
        everybody = np.arange(len(change.now))
        return weighed(model, now, candidates(now, rules), least=least), everybody
    anew = _anew(before, now, change, rules=() if rules == ANY_TWO else rules)
    found = candidates_of(anew, now, rules, count=len(change.now))
    return weighed(model, now, found, least=least), anew


def candidates_of(anew: Integers, columns: Columns, rules: tuple[Rule, ...], *, count: int) -> Candidates:
    """The pairs that the rules find among `count` records, of those that are weighed anew; each once, in order."""
    if not len(anew):
        return Candidates(anew, anew)
    return _beside(anew, count) if rules == ANY_TWO else _candidates(columns, rules, anew)


def _is_small(change: Change) -> bool:
    """Whether any two records were looked at before, and are now."""
    return is_small(max(len(change.before), len(change.now)))


def _told(encoded: Columns, rows: Integers) -> dict[str, Encoded]:
    """The columns of these rows, without what very many of them share (as `matching.telling` has it)."""
    return told({name: replace(column, codes=column.codes[rows]) for name, column in encoded.items()})


def _anew(before: Columns, now: Columns, change: Change, *, rules: tuple[Rule, ...]) -> Integers:
    """Who changed or says something else now, and who has what a rule found pairs by before or does now, not both."""
    is_anew = np.zeros(len(change.now), np.bool_)
    is_anew[change.changed] = True
    stays, place = np.isin(change.before, change.now), np.argsort(change.now)
    there = place[np.searchsorted(change.now, change.before[stays], sorter=place)]
    left = ~stays
    for name in before:
        differs = before[name].codes[stays] != now[name].codes[there]
        is_anew[there[differs]] = True
        left[np.flatnonzero(stays)[differs]] = True
    crossed = [_crossed(agreed(before, rule), left, agreed(now, rule), is_new=is_anew) for rule in rules]
    return np.flatnonzero(np.logical_or.reduce([is_anew, *crossed]))


def _crossed(before: Integers, left: Truths, now: Integers, *, is_new: Truths) -> Truths:
    """Per record of now whether too many had its value before and no longer, or the other way round.

    Only a value that somebody had who left, or has who is new, can have crossed the cap.
    """
    values = np.append(before[left], now[is_new])
    values = np.unique(values[values != MISSING])
    old, new = (np.bincount(_places(part, values), minlength=len(values) + 1) for part in (before, now))
    crosses = (old > LARGEST_GROUP) != (new > LARGEST_GROUP)
    crosses[-1] = False
    return np.asarray(crosses[_places(now, values)])


def _places(among: Integers, values: Integers) -> Integers:
    """Where each number stands in `values`, which are sorted; their count for those that do not."""
    place = np.searchsorted(values, among)
    return np.where(np.append(values, MISSING - 1)[place] == among, place, len(values))


def _beside(anew: Integers, count: int) -> Candidates:
    """Any two records of which one is weighed anew, each two once."""
    is_anew = np.zeros(count, np.bool_)
    is_anew[anew] = True
    left, right = np.repeat(anew, count), np.tile(np.arange(count), len(anew))
    kept = (left < right) | ((right < left) & ~is_anew[right])
    return Candidates(np.minimum(left, right)[kept], np.maximum(left, right)[kept])


def _candidates(columns: Columns, rules: tuple[Rule, ...], anew: Integers) -> Candidates:
    """The pairs that the rules find, of the records that are weighed anew."""
    count = len(next(iter(columns.values())).codes)
    is_anew = np.zeros(count, np.bool_)
    is_anew[anew] = True
    pairs = np.unique(np.concatenate([*_found(columns, rules, is_anew), np.empty(0, np.int64)]))
    return Candidates(*np.divmod(pairs, max(count, 1)))


def _found(columns: Columns, rules: tuple[Rule, ...], is_anew: Truths) -> Iterator[Integers]:
    """Pairs as one number each, by rule: of all who have what a record has that is weighed anew."""
    for rule in rules:
        value = agreed(columns, rule)
        wanted = np.unique(value[is_anew & (value != MISSING)])
        near = np.flatnonzero(_places(value, wanted) < len(wanted))
        part = {name: replace(columns[name], codes=columns[name].codes[near]) for name in rule}
        found = candidates(part, (rule,))
        left, right = near[found.left], near[found.right]
        kept = is_anew[left] | is_anew[right]
        yield left[kept] * len(is_anew) + right[kept]
