"""Match weights of many pairs: log2 of how much more probable the pair's likeness is for one person than for two.

The weight of a pair is the model's prior plus the weights of its levels (Fellegi and Sunter 1969). An equal value
counts by its own frequency where the level says so: `log2(u) - log2(share)`, share being the larger of the two sides'
(the term frequency adjustment of Winkler and Yancey, as Splink applies it). What a family shares counts together for
at most `most_shared` bits: a common address makes a common telephone and name no surprise. Splink knows no such bound;
without it the weights are Splink's.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from kumitate.identity.graph.model import Floats, Integers
from kumitate.identity.probabilistic.agreement import Agreement
from kumitate.identity.probabilistic.columns import Candidates, Columns, Encoded, Frequencies, encode
from kumitate.identity.probabilistic.model import Level, Model

PairScorer = Callable[[Integers, Integers], Floats]
"""Positions of records, left and right, to their match weights (log2, with the prior)."""

_AT_ONCE = 500_000
"""Pairs; more would cost memory and save nothing."""


def scorer(model: Model, table: pa.Table) -> PairScorer:
    """A function from positions in `table` to match weights."""
    columns = encode(table, model.columns, model.frequencies or None)
    return scorer_of(model, columns)


def scorer_of(model: Model, columns: Columns) -> PairScorer:
    agreement = Agreement(columns)

    def weights(left: Integers, right: Integers) -> Floats:
        pairs = Candidates(left, right)
        parts = (slice(start, start + _AT_ONCE) for start in range(0, len(left), _AT_ONCE))
        scored = [_weights(model, agreement, pairs.at(part)) for part in parts]
        return np.concatenate(scored) if scored else np.empty(0)

    return weights


def score(model: Model, left: pa.Table, right: pa.Table, *, frequencies: Frequencies | None = None) -> Floats:
    """Match weights of row i of `left` with row i of `right`; `frequencies` are the model's own, unless given."""
    both = pa.concat_tables(
        [left.select(_held(model, left)), right.select(_held(model, right))], promote_options="default"
    )
    columns = encode(both, model.columns, frequencies or model.frequencies)
    rows = np.arange(left.num_rows)
    return scorer_of(model, columns)(rows, rows + left.num_rows)


def _held(model: Model, table: pa.Table) -> list[str]:
    return [name for name in model.columns if name in table.column_names]


def probability(weight: Floats) -> Floats:
    """Of being one person: `probability(0)` is one half."""
    return np.asarray(1.0 / (1.0 + np.exp2(-weight)))


def _weights(model: Model, agreement: Agreement, pairs: Candidates) -> Floats:
    own, shared = np.full(len(pairs), model.prior), np.zeros(len(pairs))
    for comparison in model.comparisons:
        sum_ = shared if comparison.name in model.shared else own
        places = agreement.places(comparison, pairs)
        sum_ += np.array([level.weight for level in comparison.levels])[places]
        for place, level in enumerate(comparison.levels):
            if level.frequency:
                rows = np.flatnonzero(places == place)
                base = comparison.frequency_base(level.frequency)
                sum_[rows] += _rarity(level, base, agreement.columns[level.frequency], pairs=pairs.at(rows))
    return own + np.minimum(shared, model.most_shared)


def _rarity(level: Level, base: float, column: Encoded, *, pairs: Candidates) -> Floats:
    """What pairs weigh more (or less) because their value is rarer (or more common) than `base`."""
    shares = np.append(column.shares, np.nan)
    larger = np.fmax(shares[column.codes[pairs.left]], shares[column.codes[pairs.right]])
    larger = np.maximum(np.where(np.isnan(larger), base, larger), level.frequency_least)
    return np.asarray(level.frequency_weight * (np.log2(base) - np.log2(larger)))
