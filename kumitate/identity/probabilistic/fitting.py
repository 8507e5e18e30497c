"""Learns a model from unlabelled records: how often equal and alike values are seen in one person, and in two.

`u` comes from pairs drawn at random, `m` and the share of pairs that are one person from expectation maximisation
over the pairs that blocking finds (Winkler 1988); a pair that no rule finds counts as two persons. Both are numpy
over counted patterns: the same rows in the same order give the same model to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kumitate.identity.graph.model import Floats
from kumitate.identity.probabilistic.agreement import Agreement
from kumitate.identity.probabilistic.candidates import blocking_rules, candidates
from kumitate.identity.probabilistic.columns import Candidates, Columns, encode
from kumitate.identity.probabilistic.model import Comparison, Level, Model

_RANDOM_PAIRS = 1_000_000
_FITTED_PAIRS = 1_000_000
_ROUNDS = 100
_SETTLED = 1e-6
_START_WEIGHT = 20.0
"""Pairs that the starting values count for, so that few true pairs do not make an extreme model."""
_LEAST_M = 1e-3
"""Any field of anybody may be wrong now and then."""
_LEAST_UNMIXED = 0.01
"""Of what random pairs show, at least this much is chance."""
_EQUAL_AT_FIRST, _ELSE_AT_FIRST = 0.8, 0.05


@dataclass(frozen=True, slots=True)
class _Patterns:
    """Distinct combinations of levels (a column per comparison), and how many pairs show each."""

    levels: NDArray[np.int8]
    pairs: Floats


def fit(table: pa.Table, comparisons: tuple[Comparison, ...], seed: int = 0) -> Model:
    """A model of these comparisons for records like those in `table`; m and u of the given levels are ignored."""
    names = tuple(dict.fromkeys(name for comparison in comparisons for name in comparison.columns))
    columns = encode(table, names)
    rules = blocking_rules(columns)
    return fit_pairs(Model(comparisons, 0.5, rules), columns, candidates(columns, rules), seed=seed)


def fit_pairs(model: Model, columns: Columns, found: Candidates, *, seed: int = 0) -> Model:
    """The same over columns and candidate pairs that are there already."""
    records = len(next(iter(columns.values())).codes)
    agreement = Agreement(columns)
    drawn, scale = _drawn(found, _FITTED_PAIRS, seed)
    fitted = _patterns(model, agreement, drawn)
    random = _patterns(model, agreement, _at_random(records, seed))
    total = records * (records - 1) / 2
    return _Maximisation(model, random, replace(fitted, pairs=fitted.pairs * scale), total).run()


def _drawn(found: Candidates, most: int, seed: int) -> tuple[Candidates, float]:
    """At most so many of the pairs, and how many each stands for."""
    if len(found) <= most:
        return found, 1.0
    rows = np.sort(np.random.default_rng(seed).choice(len(found), most, replace=False))
    return found.at(rows), len(found) / most


def _at_random(records: int, seed: int) -> Candidates:
    """Pairs of records, all of them where there are few."""
    if records * (records - 1) // 2 <= _RANDOM_PAIRS:
        return Candidates(*(side.astype(np.int64) for side in np.triu_indices(records, 1)))
    drawn = np.random.default_rng(seed).integers(0, records, (2, _RANDOM_PAIRS))
    left, right = drawn[:, drawn[0] != drawn[1]]
    return Candidates(np.minimum(left, right), np.maximum(left, right))


def _patterns(model: Model, agreement: Agreement, pairs: Candidates) -> _Patterns:
    places = [agreement.places(comparison, pairs) for comparison in model.comparisons]
    key = np.zeros(len(pairs), dtype=np.int64)
    for comparison, place in zip(model.comparisons, places, strict=True):
        key = key * len(comparison.levels) + place
    _, first, counts = np.unique(key, return_index=True, return_counts=True)
    return _Patterns(np.stack([place[first] for place in places], axis=1), counts.astype(np.float64))


@dataclass(slots=True)
class _Maximisation:
    model: Model
    random: _Patterns
    found: _Patterns
    total: float
    """All pairs that there are."""

    def run(self) -> Model:
        start = [_at_first(comparison) for comparison in self.model.comparisons]
        m, share = start, min(0.5, len(self.found.pairs) and self.found.pairs.sum() / self.total / 10)
        u = [self._of_two(place, of_one, 0.0) for place, of_one in enumerate(m)]
        for _ in range(_ROUNDS):
            expected = self.found.pairs * self._posterior(m, u, share)
            matches = expected.sum()
            previous, share = share, max(float(matches / self.total), 1 / self.total)
            m = [self._maximised(place, expected, first) for place, first in enumerate(start)]
            u = [self._of_two(place, of_one, share) for place, of_one in enumerate(m)]
            if abs(share - previous) < _SETTLED * share:
                break
        return self._model(m, u, share)

    def _shares(self, patterns: _Patterns, place: int) -> Floats:
        """How often each level is seen among these pairs, those with a missing value left out."""
        levels = self.model.comparisons[place].levels
        counts = np.bincount(patterns.levels[:, place], weights=patterns.pairs, minlength=len(levels))
        counts[[level.is_null for level in levels]] = 0.0
        counts += np.array([0.0 if level.is_null else 0.5 for level in levels])
        return np.asarray(counts / counts.sum())

    def _of_two(self, place: int, m: Floats, share: float) -> Floats:
        """What random pairs show less what those of one person among them do; in a small table they are many.

        However rare it is, being alike weighs no more than being equal: a level that hardly anybody shows says little.
        """
        seen = self._shares(self.random, place)
        u = np.where(seen > 0, np.maximum(seen - share * m, seen * _LEAST_UNMIXED), 0.0)
        levels = self.model.comparisons[place].levels
        equal = next(number for number, level in enumerate(levels) if not level.is_null)
        alike = [number > equal and len(level.tests) == 1 for number, level in enumerate(levels)]
        u = np.where(alike, np.maximum(u, m * u[equal] / m[equal]), u)
        return np.asarray(u / u.sum())

    def _posterior(self, m: list[Floats], u: list[Floats], share: float) -> Floats:
        odds = np.full(len(self.found.pairs), np.log(share / (1 - share)))
        for place, (of_one, of_two) in enumerate(zip(m, u, strict=True)):
            weights = np.log(np.where(of_two > 0, of_one, 1.0) / np.where(of_two > 0, of_two, 1.0))
            odds += weights[self.found.levels[:, place]]
        return np.asarray(1.0 / (1.0 + np.exp(-odds)))

    def _maximised(self, place: int, expected: Floats, start: Floats) -> Floats:
        counts = np.bincount(self.found.levels[:, place], weights=expected, minlength=len(start))
        counts = np.where(start > 0, counts + _START_WEIGHT * start, 0.0)
        shares = np.where(start > 0, np.maximum(counts / counts.sum(), _LEAST_M), 0.0)
        return np.asarray(shares / shares.sum())

    def _model(self, m: list[Floats], u: list[Floats], share: float) -> Model:
        comparisons = tuple(
            replace(comparison, levels=tuple(_level(*at) for at in zip(comparison.levels, of_one, of_two, strict=True)))
            for comparison, of_one, of_two in zip(self.model.comparisons, m, u, strict=True)
        )
        return replace(self.model, comparisons=comparisons, probability=share)


def _level(level: Level, m: float, u: float) -> Level:
    return level if level.is_null else replace(level, m=float(m), u=float(u))


def _at_first(comparison: Comparison) -> Floats:
    """Equal values are the rule in one person, different ones the exception."""
    telling = [not level.is_null for level in comparison.levels]
    between = sum(telling) - 2
    shares = np.where(telling, (1 - _EQUAL_AT_FIRST - _ELSE_AT_FIRST) / max(between, 1), 0.0)
    shares[telling.index(True)] = _EQUAL_AT_FIRST
    shares[-1] = _ELSE_AT_FIRST
    return np.asarray(shares / shares.sum())
