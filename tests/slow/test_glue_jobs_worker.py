"""Spark as the worker beside a catalogue: one commit a step, the mark in it, and the laptop's rules for what fits."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from harness.engines import doubled, failing, tuples
from kumitate.engines.spark_lake import SparkLake
from kumitate.engines.spark_settings import SAME_MEANING
from kumitate.errors import FatalError
from kumitate.model.step import BatchStep, GraphStep, Mode, Query, QueryStep
from kumitate.model.table import Table, Type, columns
from kumitate.ports import Mark
from tools.jars import fetched, is_possible

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not is_possible(), reason="build/jars is empty and Maven is not installed"),
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket"),  # Spark lets its own socket be collected
]

ORDERS = Table("clean", "orders", columns(order_id=Type.STRING, quantity=Type.BIGINT))
EVENTS = Table("clean", "events", columns(name=Type.STRING, at=Type.TIMESTAMP, tags=Type.STRINGS))
THREE = "select 'o1' as order_id, 1 as quantity union all select 'o2', 2 union all select 'o3', 3"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """In local mode, over a catalogue that is a folder."""
    from tests.harness.spark_jvm import fresh_session

    settings = {
        **SAME_MEANING,
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.type": "hadoop",
        "spark.sql.catalog.lake.warehouse": str(tmp_path_factory.mktemp("warehouse")),
        "spark.sql.catalog.lake.cache-enabled": "false",
        "spark.driver.extraClassPath": os.pathsep.join(map(str, fetched())),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.executorEnv.PYTHONPATH": os.pathsep.join(sys.path),  # workers load the tests' functions by name
        "spark.log.level": "FATAL",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        with fresh_session("local[2]", settings) as running:
            yield running


@pytest.fixture
def lake(session: Any) -> Iterator[SparkLake]:
    session.sql("create table lake.shop_dev_clean.orders (order_id string, quantity bigint, note string) using iceberg")
    session.sql(
        "create table lake.shop_dev_clean.events (name string, at timestamp_ntz, tags array<string>) using iceberg"
    )
    yield SparkLake(session, {"clean": "shop_dev_clean"})
    for table in ("orders", "events"):
        session.sql(f"drop table lake.shop_dev_clean.{table}")


def mark(step: str, mode: Mode = Mode.REPLACE, run_id: str = "r000001") -> Mark:
    return Mark(mode, step, run_id)


def filled(lake: SparkLake) -> SparkLake:
    assert lake.carry_out(QueryStep(ORDERS, Query("three", THREE)), mark("orders:three")) == 3
    return lake


def rows(lake: SparkLake, sql: str = "select order_id, quantity from clean.orders order by order_id") -> list[Any]:
    return tuples(lake.rows(Query("test", sql)))


def test_a_step_may_replace_the_table_it_reads(lake: SparkLake) -> None:
    more = "select order_id, quantity + 10 as quantity from clean.orders where quantity > 1"
    assert filled(lake).carry_out(QueryStep(ORDERS, Query("more", more)), mark("orders:more")) == 2
    assert rows(lake) == [("o2", 12), ("o3", 13)]


def test_a_step_may_add_to_the_table_it_reads(lake: SparkLake) -> None:
    again = "select order_id, quantity from clean.orders where quantity = 3"
    step = QueryStep(ORDERS, Query("again", again), Mode.APPEND)
    assert filled(lake).carry_out(step, mark("orders:again", Mode.APPEND)) == 1
    assert rows(lake) == [("o1", 1), ("o2", 2), ("o3", 3), ("o3", 3)]


def test_a_step_is_one_commit_that_names_its_run(lake: SparkLake, session: Any) -> None:
    filled(lake)
    (state,) = session.sql("select summary from lake.shop_dev_clean.orders.snapshots").collect()
    noted = {key: value for key, value in state["summary"].items() if key.startswith("kumitate.")}
    assert noted == {"kumitate.step": "orders:three", "kumitate.run_id": "r000001"}
    properties = {
        row["key"]: row["value"] for row in session.sql("show tblproperties lake.shop_dev_clean.orders").collect()
    }
    assert properties["kumitate.done.orders:three"] == "r000001"


def test_a_step_without_rows_is_noted_all_the_same(lake: SparkLake, session: Any) -> None:
    none = QueryStep(
        ORDERS, Query("none", f"select order_id, quantity from ({THREE}) as t where quantity > 9"), Mode.APPEND
    )
    assert filled(lake).carry_out(none, mark("orders:none", Mode.APPEND)) == 0
    steps = session.sql("select summary['kumitate.step'] as step from lake.shop_dev_clean.orders.snapshots").collect()
    assert "orders:none" in [row["step"] for row in steps]


def test_a_column_the_project_no_longer_has_is_null(lake: SparkLake) -> None:
    assert rows(filled(lake), "select distinct note from clean.orders") == [(None,)]


def test_times_are_kept_to_the_millisecond(lake: SparkLake) -> None:
    sql = """
    select cast(name as varchar) as name, timestamp '1969-12-31 23:59:59.999999' as at, array['a', null] as tags
    from (values ('a')) as t (name)
    """
    lake.carry_out(QueryStep(EVENTS, Query("times", sql)), mark("events:times"))
    assert rows(lake, "select at, tags from clean.events") == [
        (datetime(1969, 12, 31, 23, 59, 59, 999000), ["a", None])
    ]


def test_a_column_of_nulls_alone_takes_the_tables_type(lake: SparkLake) -> None:
    sql = "select null as name, null as at, null as tags"
    assert lake.carry_out(QueryStep(EVENTS, Query("nulls", sql)), mark("events:nulls")) == 1
    assert rows(lake, "select name, at, tags from clean.events") == [(None, None, None)]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select 'o1' as order_id, '1' as quantity", r"clean\.orders\.quantity: string is no int64; cast it"),
        ("select 'o1' as order_id", r"clean\.orders: the columns do not match the table \(missing: quantity\)"),
        ("select quantty from clean.orders", r"wrong: .*quantty"),
        (
            "select order_id, quantity from raw.orders",
            r"raw\.orders: no such table in the lake; its databases are clean",
        ),
    ],
)
def test_what_does_not_fit_is_said_as_on_the_laptop(lake: SparkLake, sql: str, said: str) -> None:
    with pytest.raises(FatalError, match=said):
        filled(lake).carry_out(QueryStep(ORDERS, Query("wrong", sql)), mark("orders:wrong"))
    assert len(rows(lake)) == 3


def test_a_failing_query_quotes_no_value(lake: SparkLake) -> None:
    sql = "select order_id, cast(order_id as bigint) as quantity from clean.orders"
    with pytest.raises(FatalError, match="wrong: Spark failed with") as failure:
        filled(lake).carry_out(QueryStep(ORDERS, Query("wrong", sql)), mark("orders:wrong"))
    assert "o1" not in str(failure.value)


def test_a_batch_function_goes_from_table_to_table(lake: SparkLake) -> None:
    step = BatchStep(ORDERS, Query("rows", "select order_id, quantity from clean.orders"), doubled)
    assert filled(lake).carry_out(step, mark("orders:rows")) == 3
    assert rows(lake) == [("o1", 2), ("o2", 4), ("o3", 6)]


def test_a_failing_function_is_told_by_kind_and_place(lake: SparkLake) -> None:
    step = BatchStep(ORDERS, Query("rows", "select order_id, quantity from clean.orders"), failing)
    with pytest.raises(FatalError, match=r"^rows: ValueError at engines\.py:\d+ ") as failure:
        filled(lake).carry_out(step, mark("orders:rows"))
    assert "o1" not in str(failure.value)


def test_a_graph_function_sees_whole_inputs_also_empty_ones(lake: SparkLake) -> None:
    def summed(inputs: Mapping[str, pa.Table]) -> pa.Table:
        assert inputs["events"].schema.field("at").type == pa.timestamp("us")
        return pa.table({"order_id": ["sum"], "quantity": [sum(inputs["orders"]["quantity"].to_pylist())]})

    queries = (
        Query("orders", "select order_id, quantity from clean.orders"),
        Query("events", "select name, at from clean.events"),
    )
    assert filled(lake).carry_out(GraphStep(ORDERS, queries, summed), mark("orders:graph")) == 1
    assert rows(lake) == [("sum", 6)]


@pytest.mark.parametrize("sizes", [(2, 0, 1, 0, 0, 3), (0, 0), ()])
def test_a_graph_functions_rows_all_arrive_whatever_batches_they_come_in(lake: SparkLake, sizes: Sequence[int]) -> None:
    def in_batches(_inputs: Mapping[str, pa.Table]) -> pa.Table:
        given = [
            pa.record_batch([["o"] * size, [place] * size], schema=ORDERS.schema) for place, size in enumerate(sizes)
        ]
        return pa.Table.from_batches(given, ORDERS.schema)

    filled(lake)
    assert lake.carry_out(GraphStep(ORDERS, (), in_batches), mark("orders:graph")) == sum(sizes)
    assert rows(lake) == [("o", place) for place, size in enumerate(sizes) for _ in range(size)]


def last_of_many(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch function that leaves nothing of most batches."""
    return batch.filter(pc.greater(batch["quantity"], 249_997))


