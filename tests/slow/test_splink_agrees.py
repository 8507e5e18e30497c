"""Splink trains and predicts with our models on DuckDB and Spark, and gives the weights that our own scorer gives."""

import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from kumitate.identity.probabilistic.comparisons import comparisons_for
from kumitate.identity.probabilistic.files import dump, load
from kumitate.identity.probabilistic.fitting import fit
from kumitate.identity.probabilistic.functions import equip, equip_spark
from kumitate.identity.probabilistic.model import Model
from kumitate.identity.probabilistic.scoring import scorer
from kumitate.identity.probabilistic.training import Backend, predict, train

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket"),  # Spark lets its own socket be collected
]
splink = pytest.importorskip("splink", reason="needs the extra `probabilistic`")

LAST, FIRST = "佐藤鈴木高橋髙橋田中渡辺伊藤山本中村小林", "一二三太郎次美子花香翔健大介"
KANA = "アイウエオカキクケコサシスセソタチツテト"


def _registry(people: int, seed: int) -> pa.Table:
    """Persons written down once or twice, with slips, swapped names and missing values."""
    draw = random.Random(seed)
    rows = []
    for person in range(people):
        at = draw.randrange(0, len(LAST) - 1, 2)
        row = {
            "last_name": LAST[at : at + 2],
            "first_name": "".join(draw.choices(FIRST, k=2)),
            "last_kana": "".join(draw.choices(KANA, k=3)),
            "first_kana": "".join(draw.choices(KANA, k=4)),
            "birthdate": f"{draw.randint(1940, 2005)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}",
            "email": f"{draw.choice(KANA)}{draw.randrange(10**6)}@{draw.choice(['a.jp', 'b.example'])}",
            "phone": f"+8190{draw.randrange(10**8):08}",
            "address": f"{draw.choice(KANA)}町{draw.randint(1, 9)}-{draw.randint(1, 30)}",
            "postal_code": f"{draw.randint(100, 120)}-0001",
            "gender": draw.choice(["male", "female"]),
        }
        for copy in range(1 + (draw.random() < 0.4)):
            again = {name: _slip(draw, value) for name, value in row.items()} if copy else row
            if copy and draw.random() < 0.05:
                again |= {"last_name": row["first_name"], "first_name": row["last_name"]}
            rows.append({"record": f"{person:05}-{copy}", **again})
    return pa.Table.from_pylist(rows)


def _slip(draw: random.Random, value: str) -> str | None:
    chance = draw.random()
    if chance < 0.1:
        return None
    return value[:-1] + draw.choice("0123456789") if chance < 0.2 else value


@pytest.fixture
def duck() -> Any:
    connection = duckdb.connect()
    equip(connection)
    yield Backend(splink.DuckDBAPI(connection), seed=1)
    connection.close()


def _largest_difference(model: Model, table: pa.Table, found: pa.Table) -> float:
    """Between Splink's weights and ours, over the pairs that Splink found."""
    place = {name: row for row, name in enumerate(table["record"].to_pylist())}
    left, right = (
        np.array([place[name] for name in found[side].to_pylist()]) for side in ("left_record", "right_record")
    )
    return float(np.abs(scorer(model, table)(left, right) - found["weight"].to_numpy()).max())


def _without_bound(model: Model) -> Model:
    """Splink knows no bound on what a family shares."""
    return Model(model.comparisons, model.probability, model.blocking)


def test_our_weights_are_splinks_on_duckdb(duck: Backend) -> None:
    table = _registry(700, 1)
    model = _without_bound(fit(table, comparisons_for(table.column_names)))
    found = predict(table, replace(model, blocking=(("last_name",), ("birthdate",))), duck, least=1e-12)
    assert found.num_rows > 1000
    assert _largest_difference(model, table, found) < 1e-6


def test_splink_trains_the_same_model_from_the_same_rows_and_it_is_a_file_of_ours(duck: Backend) -> None:
    table = _registry(800, 2)
    comparisons = comparisons_for(table.column_names)
    model = train(table, comparisons, duck)
    assert model.made_with.startswith("splink 5.")
    assert load(dump(model)) == model
    assert train(table, comparisons, duck) == model
    found = predict(table, model, duck, least=0.9)
    same = np.array(
        [a[:5] == b[:5] for a, b in zip(*(found[s].to_pylist() for s in ("left_record", "right_record")), strict=True)]
    )
    truth = sum(name.endswith("-1") for name in table["record"].to_pylist())
    assert same.mean() > 0.99
    assert same.sum() > 0.95 * truth
    assert _largest_difference(_without_bound(model), table, found) < 1e-6


@pytest.fixture
def spark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    pytest.importorskip("pyspark", reason="needs the extra `spark`")
    from harness.spark_jvm import fresh_session

    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)

    with fresh_session(
        "local[2]",
        {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2"},
    ) as session:
        session.sparkContext.setCheckpointDir(str(tmp_path))
        equip_spark(session)
        api = splink.SparkAPI(spark_session=session, register_udfs_automatically=False)
        yield Backend(api, put=session.createDataFrame)


def test_spark_trains_the_model_that_duckdb_trains_and_finds_the_same_pairs_with_it(
    duck: Backend, spark: Backend
) -> None:
    table = _registry(150, 4).select(["record", "last_name", "first_name", "birthdate", "phone"])
    comparisons = comparisons_for(["last_name", "birthdate", "phone"])
    here, there = (train(table, comparisons, backend) for backend in (duck, spark))
    assert [each.name for each in here.comparisons] == ["last_name", "birthdate", "phone"]
    weighed = [
        np.array([(level.m, level.u) for each in model.comparisons for level in each.levels]) for model in (here, there)
    ]
    assert np.abs(weighed[0] - weighed[1]).max() < 1e-6
    assert there.probability == pytest.approx(here.probability, rel=1e-6)
    assert (there.made_with, there.blocking) == (here.made_with, here.blocking)
    order = [("left_record", "ascending"), ("right_record", "ascending")]
    ours, theirs = (predict(table, here, duck).sort_by(order), predict(table, there, spark).sort_by(order))
    pairs = ["left_record", "right_record"]
    assert ours.num_rows > 30
    assert ours.select(pairs) == theirs.select(pairs)
    assert np.abs(ours["weight"].to_numpy() - theirs["weight"].to_numpy()).max() < 1e-4


@pytest.mark.long  # the test above predicts on both, too
def test_the_same_file_predicts_the_same_on_spark(duck: Backend, spark: Backend) -> None:
    table = _registry(200, 3)
    model = _without_bound(fit(table, comparisons_for(table.column_names)))
    order = [("left_record", "ascending"), ("right_record", "ascending")]
    here, there = (predict(table, model, backend, least=0.5).sort_by(order) for backend in (duck, spark))
    assert here.num_rows > 50
    assert here.select(["left_record", "right_record"]) == there.select(["left_record", "right_record"])
    assert np.abs(here["weight"].to_numpy() - there["weight"].to_numpy()).max() < 1e-9
