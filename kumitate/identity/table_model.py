"""The probabilistic part of resolving a bare table: pairs that are alike, by a model that is given or trained here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from kumitate.identity.components import Integers
from kumitate.identity.graph.model import Pairs, PairScorer
from kumitate.identity.probabilistic.matching import matched
from kumitate.identity.probabilistic.model import Model
from kumitate.identity.probabilistic.rematching import Change, rematched
from kumitate.identity.table_keys import CleansedTable
from kumitate.identity.table_plan import TablePlan

ModelChoice = Model | Literal["train"] | None
"""A model as it was versioned, one that is trained on the table itself, or none."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Pairs from `review` on, what any pair's values say (without the prior), and the model, by record positions."""

    pairs: Pairs
    score: PairScorer
    model: Model


def attributes(cleansed: CleansedTable, rows: Integers) -> pa.Table:
    """Cleansed columns as texts, in the order of records."""
    taken = pa.array(rows)
    return pa.table({name: column.cast(pa.string()).take(taken) for name, column in cleansed.columns.items()})


def scored_anew(
    table: pa.Table, change: Change, model: Model, *, plan: TablePlan, review: float
) -> tuple[Scored, Integers]:
    """The pairs of the records that a change makes weighed anew, and these records; as `scored` has them."""
    found, anew = rematched(_compared(table, plan), change, model, least=review)
    return Scored(found.pairs, found.evidence, found.model), anew


def scored(table: pa.Table, choice: ModelChoice, plan: TablePlan, *, review: float) -> Scored | None:
    """None without a model, or where the table has nothing that could be compared."""
    if choice is None:
        return None
    found = matched(_compared(table, plan), choice if isinstance(choice, Model) else None, least=review)
    return Scored(found.pairs, found.evidence, found.model) if found else None


def _compared(table: pa.Table, plan: TablePlan) -> pa.Table:
    wanted = plan.entity.model.compare if plan.entity.model else ()
    return table.select([name for name in table.column_names if not wanted or name in wanted])
