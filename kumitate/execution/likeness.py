"""How alike two persons' records are by the project's model, at their most alike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

from kumitate.execution.named import ask, bound
from kumitate.execution.workspace import Workspace
from kumitate.identity.probabilistic.explaining import explain
from kumitate.identity.probabilistic.files import load
from kumitate.identity.probabilistic.model import Model
from kumitate.identity.tables import PAIR_WEIGHTS
from kumitate.identity.weighing import compared_attributes, compared_query
from kumitate.identity.why import Likeness

_MOST_RECORDS = 30


def best_likeness(workspace: Workspace, *both: Sequence[str]) -> Likeness | None:
    """The most probable of all pairs of their records; None without a model, or where none of them says anything."""
    declared = workspace.config.person.model
    model = _model(workspace) if declared else None
    if declared is None or model is None:
        return None
    sides = [_rows(workspace, records[:_MOST_RECORDS], model) for records in both]
    told = max((explain(model, *pair) for pair in product(*sides)), key=lambda each: each.weight, default=None)
    if told is None:
        return None
    parts = tuple((step.comparison, step.said, step.bits) for step in told.steps)
    return Likeness(told.probability, told.weight, parts, declared.merge, declared.review)


def _model(workspace: Workspace) -> Model | None:
    """The model by which the last run weighed; None where none has."""
    if str(PAIR_WEIGHTS) not in workspace.lake.tables():
        return None
    texts = [row["text"] for row in ask(workspace, f"select text from {PAIR_WEIGHTS} where part = 'model'")]
    return load(texts[0], str(PAIR_WEIGHTS)) if texts else None


def _rows(workspace: Workspace, records: Sequence[str], model: Model) -> list[dict[str, Any]]:
    """What the model compares, of these records, as texts; events say nothing."""
    names = compared_attributes(workspace.config, model)
    if not names or not records:
        return []
    sql = compared_query(workspace.config, model).sql
    listed = ", ".join(map(bound, records))
    return ask(workspace, f"select {', '.join(names)} from ({sql}) as c where c.record in ({listed}) order by c.record")
