"""How alike two persons' records are by the project's model, at their most alike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pyarrow as pa

from kumitate.cleanse.tables import RECORD_ID, clean_table
from kumitate.execution.named import ask, bound
from kumitate.execution.workspace import Workspace
from kumitate.identity.probabilistic.files import load
from kumitate.identity.probabilistic.model import Model
from kumitate.identity.probabilistic.scoring import probability, score
from kumitate.identity.why import Likeness

_MOST_RECORDS = 30


def best_likeness(workspace: Workspace, left: Sequence[str], right: Sequence[str]) -> Likeness | None:
    """The most probable of all pairs of their records; None without a model, or where none of them says anything."""
    declared = workspace.config.person.model
    if declared is None or declared.file is None:
        return None
    model = load((workspace.config.root / declared.file).read_text(encoding="utf-8"), declared.file)
    sides = [_rows(workspace, records[:_MOST_RECORDS], model) for records in (left, right)]
    pairs = list(product(range(sides[0].num_rows), range(sides[1].num_rows)))
    if not pairs:
        return None
    places = [pa.array([pair[side] for pair in pairs]) for side in (0, 1)]
    weights = score(model, sides[0].take(places[0]), sides[1].take(places[1]))
    best = int(weights.argmax())
    return Likeness(
        float(probability(weights[best : best + 1])[0]),
        float(weights[best]),
        merge=declared.merge,
        review=declared.review,
    )


def _rows(workspace: Workspace, records: Sequence[str], model: Model) -> pa.Table:
    """What the model compares, of these records, as texts."""
    rows = [row for record in records for row in _row(workspace, record, model)]
    schema = pa.schema([pa.field(name, pa.string()) for name in model.columns])
    return pa.Table.from_pylist(rows, schema=schema)


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
