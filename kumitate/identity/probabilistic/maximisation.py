"""Expectation maximisation over counted patterns: how often a level is seen in records of one person, and of two."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kumitate.identity.graph.model import Floats
from kumitate.identity.probabilistic.comparisons import HOMES
from kumitate.identity.probabilistic.model import Comparison, Level, Model

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
class Patterns:
    """Distinct combinations of levels (a column per comparison), and how many pairs show each."""

    levels: NDArray[np.int8]
    pairs: Floats


@dataclass(slots=True)
class Maximisation:
    model: Model
    random: Patterns
    found: Patterns
    total: float
    """All pairs that there are."""
    equal: list[float | None]
    """Per comparison the share of pairs with equal values, where it was counted."""

    def run(self) -> Model:
        """First `u` is what random pairs show, those of one person among them: too careful, but never runs away.

        Once it is known which pairs are of one person, they are taken out of `u`, and `m` is learned again.
        """
        start = [_at_first(comparison) for comparison in self.model.comparisons]
        u = [self._of_two(place, of_one, 0.0) for place, of_one in enumerate(start)]
        share = min(0.5, self._within_reason(self.found.pairs.sum() / self.total / 10))
        m, share = self._settled(start, u, share)
        u = [self._of_two(place, of_one, share) for place, of_one in enumerate(m)]
        m, share = self._settled(m, u, share)
        return self._model(m, u, share)

    def _settled(self, m: list[Floats], u: list[Floats], share: float) -> tuple[list[Floats], float]:
        """`m` and the share of pairs that are one person, learned until they hardly change."""
        for _ in range(_ROUNDS):
            expected = self.found.pairs * self._posterior(m, u, share)
            previous, share = share, self._within_reason(float(expected.sum() / self.total))
            m = [self._maximised(place, expected) for place in range(len(m))]
            if abs(share - previous) < _SETTLED * share:
                break
        return m, share

    def _within_reason(self, share: float) -> float:
        """At least one pair is one person, and never is it sure that all are: a table of two equal rows has one."""
        return min(max(share, 1 / self.total), 1 - 0.5 / self.total)

    def _shares(self, patterns: Patterns, place: int) -> Floats:
        """How often each level is seen among these pairs, those with a missing value left out."""
        levels = self.model.comparisons[place].levels
        counts = np.bincount(patterns.levels[:, place], weights=patterns.pairs, minlength=len(levels))
        counts[[level.is_null for level in levels]] = 0.0
        counts += np.array([0.0 if level.is_null else 0.5 for level in levels])
        shares = counts / counts.sum()
        counted = self.equal[place]
        if counted is None or patterns is not self.random:
            return np.asarray(shares)
        equal = int(np.flatnonzero(shares)[0])
        counted = max(counted, 0.5 / self.total)
        rest = np.where(np.arange(len(shares)) == equal, 0.0, shares)
        return np.asarray(np.where(np.arange(len(shares)) == equal, counted, rest / rest.sum() * (1 - counted)))

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
        own = np.full(len(self.found.pairs), np.log2(share / (1 - share)))
        shared = np.zeros(len(own))
        for place, comparison in enumerate(self.model.comparisons):
            sum_ = shared if comparison.name in self.model.shared else own
            sum_ += _bits(m[place], u[place])[self.found.levels[:, place]]
        return np.asarray(1.0 / (1.0 + np.exp2(-own - np.minimum(shared, self._most_shared(m, u)))))

    def _most_shared(self, m: list[Floats], u: list[Floats]) -> float:
        """What the surest sign of one family says: whose address is one may well have one telephone and name, too."""
        homes = [
            float(_bits(m[place], u[place]).max())
            for place, comparison in enumerate(self.model.comparisons)
            if comparison.name in HOMES
        ]
        return max(homes, default=math.inf)

    def _maximised(self, place: int, expected: Floats) -> Floats:
        start = _at_first(self.model.comparisons[place])
        counts = np.bincount(self.found.levels[:, place], weights=expected, minlength=len(start))
        counts = np.where(start > 0, counts + _START_WEIGHT * start, 0.0)
        shares = np.where(start > 0, np.maximum(counts / counts.sum(), _LEAST_M), 0.0)
        return np.asarray(shares / shares.sum())

    def _model(self, m: list[Floats], u: list[Floats], share: float) -> Model:
        comparisons = tuple(
            replace(comparison, levels=tuple(_level(*at) for at in zip(comparison.levels, of_one, of_two, strict=True)))
            for comparison, of_one, of_two in zip(self.model.comparisons, m, u, strict=True)
        )
        return replace(self.model, comparisons=comparisons, probability=share, most_shared=self._most_shared(m, u))


def _bits(m: Floats, u: Floats) -> Floats:
    """log2(m / u) per level; 0 where the level says nothing."""
    return np.asarray(np.log2(np.where(u > 0, m, 1.0) / np.where(u > 0, u, 1.0)))


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
