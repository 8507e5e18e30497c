"""Spark reads the lake as it is, and runs queries and batch functions like the default engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from harness.engines import doubled, failing, tuples
from kumitate.engines.iceberg import IcebergLake
from kumitate.engines.local_lake import open_local_lake
from kumitate.engines.spark import SparkEngine
from kumitate.errors import FatalError
from kumitate.model.step import Mode, Query
from kumitate.model.table import Column, Table, Type, columns
from kumitate.ports import Mark

pytestmark = pytest.mark.slow

ORDERS = Table("clean", "orders", columns(order_id=Type.STRING, quantity=Type.BIGINT, tags=Type.STRINGS))
GROWN = Table("clean", "orders", (*ORDERS.columns, Column("city", Type.STRING)))
EMPTY = Table("clean", "returns", columns(at=Type.TIMESTAMP, amount=Type.DECIMAL))


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IcebergLake]:
    with open_local_lake(tmp_path_factory.mktemp("lakes") / "湖 [1]") as lake:
        lake.prepare((ORDERS, EMPTY))
        old = pa.record_batch([["o1", "o2"], [1, 2], [["a", None], None]], schema=ORDERS.schema)
        lake.write(ORDERS, [old], Mark(Mode.APPEND, "orders", "r1"))
        lake.prepare((GROWN,))
        new = pa.record_batch([["o3"], [3], [[]], ["奈良"]], schema=GROWN.schema)
        lake.write(GROWN, [new], Mark(Mode.APPEND, "orders", "r2"))
        with lake.load("clean.orders").update_schema() as update:
            update.rename_column("tags", "labels")
        yield lake


@pytest.fixture(scope="module")
def engine(lake: IcebergLake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkEngine]:
    engine = SparkEngine(lake, temp_directory=tmp_path_factory.mktemp("spark"))
    yield engine
    engine.close()


def test_columns_are_found_after_an_addition_and_a_rename(engine: SparkEngine) -> None:
    sql = "select orders.order_id, quantity, labels, city from clean.orders order by order_id"
    assert tuples(engine.rows(Query("all", sql))) == [
        ("o1", 1, ["a", None], None),
        ("o2", 2, None, None),
        ("o3", 3, [], "奈良"),
    ]


def test_a_table_without_rows_has_its_columns(engine: SparkEngine) -> None:
    (batch,) = engine.rows(Query("none", "select at, amount, null as nothing from clean.returns"))
    assert batch.num_rows == 0
    assert [str(field.type) for field in batch.schema] == ["timestamp[us]", "decimal128(18, 4)", "string"]


def test_a_batch_function_sees_the_rows_of_the_query(engine: SparkEngine) -> None:
    query = Query("some", "select order_id, quantity from clean.orders where quantity > 1")
    schema = pa.schema([("order_id", pa.string()), ("quantity", pa.int64())])
    batches = list(engine.apply(query, doubled, schema))
    assert sorted(tuples(batches)) == [("o2", 4), ("o3", 6)]
    assert all(batch.schema == schema for batch in batches)


def test_a_failing_query_is_named_and_quotes_no_value(engine: SparkEngine) -> None:
    with pytest.raises(FatalError, match="numbers: Spark failed with") as failure:
        list(engine.rows(Query("numbers", "select cast(order_id as bigint) from clean.orders")))
    assert "o1" not in str(failure.value)


def test_a_failing_function_is_told_by_kind_and_place(engine: SparkEngine) -> None:
    query = Query("cleanse.orders", "select order_id, quantity from clean.orders where quantity = 1")
    with pytest.raises(FatalError, match=r"^cleanse\.orders: ValueError at engines\.py:\d+ ") as failure:
        list(engine.apply(query, failing, pa.schema([("order_id", pa.string()), ("quantity", pa.int64())])))
    assert "o1" not in str(failure.value)


def test_spark_itself_prints_nothing(engine: SparkEngine, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(FatalError):
        list(engine.rows(Query("numbers", "select cast(order_id as bigint) from clean.orders")))
    assert capfd.readouterr() == ("", "")


def test_an_unknown_column_is_told(engine: SparkEngine) -> None:
    with pytest.raises(FatalError, match=r"typo: .*quantty"):
        list(engine.rows(Query("typo", "select quantty from clean.orders")))


@pytest.mark.usefixtures("engine")
def test_nothing_is_left_in_the_temporary_folder(lake: IcebergLake, tmp_path: Path) -> None:
    another = SparkEngine(lake, temp_directory=tmp_path)
    list(another.rows(Query("all", "select order_id from clean.orders")))
    assert [path.name for path in tmp_path.iterdir()] == ["spark.log"]
