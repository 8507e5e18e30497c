"""Splink 5 alone on the cleansed table, with the comparisons that its guide recommends: train, predict, cluster."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kumitate.identity.components import positions
from kumitate.identity.graph.components import components
from kumitate.identity.scoring import score_labels

_THRESHOLDS = (0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999, 0.999999)


def splink_alone(data: Path) -> dict[str, Any]:
    """Seconds of each step, and the best pairwise F1 over the thresholds, chosen with the truth: the peer is spared."""
    import splink

    table = pq.read_table(data)
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("set lambda_syntax = 'ENABLE_SINGLE_ARROW'")
    begun = time.perf_counter()
    api = splink.DuckDBAPI(connection)
    linker = splink.Linker(api.register(table.drop_columns(["truth", "updated_at"])), _settings())
    _train(linker)
    trained = time.perf_counter()
    found = linker.inference.predict(threshold_match_probability=min(_THRESHOLDS)).as_pyarrow_table()
    predicted = time.perf_counter()
    scores = [_clustered(table, found, threshold) for threshold in _THRESHOLDS]
    clustered = time.perf_counter() - predicted
    best = max(scores, key=lambda score: score["f1"])
    seconds = {"train": trained - begun, "predict": predicted - trained, "cluster": clustered / len(_THRESHOLDS)}
    return {"seconds": sum(seconds.values()), "steps": seconds, "pairs": found.num_rows, **best}


def _settings() -> Any:
    import splink.comparison_library as cl
    from splink import SettingsCreator, block_on

    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        blocking_rules_to_generate_predictions=[
            block_on("email"),
            block_on("phone"),
            block_on("last_name", "first_name"),
            block_on("last_kana", "first_kana"),
            block_on("birthdate", "last_name"),
            block_on("birthdate", "first_name"),
            block_on("postal_code", "first_name"),
        ],
        comparisons=[
            cl.NameComparison("last_name"),
            cl.NameComparison("first_name"),
            cl.JaroWinklerAtThresholds("last_kana").configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("first_kana").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison("birthdate", input_is_string=True),
            cl.EmailComparison("email"),
            cl.ExactMatch("phone"),
            cl.ExactMatch("postal_code"),
            cl.LevenshteinAtThresholds("address", [1, 3]),
            cl.ExactMatch("gender"),
        ],
        retain_matching_columns=False,
    )


def _train(linker: Any) -> None:
    from splink import block_on

    linker.training.estimate_probability_two_random_records_match(
        [block_on("email"), block_on("phone", "first_name"), block_on("last_name", "first_name", "birthdate")],
        recall=0.9,
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (block_on("email"), block_on("last_name", "first_name"), block_on("phone")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)


def _clustered(table: pa.Table, found: pa.Table, threshold: float) -> dict[str, Any]:
    """Connected components of the pairs from a threshold on, as Splink clusters; by scipy, which is faster."""
    rows = found.filter(pc.greater_equal(found["match_probability"], threshold))
    names = table["record_id"].combine_chunks()
    left, right = (positions(rows[f"record_id_{side}"].combine_chunks(), names) for side in "lr")
    score = score_labels(components(table.num_rows, [(left, right)]), np.asarray(table["truth"]))
    return {"threshold": threshold, "precision": score.precision, "recall": score.recall, "f1": score.f1}
