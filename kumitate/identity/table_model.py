"""The probabilistic part of resolving a bare table: pairs that are alike, by a model that is given or trained here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from kumitate.identity.components import Integers
from kumitate.identity.graph.model import Pairs, PairScorer
from kumitate.identity.probabilistic.candidates import blocking_rules, candidates
from kumitate.identity.probabilistic.columns import encode
from kumitate.identity.probabilistic.comparisons import comparisons_for
from kumitate.identity.probabilistic.fitting import fit_pairs
from kumitate.identity.probabilistic.model import Model
from kumitate.identity.probabilistic.scoring import probability, scorer_of
from kumitate.identity.table_keys import CleansedTable
from kumitate.identity.table_plan import TablePlan

ModelChoice = Model | Literal["train"] | None
"""A model as it was versioned, one that is trained on the table itself, or none."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Pairs from `review` on, the scorer of any pair, and the model, by record positions."""

    pairs: Pairs
    score: PairScorer
    model: Model


def attributes(cleansed: CleansedTable, rows: Integers) -> pa.Table:
    """Cleansed columns as texts, in the order of records."""
    taken = pa.array(rows)
    return pa.table({name: column.cast(pa.string()).take(taken) for name, column in cleansed.columns.items()})


def scored(table: pa.Table, choice: ModelChoice, plan: TablePlan, *, review: float) -> Scored | None:
    """None without a model, or where the table has nothing that could be compared."""
    if choice is None:
        return None
    model = choice if isinstance(choice, Model) else Model(comparisons_for(_compared(table, plan)), 0.5)
    if not model.comparisons or table.num_rows < 2:
        return None
    columns = encode(table, model.columns)
    rules = model.blocking or blocking_rules(columns)
    found = candidates(columns, rules)
    if not isinstance(choice, Model):
        model = fit_pairs(Model(model.comparisons, 0.5, rules), columns, found)
    score = scorer_of(model, columns)
    chances = probability(score(found.left, found.right))
    kept = chances >= review
    return Scored(Pairs(found.left[kept], found.right[kept], chances[kept]), score, model)


def _compared(table: pa.Table, plan: TablePlan) -> tuple[str, ...]:
    wanted = plan.entity.model.compare if plan.entity.model else ()
    return tuple(name for name in table.column_names if not wanted or name in wanted)