def test_a_batch_function_may_leave_nothing_of_some_batches(lake: SparkLake) -> None:
    numbers = ", ".join(f"({number})" for number in range(500))
    sql = f"""
    with numbers as (select n from (values {numbers}) as t (n))
    select 'o' as order_id, cast(a.n * 500 + b.n as bigint) as quantity
    from numbers as a cross join numbers as b order by quantity
    """
    assert lake.carry_out(BatchStep(ORDERS, Query("rows", sql), last_of_many), mark("orders:rows")) == 2
    assert rows(lake) == [("o", 249_998), ("o", 249_999)]


def test_rows_come_in_the_order_of_the_query(lake: SparkLake) -> None:
    many = ", ".join(f"({number})" for number in range(500))
    sql = f"select cast(n as varchar) as order_id, cast(n as bigint) as quantity from (values {many}) as t (n)"
    lake.carry_out(QueryStep(ORDERS, Query("many", sql)), mark("orders:many"))
    assert [row[0] for row in rows(lake, "select quantity from clean.orders order by quantity desc")] == [
        *range(499, -1, -1)
    ]


def test_a_newer_step_counts_its_own_rows(lake: SparkLake) -> None:
    filled(lake)
    later = replace(mark("orders:three"), run_id="r000002")
    assert lake.carry_out(QueryStep(ORDERS, Query("three", f"{THREE} union all select 'o4', 4")), later) == 4
