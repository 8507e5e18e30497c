"""Training and prediction by Splink 5 (extra `probabilistic`), on whichever of its backends the caller hands over.

What comes out is the same JSON that our own scorer reads. Splink is asked for nothing random but the sample for `u`,
which is seeded and looked at whole: Splink would stop early, at a place that differs by backend. The parameters are
rounded, so that the order in which threads add up does not show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kumitate.errors import FatalError
from kumitate.identity.probabilistic.candidates import Budget, Rule, blocking_rules, candidates, pairs_found
from kumitate.identity.probabilistic.columns import Columns, encode
from kumitate.identity.probabilistic.files import model_of, settings
from kumitate.identity.probabilistic.fitting import untrained
from kumitate.identity.probabilistic.model import Comparison, Model
from kumitate.identity.probabilistic.scoring import probability, scorer_of

if TYPE_CHECKING:
    from splink import Linker

RECORD = "record"
"""The column that names records in what Splink is given."""
_DIGITS = 9
_RANDOM_PAIRS = 1e6
_LEAST = 1e-6
"""Of a level that Splink never saw."""
_FEWEST_PAIRS = 200
_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Backend:
    """A Splink database (`DuckDBAPI`, `SparkAPI`) whose connection was given our functions (functions.py).

    `put` makes what its `register` takes of an Arrow table; DuckDB takes Arrow as it is.
    """

    api: Any
    put: Callable[[pa.Table], Any] | None = None
    seed: int = 0

    def linker(self, table: pa.Table, model: Model) -> Linker:
        from splink import Linker

        held = [RECORD, *(name for name in model.columns if name in table.column_names)]
        lacking = {name: pa.nulls(table.num_rows, pa.string()) for name in model.columns if name not in held}
        texts = {name: table[name].cast(pa.string()) for name in held}
        texts = {name: pc.if_else(pc.equal(column, ""), None, column) for name, column in texts.items()}
        given = pa.table(texts | lacking)
        return Linker(self.api.register(self.put(given) if self.put else given), settings(model))


def train(table: pa.Table, comparisons: tuple[Comparison, ...], backend: Backend) -> Model:
    """A model of these comparisons, learned by Splink from the records in `table` (column `record` names them)."""
    empty = untrained(comparisons)
    columns = encode(table, empty.columns)
    model = replace(empty, blocking=blocking_rules(columns), probability=1 / table.num_rows)
    sessions = tuple(_sessions(columns, model))
    if not sessions:
        raise FatalError("too few records agree on anything to train on; give a table with more records")
    linker = backend.linker(table, model)
    linker.training.estimate_u_using_random_sampling(
        max_pairs=_RANDOM_PAIRS, seed=backend.seed, min_count_per_level=None, num_chunks=1
    )
    for rule in sessions:
        linker.training.estimate_parameters_using_expectation_maximisation(
            " and ".join(f"l.{name} = r.{name}" for name in rule)
        )
    trained = replace(_trained(linker.misc.save_model_to_json()), blocking=model.blocking, made_with=_made_with())
    return replace(trained, probability=_share(trained, columns, pairs=table.num_rows * (table.num_rows - 1) / 2))


def predict(table: pa.Table, model: Model, backend: Backend, *, least: float = 0.5) -> pa.Table:
    """Pairs from a probability of `least` on, by Splink: left_record, right_record, probability, weight (log2)."""
    linker = backend.linker(table, model)
    found = linker.inference.predict(threshold_match_probability=least)
    rows = found.as_pyarrow_table()
    return rows.select([f"{RECORD}_l", f"{RECORD}_r", "match_probability", "match_weight"]).rename_columns(
        ["left_record", "right_record", "probability", "weight"]
    )


def _share(model: Model, columns: Columns, *, pairs: float) -> float:
    """How many of all pairs are one person, by the trained weights; Splink's own guess needs a known recall."""
    found = candidates(columns, model.blocking)
    evidence = scorer_of(model, columns)(found.left, found.right) - model.prior
    share = model.probability
    for _ in range(_ROUNDS):
        prior = np.log2(share / (1 - share))
        share = float(max(probability(evidence + prior).sum(), 1.0) / pairs)
    return float(f"{share:.{_DIGITS}g}")


def _made_with() -> str:
    import splink

    return f"splink {splink.__version__}"


def _sessions(columns: Columns, model: Model) -> Iterator[Rule]:
    """Rules to train by: the most telling ones, until every comparison stands outside one of them."""
    ways: list[Rule] = [(name,) for name in sorted(columns)]
    ways += combinations(sorted(columns), 2)
    most = Budget().pairs(len(next(iter(columns.values())).codes))
    costs = sorted((cost, rule) for rule in ways if _FEWEST_PAIRS <= (cost := pairs_found(columns, rule)) <= most)
    missing = {comparison.name: comparison.columns for comparison in model.comparisons}
    for _, rule in costs:
        trained = [name for name, looked_at in missing.items() if not set(rule) & set(looked_at)]
        if trained:
            yield rule
        for name in trained:
            del missing[name]


def _trained(told: Mapping[str, Any]) -> Model:
    """Splink's parameters, rounded, with something small for levels it never saw."""
    comparisons = [
        comparison | {"comparison_levels": [_level(level) for level in comparison["comparison_levels"]]}
        for comparison in told["comparisons"]
    ]
    share = float(f"{told['probability_two_random_records_match']:.{_DIGITS}g}")
    told = {**told, "comparisons": comparisons, "probability_two_random_records_match": share}
    return model_of({"splink": {**told, "blocking_rules_to_generate_predictions": []}})


def _level(level: Mapping[str, Any]) -> Mapping[str, Any]:
    if level.get("is_null_level"):
        return level
    names = ("m_probability", "u_probability")
    return {**level, **{name: float(f"{max(level.get(name) or 0.0, _LEAST):.{_DIGITS}g}") for name in names}}
