"""How alike two persons' records are by the project's model, at their most alike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from kumitate.cleanse.tables import RECORD_ID, clean_table
from kumitate.execution.named import ask, bound
from kumitate.execution.workspace import Workspace
from kumitate.identity.probabilistic.explaining import explain
from kumitate.identity.probabilistic.files import load
from kumitate.identity.probabilistic.model import Model
from kumitate.identity.why import Likeness

_MOST_RECORDS = 30


def best_likeness(workspace: Workspace, *both: Sequence[str]) -> Likeness | None:
    """The most probable of all pairs of their records; None without a model, or where none of them says anything."""
    declared = workspace.config.person.model
    if declared is None or declared.file is None:
        return None
    model = load((workspace.config.root / declared.file).read_text(encoding="utf-8"), declared.file)
    sides = [[row for record in records[:_MOST_RECORDS] for row in _row(workspace, record, model)] for records in both]
    told = max((explain(model, *pair) for pair in product(*sides)), key=lambda each: each.weight, default=None)
    if told is None:
        return None
    parts = tuple((step.comparison, step.said, step.bits) for step in told.steps)
    return Likeness(told.probability, told.weight, parts, declared.merge, declared.review)


def _row(workspace: Workspace, record: str, model: Model) -> list[dict[str, str | None]]:
    source, _, name = record.partition("/")
    if source not in workspace.config.sources:
        return []
    table = clean_table(source, workspace.config.sources[source])
    columns = [column for column in model.columns if table.column(column)]
    if not columns:
        return []
    named = ", ".join(f"cast({column} as varchar) as {column}" for column in columns)
    return ask(workspace, f'select {named} from {table} where "{RECORD_ID.name}" = {bound(name)} limit 1')
