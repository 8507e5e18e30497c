"""The probabilistic part of resolving a bare table: pairs that are alike, by a model that is given or trained here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from kumitate.identity.components import Integers
from kumitate.identity.graph.model import Pairs, PairScorer
from kumitate.identity.probabilistic.matching import matched
from kumitate.identity.probabilistic.model import Model
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


def scored(table: pa.Table, choice: ModelChoice, plan: TablePlan, *, review: float) -> Scored | None:
    """None without a model, or where the table has nothing that could be compared."""
    if choice is None:
        return None
    wanted = plan.entity.model.compare if plan.entity.model else ()
    compared = table.select([name for name in table.column_names if not wanted or name in wanted])
    found = matched(compared, choice if isinstance(choice, Model) else None, least=review)
    return Scored(found.pairs, found.evidence, found.model) if found else None
