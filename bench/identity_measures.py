"""What the identity benchmark measures, each part in a process of its own: figures as a dictionary."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from identity_data import persons
from identity_names import DATA
from identity_peer import splink_alone

from kumitate.cleanse.recognise import recognise
from kumitate.config.table_rules import TableRules
from kumitate.identity.graph.components import components
from kumitate.identity.probabilistic.matching import matched
from kumitate.identity.resolving import Resolved, resolve_table
from kumitate.identity.scoring import PairScore, score_labels
from kumitate.identity.table_plan import Given, plan_table

DAY = date(2026, 11, 22)
_KEPT_OUT = ("record_id", "source", "updated_at", "truth", "member_id", "device_id")
_MERGE = 0.95


def _resolved(table: pa.Table, *, model: bool = True, previous: pa.Table | None = None) -> Resolved:
    """A table with the column `truth`, which nothing looks at, resolved with what ships."""
    texts = [pa.table({name: table[name].cast(pa.string()) for name in table.column_names})]
    del table
    given = Given(recognise=recognise, as_of=DAY, hidden={"truth"})
    plan = plan_table(texts[0], TableRules(), given)
    return resolve_table(texts.pop(), plan, run_id="r000001", previous=previous, model="train" if model else None)


def _score(table: pa.Table, resolved: Resolved) -> PairScore:
    truth = table["truth"].cast(pa.string()).combine_chunks().dictionary_encode().indices
    return score_labels(resolved.resolution.component, truth.to_numpy(zero_copy_only=False)[resolved.records.row])


def _told(table: pa.Table, resolved: Resolved) -> dict[str, Any]:
    score = _score(table, resolved)
    largest = int(np.bincount(resolved.resolution.component).max())
    return {"f1": score.f1, "precision": score.precision, "recall": score.recall, "largest": largest}


def febrl3(_: Path) -> dict[str, Any]:
    """5,000 Australian records; the true person is in the record's id."""
    path = DATA / "er_febrl/dataset3.csv.gz"
    table = duckdb.sql(f"select * from read_csv('{path}', all_varchar = true, quote = '')").to_arrow_table()
    table = table.rename_columns([name.strip() for name in table.column_names])
    trimmed = {name: pc.utf8_trim_whitespace(table[name]) for name in table.column_names}
    truth = pc.struct_field(pc.extract_regex(trimmed.pop("rec_id"), r"rec-(?P<person>\d+)-"), "person")
    table = pa.table({**trimmed, "truth": truth})
    return _told(table, _resolved(table))


def fake_1000(_: Path) -> dict[str, Any]:
    """1,000 English records with many slips and gaps."""
    path = DATA / "er_splink/fake_1000.csv.gz"
    table = duckdb.sql(f"select * from read_csv('{path}', all_varchar = true)").to_arrow_table()
    table = table.rename_columns(["truth" if name == "cluster" else name for name in table.column_names])
    return _told(table, _resolved(table))


def whole(data: Path) -> dict[str, Any]:
    """From delivered texts to persons: cleansing, keys, graph, ids."""
    return _whole(data, model=False)


def whole_with_model(data: Path) -> dict[str, Any]:
    """The same with a model that is learned on the way."""
    return _whole(data, model=True)


def _whole(data: Path, *, model: bool) -> dict[str, Any]:
    delivered = [pq.read_table(data)]
    truth = delivered[0].select(["truth"])
    begun = time.perf_counter()
    resolved = _resolved(delivered.pop(), model=model)  # which lets go of all but the truth, as the command does
    return {"seconds": time.perf_counter() - begun, "steps": resolved.seconds, **_told(truth, resolved)}


def model_alone(data: Path) -> dict[str, Any]:
    """Learn, block, score and cluster on the cleansed table: what Splink alone does."""
    table = pq.read_table(data)
    given = table.drop_columns([name for name in _KEPT_OUT if name in table.column_names])
    begun = time.perf_counter()
    found = matched(given, least=_MERGE)
    assert found is not None
    person = components(table.num_rows, [(found.pairs.left, found.pairs.right)])
    seconds = time.perf_counter() - begun
    score = score_labels(person, np.asarray(table["truth"]))
    return {"seconds": seconds, "pairs": len(found.pairs.left), "f1": score.f1, "precision": score.precision}


def same_ids(data: Path) -> dict[str, Any]:
    """How many ids change when everything is built anew from shuffled rows, knowing the last clusters."""
    table = pq.read_table(data)
    first = _resolved(table).clusters()
    rows = np.random.default_rng(1).permutation(table.num_rows)
    again = _resolved(table.take(pa.array(rows)), previous=first).clusters()
    joined = first.join(again, keys="record", right_suffix="_again", join_type="full outer")
    changed = pc.sum(pc.fill_null(pc.not_equal(joined["person_id"], joined["person_id_again"]), True).cast(pa.int64()))
    return {"records": table.num_rows, "changed": changed.as_py()}


def generate(folder: Path, *, seed: int, million: int, tenth: int) -> None:
    """The tables that the measures read."""
    pq.write_table(persons(million, seed, delivered=True), folder / "delivered.parquet")
    pq.write_table(persons(million, seed), folder / "cleansed.parquet")
    pq.write_table(persons(tenth, seed + 1, delivered=True), folder / "plain.parquet")
    pq.write_table(persons(tenth, seed + 1, delivered=True, hubs=True), folder / "hubs.parquet")


PARTS = {
    "febrl3": febrl3, "fake_1000": fake_1000, "whole": whole, "whole_with_model": whole_with_model,
    "model_alone": model_alone, "splink_alone": splink_alone, "same_ids": same_ids,
}  # fmt: skip
