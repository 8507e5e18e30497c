"""What is kept of a model's work from run to run, as rows of `staging.pair_weights` and as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kumitate.identity.components import positions
from kumitate.identity.graph.model import Hashes, Integers, Pairs
from kumitate.identity.probabilistic.crowds import Crowds
from kumitate.identity.statements import statement
from kumitate.identity.tables import PAIR_WEIGHTS
from kumitate.model.step import Query

PAIRS_BEFORE = "pairs_before"
PAIRS = "pairs"
_AND = "+"


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The model that weighs: its text, what the project declared when it was made, and of how many records it was made.

    `records` is 0 where the declared model leaves nothing to the data.
    """

    text: str
    declared: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairWeights:
    """Pairs by the places of their records in `names`, which are in order, and what each record said."""

    model: InForce
    names: pa.Array
    said: Integers
    """A hash per record of all that the model looks at."""
    crowds: Crowds
    pairs: Pairs


def pairs_query(name: str) -> Query:
    """All that is kept, as it stands."""
    columns = ", ".join(column.name for column in PAIR_WEIGHTS.columns)
    return statement(name, f"select {columns} from {PAIR_WEIGHTS}")


def known_pairs(rows: pa.Table) -> PairWeights | None:
    """What the rows tell; None where no model has weighed anything."""
    parts = {name: rows.filter(pc.equal(rows["part"], name)) for name in ("model", "record", "crowd", "pair")}
    models = parts["model"].to_pylist()
    if not models:
        return None
    model = InForce(text=models[0]["text"], declared=models[0]["kind"], records=models[0]["number"])
    names, said = _large(parts["record"]["record"]), parts["record"]["number"].to_numpy()
    order = pc.sort_indices(names)
    names, said = names.take(order), said[order.to_numpy()]
    pairs = parts["pair"]
    left, right = (positions(_large(pairs[side]), names) for side in ("record", "other_record"))
    by_place = np.lexsort((right, left))
    found = Pairs(left[by_place], right[by_place], pairs["probability"].to_numpy()[by_place])
    return PairWeights(model=model, names=names, said=said, crowds=_crowds(parts["crowd"]), pairs=found)


def _large(column: pa.ChunkedArray) -> pa.Array:
    return pa.chunked_array(column.cast(pa.large_string()), pa.large_string()).combine_chunks()


def _crowds(rows: pa.Table) -> Crowds:
    number = rows["number"].to_numpy().view(np.uint64)
    rules = np.array(rows["kind"].to_pylist(), dtype=object)
    return {tuple(str(rule).split(_AND)): number[rules == rule] for rule in set(rules.tolist())}


def rows_of_pairs(kept: PairWeights) -> pa.Table:
    """One table of all parts; columns that a part has not are empty."""
    pairs, model = kept.pairs, kept.model
    crowds = [(_AND.join(rule), number) for rule, numbers in kept.crowds.items() for number in _signed(numbers)]
    return pa.concat_tables(
        [
            _part(1, part="model", kind=model.declared, number=model.records, text=model.text),
            _part(len(kept.names), part="record", record=kept.names, number=pa.array(kept.said)),
            _part(
                len(crowds),
                part="crowd",
                kind=pa.array([kind for kind, _ in crowds], pa.string()),
                number=pa.array([number for _, number in crowds], pa.int64()),
            ),
            _part(
                len(pairs.left),
                part="pair",
                record=kept.names.take(pa.array(pairs.left)),
                other_record=kept.names.take(pa.array(pairs.right)),
                probability=pa.array(pairs.probability),
            ),
        ]
    )


def _signed(numbers: Hashes) -> list[int]:
    return list(np.sort(numbers).view(np.int64).tolist())


def _part(length: int, **told: Any) -> pa.Table:
    """So many rows; what is no column is the same in each."""
    schema = PAIR_WEIGHTS.schema
    columns = [
        told[field.name].cast(field.type)
        if isinstance(told.get(field.name), pa.Array)
        else pa.repeat(pa.scalar(told.get(field.name), field.type), length)
        for field in schema
    ]
    return pa.table(columns, schema=schema)
