"""One pair in words and weights, fast enough for a question that somebody waits for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler, Levenshtein

from kumitate.identity.probabilistic.columns import OTHERS, Frequencies
from kumitate.identity.probabilistic.levels import Check, Measure
from kumitate.identity.probabilistic.model import Comparison, Level, Model, words

Record = Mapping[str, str | None]
"""A cleansed record's texts by column; what is missing is None, blank, or not there."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one comparison says: `first_name: equal, +11.6 bits`. It holds no value of the records."""

    comparison: str
    said: str
    bits: float

    def __str__(self) -> str:
        return f"{self.comparison}: {self.said}, {self.bits:+.1f} bits"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a pair weighs what it does: the steps add up to `weight`, the first is where every pair starts."""

    steps: tuple[Step, ...]

    @property
    def weight(self) -> float:
        """log2 of the odds that the two are one person."""
        return math.fsum(step.bits for step in self.steps)

    @property
    def probability(self) -> float:
        return float(1.0 / (1.0 + math.exp2(-self.weight)))


def explain(model: Model, a: Record, b: Record, *, frequencies: Frequencies | None = None) -> Explanation:
    """The weight of one pair, comparison by comparison; the same as `scoring.score` gives for it."""
    steps = [Step("any two records", "before anything is compared", model.prior)]
    shared = 0.0
    for comparison in model.comparisons:
        level = next(level for level in comparison.levels if all(_holds(test, a, b) for test in level.tests))
        shares = (frequencies or model.frequencies).get(level.frequency)
        rarer = (
            _rarity(comparison, level, _larger(shares, a.get(level.frequency), b.get(level.frequency)))
            if shares
            else 0.0
        )
        bits = level.weight + rarer
        shared += bits if comparison.name in model.shared else 0.0
        steps.append(Step(comparison.name, words(level), bits))
    if shared > model.most_shared:
        said = "what a family shares counts together as one fact"
        steps.append(Step(" + ".join(model.shared), said, model.most_shared - shared))
    return Explanation(tuple(steps))


def _larger(shares: Mapping[str, float], *values: str | None) -> float | None:
    """The larger share of the two values, None where neither is known."""
    known = (shares.get(value, shares.get(OTHERS)) for value in values if value)
    return max((share for share in known if share is not None), default=None)


def _rarity(comparison: Comparison, level: Level, share: float | None) -> float:
    """What the pair weighs more (or less) because its value is rarer (or more common) than values are."""
    if share is None:
        return 0.0
    share = max(share, level.frequency_least)
    return level.frequency_weight * (math.log2(comparison.frequency_base(level.frequency)) - math.log2(share))


def _holds(test: Check, a: Record, b: Record) -> bool:
    if test.measure is Measure.ELSE:
        return True
    left, right = a.get(test.left), b.get(test.right)
    if test.measure is Measure.NULL:
        return not left or not right
    return bool(left) and bool(right) and _TESTS[test.measure](str(left), str(right), test.threshold)


def _days(left: str, right: str, most: float) -> bool:
    try:
        return abs((date.fromisoformat(left) - date.fromisoformat(right)).days) <= most
    except ValueError:
        return False


def _username(left: str, right: str, _: float) -> bool:
    one = left.partition("@")[0]
    return bool(one) and one == right.partition("@")[0]


def _domain(left: str, right: str, _: float) -> bool:
    one = left.partition("@")[2]
    return bool(one) and one == right.partition("@")[2]


def _equal(left: str, right: str, _: float) -> bool:
    return left == right


def _jaro_winkler(left: str, right: str, least: float) -> bool:
    return bool(JaroWinkler.similarity(left, right, score_cutoff=least) >= least)


def _damerau(left: str, right: str, most: float) -> bool:
    return bool(DamerauLevenshtein.distance(left, right, score_cutoff=int(most)) <= most)


def _levenshtein(left: str, right: str, most: float) -> bool:
    return bool(Levenshtein.distance(left, right, score_cutoff=int(most)) <= most)


_TESTS: dict[Measure, Callable[[str, str, float], bool]] = {
    Measure.EQUAL: _equal,
    Measure.JARO_WINKLER: _jaro_winkler,
    Measure.DAMERAU: _damerau,
    Measure.LEVENSHTEIN: _levenshtein,
    Measure.DAYS: _days,
    Measure.USERNAME: _username,
    Measure.DOMAIN: _domain,
}
