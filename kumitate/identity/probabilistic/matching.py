"""Pairs of a table's records that are alike: by a model that is given, or by one that is learned from the table."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kumitate.identity.graph.model import Floats, Integers, Pairs
from kumitate.identity.probabilistic.candidates import LARGEST_GROUP, candidates, rules_of
from kumitate.identity.probabilistic.columns import Candidates, Columns, Encoded, encode, with_shares, without
from kumitate.identity.probabilistic.comparisons import comparisons_for
from kumitate.identity.probabilistic.fitting import fit_pairs, untrained, with_frequencies
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
    columns: Columns
    """What was compared."""
    looked_at: int
    """How many pairs were weighed."""

    def evidence(self, left: Integers, right: Integers) -> Floats:
        """What any pair's values say, without the prior: above 0 for one person, below for two.

        This is what decides inside a person's records. The prior tells how rarely two records drawn from the whole
        table are one person; of records that hang together already it says nothing.
        """
        return self.weight(left, right) - self.model.prior


def telling(table: pa.Table) -> pa.Table:
    """The table without ways to reach people that are nobody's: what very many records share is taken as missing.

    A call centre's telephone on two thousand records would else speak for any two of them.
    """
    for place, name in enumerate(table.column_names):
        if name in REACHED_BY:
            texts = table[name].combine_chunks().cast(pa.string()).dictionary_encode()
            counts = np.bincount(pc.drop_null(texts.indices), minlength=len(texts.dictionary))
            kept = pc.if_else(pa.array(counts <= LARGEST_GROUP), texts.dictionary, None)
            table = table.set_column(place, name, kept.take(texts.indices))
    return table


def told(columns: Columns, *, counted: bool = False) -> dict[str, Encoded]:
    """The same of columns that are encoded; `counted` where their shares were counted in them."""
    found = dict(columns)
    for name in REACHED_BY:
        if name in found:
            codes, count = found[name].codes, len(found[name].values)
            crowded = np.bincount(codes[codes >= 0], minlength=count) > LARGEST_GROUP
            found[name] = without(found[name], crowded, counted=counted)
    return found


REACHED_BY = ("email", "phone", "address", "address_key", "national_id")


def matched(
    table: pa.Table, model: Model | None = None, *, least: float, compare: Collection[str] = (), seed: int = 0
) -> Matched | None:
    """Pairs that are one person with a probability of `least` or more; None where nothing can be compared.

    `table` holds cleansed texts, a row a record. Without a model one is learned from it, over the attributes in
    `compare`, or all that it has. The model that comes back tells how common values are: given again, it weighs the
    same pairs the same.
    """
    given = model or untrained(comparisons_for(compare or table.column_names))
    if not given.comparisons or table.num_rows < 2:
        return None
    columns = told(encode(table, given.columns, given.frequencies or None), counted=not given.frequencies)
    rules = rules_of(given.blocking, columns)
    found = candidates(columns, rules)
    fitted = model or fit_pairs(untrained(given.comparisons, rules), columns, found, seed=seed)
    if not fitted.frequencies:
        fitted = with_frequencies(fitted, columns)
        columns = with_shares(columns, fitted.frequencies)
    return weighed(fitted, columns, found, least=least)


def weighed(model: Model, columns: Columns, found: Candidates, *, least: float) -> Matched:
    """The candidates that are one person with a probability of `least` or more."""
    left, right = found.left, found.right
    weight = scorer_of(model, columns)
    weights = weight(left, right)
    chances = probability(weights)
    kept = chances >= least
    return Matched(Pairs(left[kept], right[kept], chances[kept]), weights[kept], model, weight, columns, len(found))
