"""Pairs of a table's records that are alike: by a model that is given, or by one that is learned from the table."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pyarrow as pa

from kumitate.identity.graph.model import Floats, Integers, Pairs
from kumitate.identity.probabilistic.candidates import blocking_rules, candidates
from kumitate.identity.probabilistic.columns import Columns, encode
from kumitate.identity.probabilistic.comparisons import comparisons_for
from kumitate.identity.probabilistic.fitting import fit_pairs, untrained
from kumitate.identity.probabilistic.model import Model
from kumitate.identity.probabilistic.scoring import PairScorer, probability, scorer_of


@dataclass(frozen=True, slots=True)
class Matched:
    """Pairs by the positions of their records, with what made them."""

    pairs: Pairs
    weights: Floats
    """log2 of the odds, with the prior."""
    model: Model
    weight: PairScorer
    """The weight of any pair."""

    def evidence(self, left: Integers, right: Integers) -> Floats:
        """What any pair's values say, without the prior: above 0 for one person, below for two.

        This is what decides inside a person's records. The prior tells how rarely two records drawn from the whole
        table are one person; of records that hang together already it says nothing.
        """
        return self.weight(left, right) - self.model.prior


def matched(
    table: pa.Table, model: Model | None = None, *, least: float, compare: Collection[str] = (), seed: int = 0
) -> Matched | None:
    """Pairs that are one person with a probability of `least` or more; None where nothing can be compared.

    `table` holds cleansed texts, a row a record. Without a model one is learned from it, over the attributes in
    `compare`, or all that it has.
    """
    given = model or untrained(comparisons_for(compare or table.column_names))
    if not given.comparisons or table.num_rows < 2:
        return None
    columns = encode(table, given.columns, given.frequencies if model else None)
    rules = given.blocking or blocking_rules(columns)
    found = candidates(columns, rules)
    model = model or fit_pairs(untrained(given.comparisons, rules), columns, found, seed=seed)
    return _matched(model, columns, found.left, right=found.right, least=least)


def _matched(model: Model, columns: Columns, left: Integers, *, right: Integers, least: float) -> Matched:
    weight = scorer_of(model, columns)
    weights = weight(left, right)
    chances = probability(weights)
    kept = chances >= least
    return Matched(Pairs(left[kept], right[kept], chances[kept]), weights[kept], model, weight)
