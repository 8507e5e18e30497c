"""How alike two persons' records are by the project's model, at their most alike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import pyarrow as pa

from kumitate.config.identity import Probabilistic
from kumitate.execution.named import ask, bound
from kumitate.execution.workspace import Workspace
from kumitate.identity.probabilistic.explaining import explain
from kumitate.identity.probabilistic.files import load
from kumitate.identity.probabilistic.matching import matched
from kumitate.identity.probabilistic.model import Model
from kumitate.identity.weighing import compared_attributes, compared_query
from kumitate.identity.why import Likeness
from kumitate.model.step import Query

_MOST_RECORDS = 30
_MOST_LEARNED = 100_000
"""Of more records nobody waits until a model is learned; give it a file."""


def best_likeness(workspace: Workspace, *both: Sequence[str]) -> Likeness | None:
    """The most probable of all pairs of their records; None without a model, or where none of them says anything."""
    declared = workspace.config.person.model
    model = _model(workspace, declared) if declared else None
    if declared is None or model is None:
        return None
    sides = [_rows(workspace, records[:_MOST_RECORDS], model) for records in both]
    told = max((explain(model, *pair) for pair in product(*sides)), key=lambda each: each.weight, default=None)
    if told is None:
        return None
    parts = tuple((step.comparison, step.said, step.bits) for step in told.steps)
    return Likeness(told.probability, told.weight, parts, declared.merge, declared.review)


def _model(workspace: Workspace, declared: Probabilistic) -> Model | None:
    """As it is versioned, or as the run learned it: from the same records it is the same."""
    if declared.file is not None:
        return load((workspace.config.root / declared.file).read_text(encoding="utf-8"), declared.file)
    query = compared_query(workspace.config)
    count = ask(workspace, f"select count(*) as records from ({query.sql}) as c")[0]["records"]
    if count > _MOST_LEARNED:
        return None
    names = compared_attributes(workspace.config, None)
    sql = f"select {', '.join(names)} from ({query.sql}) as c order by c.record"
    table = pa.Table.from_batches(workspace.engine.rows(Query("compared", sql)))
    found = matched(table, None, least=declared.review)
    return found.model if found else None


def _rows(workspace: Workspace, records: Sequence[str], model: Model) -> list[dict[str, Any]]:
    """What the model compares, of these records, as texts; events say nothing."""
    names = compared_attributes(workspace.config, model)
    if not names or not records:
        return []
    sql = compared_query(workspace.config, model).sql
    listed = ", ".join(map(bound, records))
    return ask(workspace, f"select {', '.join(names)} from ({sql}) as c where c.record in ({listed}) order by c.record")
