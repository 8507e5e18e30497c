"""Which level each pair of records is at: Arrow's dictionaries, numpy's comparisons, rapidfuzz's distances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler, Levenshtein

from kumitate.identity.graph.model import Floats, Integers
from kumitate.identity.probabilistic.columns import MISSING, Candidates, Columns, Encoded, Objects, derived, in_terms_of
from kumitate.identity.probabilistic.levels import Measure, Test
from kumitate.identity.probabilistic.model import Comparison

Places = NDArray[np.int8]
Truths = NDArray[np.bool_]

_SCORERS: dict[Measure, Callable[..., float]] = {
    Measure.JARO_WINKLER: JaroWinkler.similarity,
    Measure.DAMERAU: DamerauLevenshtein.distance,
    Measure.LEVENSHTEIN: Levenshtein.distance,
}


@dataclass(frozen=True, slots=True)
class Agreement:
    """Comparisons over one set of columns; what was derived from a column is kept for the next batch of pairs."""

    columns: Columns
    _codes: dict[tuple[str, str, Measure], tuple[Integers, Integers]] = field(default_factory=dict)

    def places(self, comparison: Comparison, pairs: Candidates) -> Places:
        """Per pair the place of the first level that holds; the last one holds for all."""
        found = np.full(len(pairs), len(comparison.levels) - 1, dtype=np.int8)
        open_ = np.arange(len(pairs))
        kept: dict[Test, Floats] = {}
        for place, level in enumerate(comparison.levels[:-1]):
            holds = np.ones(len(open_), dtype=np.bool_)
            for test in level.tests:
                holds &= self._holds(test, pairs.at(open_), kept)
            found[open_[holds]] = place
            open_ = open_[~holds]
            kept = {test: measured[~holds] for test, measured in kept.items()}
        return found

    def _holds(self, test: Test, pairs: Candidates, kept: dict[Test, Floats]) -> Truths:
        """Whether the test holds for each pair; what was measured is kept for a level with another threshold."""
        if test.measure is Measure.NULL:
            one, other = self.columns[test.left], self.columns[test.right]
            return (one.codes[pairs.left] < 0) | (other.codes[pairs.right] < 0)
        if test.measure in _RULES:
            codes, others = self._comparable(test)
            a, b = codes[pairs.left], others[pairs.right]
            return np.asarray((a == b) & (a != MISSING))
        any_threshold = replace(test, threshold=0.0)
        if any_threshold not in kept:
            kept[any_threshold] = self._distances(test, pairs)
        measured = kept[any_threshold]
        if test.measure is Measure.JARO_WINKLER:
            return np.asarray(measured >= test.threshold)
        return np.asarray(measured <= test.threshold)

    def _comparable(self, test: Test) -> tuple[Integers, Integers]:
        """Codes of either side that are equal where what the test asks is equal."""
        name = (test.left, test.right, test.measure)
        if name not in self._codes:
            one, other = self.columns[test.left], self.columns[test.right]
            rule = _RULES[test.measure]
            if rule is None:
                self._codes[name] = (in_terms_of(one, other), other.codes)
            else:
                self._codes[name] = (derived(one, rule), derived(other, rule))
        return self._codes[name]

    def _distances(self, test: Test, pairs: Candidates) -> Floats:
        """How far each pair is apart, NaN where a side is missing; each two distinct values are looked at once."""
        one, other = self.columns[test.left], self.columns[test.right]
        a, b = one.codes[pairs.left], other.codes[pairs.right]
        there = (a >= 0) & (b >= 0)
        measured = np.full(len(pairs), np.nan)
        if there.any():
            distinct, inverse = np.unique(a[there] * len(other.values) + b[there], return_inverse=True)
            a, b = np.divmod(distinct, len(other.values))
            if test.measure is Measure.DAYS:
                measured[there] = np.abs(_days(one)[a] - _days(other)[b])[inverse]
            else:
                measured[there] = _measured(test.measure, one.values[a], other.values[b])[inverse]
        return measured


def _measured(measure: Measure, left: Objects, right: Objects) -> Floats:
    return np.asarray(process.cpdist(left, right, scorer=_SCORERS[measure], dtype=np.float64, workers=-1))


def _days(column: Encoded) -> Floats:
    """Days since 1970 per value, NaN where it is no ISO date."""
    texts = pa.array(column.values, pa.string())
    times = pc.strptime(texts, format="%Y-%m-%d", unit="s", error_is_null=True)
    days = times.cast(pa.int64()).to_numpy(zero_copy_only=False).astype(np.float64) / 86_400
    return np.asarray(days)


def username(value: str) -> str | None:
    return value.partition("@")[0] or None


def domain(value: str) -> str | None:
    return value.partition("@")[2] or None


_RULES: dict[Measure, Callable[[str], str | None] | None] = {
    Measure.EQUAL: None,
    Measure.USERNAME: username,
    Measure.DOMAIN: domain,
}
