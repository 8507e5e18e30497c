"""A Fellegi-Sunter model as a value: what is compared, and how much each answer says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kumitate.identity.probabilistic.levels import Check, Measure


@dataclass(frozen=True, slots=True)
class Level:
    """One answer to "how alike?": how often it is seen among pairs of one person (`m`) and of two (`u`).

    `frequency` names the column whose rarer values weigh more, in the measure of `frequency_weight` (0..1).
    """

    tests: tuple[Check, ...]
    m: float = 0.5
    u: float = 0.5
    frequency: str = ""
    frequency_weight: float = 1.0
    frequency_least: float = 0.0
    """A value counts as no rarer than this."""

    @property
    def is_null(self) -> bool:
        return self.tests[0].measure is Measure.NULL

    @property
    def weight(self) -> float:
        """log2(m / u); 0 for a missing value."""
        return 0.0 if self.is_null else math.log2(self.m / self.u)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared, its levels from the most to the least alike; the first that holds counts."""

    name: str
    levels: tuple[Level, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it looks at, the one it is about first."""
        return tuple(dict.fromkeys(name for level in self.levels for test in level.tests for name in test.columns))

    def frequency_base(self, column: str) -> float:
        """The chance that two persons' values of the column are equal, which a value's own frequency stands in for."""
        equal = (Check(Measure.EQUAL, column, column),)
        return next((level.u for level in self.levels if level.tests == equal), 1.0)


@dataclass(frozen=True, slots=True)
class Model:
    """A Fellegi-Sunter model: comparisons, and how probable it is that two records drawn at random are one person."""

    comparisons: tuple[Comparison, ...]
    probability: float
    blocking: tuple[tuple[str, ...], ...] = ()
    """Pairs are looked at where all columns of one of these are equal; chosen by the data where there are none."""
    shared: tuple[str, ...] = ()
    """Comparisons of what a family shares (its name, address, telephone): together they are one fact."""
    most_shared: float = math.inf
    """Bits that the shared comparisons count for together at most."""
    frequencies: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """How common a column's common values are, and any other one (`columns.Frequencies`); without any, those of the
    table that is scored count."""
    rules_version: str = ""
    made_with: str = "kumitate"
    trained_on: Mapping[str, Any] = field(default_factory=dict)
    """`{"rows": 1000, "date": "2026-11-22"}`."""

    @property
    def prior(self) -> float:
        """The match weight of two records of which nothing is known, log2 of the odds."""
        return math.log2(self.probability / (1 - self.probability))

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for comparison in self.comparisons for name in comparison.columns))


def words(level: Level) -> str:
    """What a level says of two values: `alike (Jaro-Winkler at least 0.92)`."""
    if len(level.tests) > 1 and all(test.measure is Measure.EQUAL and test.left != test.right for test in level.tests):
        return f"{level.tests[0].left} and {level.tests[0].right} swapped"
    return " and ".join(_WORDS[test.measure].format(t=f"{test.threshold:g}") for test in level.tests)


_WORDS = {
    Measure.NULL: "missing on one side",
    Measure.EQUAL: "equal",
    Measure.JARO_WINKLER: "alike (Jaro-Winkler at least {t})",
    Measure.DAMERAU: "at most {t} typing errors apart",
    Measure.LEVENSHTEIN: "at most {t} characters apart",
    Measure.DAYS: "at most {t} days apart",
    Measure.USERNAME: "equal before the @",
    Measure.DOMAIN: "equal behind the @",
    Measure.ELSE: "different",
}
