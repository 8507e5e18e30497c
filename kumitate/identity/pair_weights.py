"""What a project's model says of pairs of records: a run weighs those that may weigh otherwise than in the run before.

A pair is looked at and weighed by its own two records and the model in force, but for two caps on how many records
have one value (`probabilistic.rematching`). So a pair keeps its weight until one of its records says something else,
or one of its values crosses a cap. The outcome is that of weighing everything by the model in force.

The model in force is the declared one. What that leaves to the data (all of it where one is to be learned, else how
common values are, or by what pairs are found) is settled once, and anew when the table has doubled or halved since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kumitate.identity.components import ABSENT, positions
from kumitate.identity.graph.model import Integers, Pairs
from kumitate.identity.pair_rows import PAIRS_BEFORE, InForce, PairWeights, known_pairs, rows_of_pairs
from kumitate.identity.probabilistic.candidates import is_small, names_rules, rules_of
from kumitate.identity.probabilistic.columns import Candidates, encode
from kumitate.identity.probabilistic.crowds import crossed, crowds
from kumitate.identity.probabilistic.files import dump, load
from kumitate.identity.probabilistic.matching import matched, weighed
from kumitate.identity.probabilistic.model import Model
from kumitate.identity.probabilistic.rematching import candidates_of
from kumitate.identity.tables import PAIR_WEIGHTS
from kumitate.identity.weighing import COMPARED, hashes_of, told_in_order

_WAY = "1"
"""How pairs are found and weighed; another one weighs everything anew."""
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Weighed:
    """All pairs as they are now, and how many records and pairs were looked at for it."""

    kept: PairWeights | None
    """None where nothing can be compared."""
    records: int
    pairs: int


@dataclass(frozen=True, slots=True)
class _Today:
    """What the records say, a row a record in the order of their names."""

    names: pa.Array
    told: pa.Table
    said: Integers
    declared: str


def weigh_pairs(inputs: Mapping[str, pa.Table], *, model: Model | None, least: float) -> pa.Table:
    """Rows of `staging.pair_weights` from the rows `compared` and `pairs_before`.

    `model` is the declared one, None where it is to be learned; pairs less probable than `least` are not kept.
    """
    kept = weigh_since(inputs[COMPARED], inputs[PAIRS_BEFORE], model=model, least=least).kept
    return rows_of_pairs(kept) if kept else PAIR_WEIGHTS.schema.empty_table()


def weigh_since(compared: pa.Table, before: pa.Table, *, model: Model | None, least: float) -> Weighed:
    """The same, with what it took."""
    names = pc.unique(compared["record"].cast(pa.large_string()))
    names = names.take(pc.sort_indices(names))
    told = told_in_order(compared, names)
    today = _Today(names, told, hashes_of(told), _declared(told.column_names, model, least))
    past = known_pairs(before)
    if past is None or past.model.declared != today.declared or _is_outgrown(past.model, len(names)):
        return _whole(today, model, least)
    return _since(past, today, least)


def _declared(names: list[str], model: Model | None, least: float) -> str:
    told = repr((_WAY, names, dump(model) if model else None, least))
    return sha256(told.encode()).hexdigest()[:32]


def _is_outgrown(past: InForce, count: int) -> bool:
    """Whether the data have to say again what the declared model leaves to them; of one record nothing is said."""
    if count < _FEWEST or not past.records:
        return count < _FEWEST
    return count > 2 * past.records or past.records > 2 * count or is_small(count) != is_small(past.records)


def _is_settled(declared: Model | None) -> bool:
    """Whether the declared model leaves nothing to the data."""
    if declared is None:
        return False
    levels = (level for comparison in declared.comparisons for level in comparison.levels)
    return names_rules(declared.blocking) and (bool(declared.frequencies) or not any(each.frequency for each in levels))


def _whole(today: _Today, model: Model | None, least: float) -> Weighed:
    count = len(today.names)
    found = matched(today.told, model, least=least)
    if found is None:
        return Weighed(None, count, 0)
    rules = rules_of(found.model.blocking, found.columns)
    text = dump(replace(found.model, blocking=rules))
    in_force = InForce(text=text, declared=today.declared, records=0 if _is_settled(model) else count)
    kept = PairWeights(
        model=in_force,
        names=today.names,
        said=today.said,
        crowds=crowds(found.columns, rules),
        pairs=found.pairs,
    )
    return Weighed(kept, count, found.looked_at)


def _since(past: PairWeights, today: _Today, least: float) -> Weighed:
    row = positions(today.names, past.names)
    is_anew = (row == ABSENT) | (np.append(past.said, 0)[row] != today.said)
    if not is_anew.any() and len(row) == len(past.names):
        return Weighed(past, 0, 0)
    model = load(past.model.text)
    columns = encode(today.told, model.columns, model.frequencies or None)
    has_crossed, now = crossed(columns, model.blocking, past.crowds)
    is_anew |= has_crossed
    anew = np.flatnonzero(is_anew)
    candidates = candidates_of(anew, columns, model.blocking, count=len(row))
    found = _weighed(model, today.told, candidates, least=least)
    place = positions(past.names, today.names)
    left, right = place[past.pairs.left], place[past.pairs.right]
    leaves = np.append(is_anew, True)  # a record that is gone has no place
    stay = ~(leaves[left] | leaves[right])
    pairs = _in_order(
        Pairs(
            np.append(left[stay], found.left),
            np.append(right[stay], found.right),
            np.append(past.pairs.probability[stay], found.probability),
        )
    )
    kept = PairWeights(model=past.model, names=today.names, said=today.said, crowds=now, pairs=pairs)
    return Weighed(kept, len(anew), len(candidates))


def _weighed(model: Model, told: pa.Table, candidates: Candidates, *, least: float) -> Pairs:
    """The candidates that count; nothing is made of what other records say."""
    rows = np.unique(np.append(candidates.left, candidates.right))
    columns = encode(told.take(pa.array(rows)), model.columns, model.frequencies or None)
    among = Candidates(*(np.searchsorted(rows, side) for side in (candidates.left, candidates.right)))
    pairs = weighed(model, columns, among, least=least).pairs
    return Pairs(rows[pairs.left], rows[pairs.right], pairs.probability)


def _in_order(pairs: Pairs) -> Pairs:
    order = np.lexsort((pairs.right, pairs.left))
    return Pairs(pairs.left[order], pairs.right[order], pairs.probability[order])
