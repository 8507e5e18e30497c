"""Learns a model from unlabelled records: how often equal and alike values are seen in one person, and in two.

`u` comes from pairs drawn at random, `m` and the share of pairs that are one person from expectation maximisation
over the pairs that blocking finds (Winkler 1988); a pair that no rule finds counts as two persons. Both are numpy
over counted patterns: the same rows in the same order give the same model to the last bit.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa

from kumitate.identity.probabilistic.agreement import Agreement
from kumitate.identity.probabilistic.candidates import Rule, blocking_rules, candidates
from kumitate.identity.probabilistic.columns import OTHERS, Candidates, Columns, Encoded, encode
from kumitate.identity.probabilistic.comparisons import SHARED
from kumitate.identity.probabilistic.levels import Measure
from kumitate.identity.probabilistic.maximisation import Maximisation, Patterns
from kumitate.identity.probabilistic.model import Comparison, Model

_RANDOM_PAIRS = 300_000
_FITTED_PAIRS = 300_000


def fit(table: pa.Table, comparisons: tuple[Comparison, ...], seed: int = 0) -> Model:
    """A model of these comparisons for records like those in `table`; m and u of the given levels are ignored."""
    names = tuple(dict.fromkeys(name for comparison in comparisons for name in comparison.columns))
    columns = encode(table, names)
    rules = blocking_rules(columns)
    return fit_pairs(untrained(comparisons, rules), columns, candidates(columns, rules), seed=seed)


def untrained(comparisons: tuple[Comparison, ...], rules: tuple[Rule, ...] = ()) -> Model:
    """A model that knows what to compare, and nothing yet of how much that says."""
    return Model(comparisons, 0.5, rules, tuple(each.name for each in comparisons if each.name in SHARED))


def fit_pairs(model: Model, columns: Columns, found: Candidates, *, seed: int = 0) -> Model:
    """The same over columns and candidate pairs that are there already."""
    records = len(next(iter(columns.values())).codes)
    agreement = Agreement(columns)
    drawn, scale = _drawn(found, _FITTED_PAIRS, seed)
    fitted = _patterns(model, agreement, drawn)
    random = _patterns(model, agreement, _at_random(records, seed))
    total = records * (records - 1) / 2
    seen = [_equal_shares(comparison, columns) for comparison in model.comparisons]
    return Maximisation(model, random, replace(fitted, pairs=fitted.pairs * scale), total, seen).run()


def versioned(model: Model, *, rows: int, rules_version: str, day: date) -> Model:
    """A model just learned, as it goes into a file: from how many records, cleansed by which rules, and when."""
    trained = {"rows": rows, "date": day.isoformat()}
    return replace(model, rules_version=rules_version, trained_on=trained)


def with_frequencies(model: Model, columns: Columns) -> Model:
    """The model with how common the values in these columns are, the rare ones told together.

    What a pair weighs then follows from the model and the pair alone, in this table, a larger one, and in what is new.
    A value is told by itself from COMMON records on: a file in a project must tell of nobody in particular.
    """
    names = {level.frequency for comparison in model.comparisons for level in comparison.levels if level.frequency}
    return replace(model, frequencies={name: _common(columns[name]) for name in sorted(names)})


COMMON = 20


def _common(column: Encoded) -> dict[str, float]:
    """Shares of the common values, and that of the value that somebody with a rare one has, on average."""
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.values))
    listed = sorted(np.flatnonzero(counts >= COMMON), key=lambda row: (-counts[row], column.values[int(row)].as_py()))
    shares = {column.values[int(row)].as_py(): float(counts[row] / counts.sum()) for row in listed}
    rare = counts[counts < COMMON].astype(np.float64)
    if rare.sum():
        shares[OTHERS] = float((rare**2).sum() / rare.sum() / counts.sum())
    return {value: float(f"{share:.6g}") for value, share in shares.items()}


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


def _patterns(model: Model, agreement: Agreement, pairs: Candidates) -> Patterns:
    places = [agreement.places(comparison, pairs) for comparison in model.comparisons]
    key = np.zeros(len(pairs), dtype=np.int64)
    for comparison, place in zip(model.comparisons, places, strict=True):
        key = key * len(comparison.levels) + place
    _, first, counts = np.unique(key, return_index=True, return_counts=True)
    return Patterns(np.stack([place[first] for place in places], axis=1), counts.astype(np.float64))


def _equal_shares(comparison: Comparison, columns: Columns) -> float | None:
    """How many of all pairs have equal values, counted and not drawn, where equality of one column comes first."""
    first = next(level for level in comparison.levels if not level.is_null)
    test = first.tests[0]
    if len(first.tests) > 1 or test.measure is not Measure.EQUAL or test.left != test.right:
        return None
    codes = columns[test.left].codes
    counts = np.bincount(codes[codes >= 0]).astype(np.float64)
    pairs = counts.sum() * (counts.sum() - 1)
    return float((counts * (counts - 1)).sum() / pairs) if pairs else None
