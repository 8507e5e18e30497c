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
from kumitate.identity.probabilistic.columns import MISSING, Candidates, Columns, Encoded, derived, in_terms_of
from kumitate.identity.probabilistic.levels import Check, Measure
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
        widest = _widest(comparison)
        kept: dict[Check, Floats] = {}
        for place, level in enumerate(comparison.levels[:-1]):
            holds = np.ones(len(open_), dtype=np.bool_)
            for test in level.tests:
                if test.measure in _SCORERS or test.measure is Measure.DAYS:
                    holds &= self._near(test, pairs.at(open_), kept, widest=widest[_any(test)])
                else:
                    holds &= self._holds(test, pairs.at(open_))
            found[open_[holds]] = place
            open_ = open_[~holds]
            kept = {test: measured[~holds] for test, measured in kept.items()}
        return found

    def _holds(self, test: Check, pairs: Candidates) -> Truths:
        if test.measure is Measure.NULL:
            one, other = self.columns[test.left], self.columns[test.right]
            return (one.codes[pairs.left] < 0) | (other.codes[pairs.right] < 0)
        codes, others = self._comparable(test)
        a, b = codes[pairs.left], others[pairs.right]
        return np.asarray((a == b) & (a != MISSING))

    def _near(self, test: Check, pairs: Candidates, kept: dict[Check, Floats], *, widest: float) -> Truths:
        """Whether each pair is as near as the test asks; what was measured is kept for a level that asks for less."""
        if _any(test) not in kept:
            kept[_any(test)] = self._distances(replace(test, threshold=widest), pairs)
        measured = kept[_any(test)]
        if test.measure is Measure.JARO_WINKLER:
            return np.asarray(measured >= test.threshold)
        return np.asarray(measured <= test.threshold)

    def _comparable(self, test: Check) -> tuple[Integers, Integers]:
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

    def _distances(self, test: Check, pairs: Candidates) -> Floats:
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
                measured[there] = _measured(test, one.values.take(pa.array(a)), other.values.take(pa.array(b)))[inverse]
        return measured


def _measured(test: Check, left: pa.Array, right: pa.Array) -> Floats:
    """Beyond the test's threshold the measure stops counting: what is further is just that."""
    scorer = _SCORERS[test.measure]
    sides = (texts.to_numpy(zero_copy_only=False) for texts in (left, right))
    return np.asarray(process.cpdist(*sides, scorer=scorer, score_cutoff=test.threshold, dtype=np.float64, workers=-1))


def _any(test: Check) -> Check:
    """The test without its threshold: what is measured once for all levels."""
    return replace(test, threshold=0.0)


def _widest(comparison: Comparison) -> dict[Check, float]:
    """Of each measure the threshold that most pairs reach."""
    widest: dict[Check, float] = {}
    for level in comparison.levels:
        for test in level.tests:
            wider = min if test.measure is Measure.JARO_WINKLER else max
            widest[_any(test)] = wider(widest.get(_any(test), test.threshold), test.threshold)
    return widest


def _days(column: Encoded) -> Floats:
    """Days since 1970 per value, NaN where it is no ISO date."""
    times = pc.strptime(column.values, format="%Y-%m-%d", unit="s", error_is_null=True)
    days = times.cast(pa.int64()).to_numpy(zero_copy_only=False).astype(np.float64) / 86_400
    return np.asarray(days)


def usernames(values: pa.Array) -> pa.Array:
    """What stands before the first `@`; null for nothing."""
    return _unless_blank(pc.list_element(pc.split_pattern(values, "@", max_splits=1), 0))


def domains(values: pa.Array) -> pa.Array:
    """What stands behind the first `@`; null where there is none."""
    return _unless_blank(pc.struct_field(pc.extract_regex(values, "^[^@]*@(?P<domain>.+)$"), "domain"))


def _unless_blank(values: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(values, ""), None, values)


_RULES: dict[Measure, Callable[[pa.Array], pa.Array] | None] = {
    Measure.EQUAL: None,
    Measure.USERNAME: usernames,
    Measure.DOMAIN: domains,
}
