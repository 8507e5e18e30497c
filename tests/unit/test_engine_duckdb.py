"""The default engine reads the lake as Iceberg sees it, in bounded memory, and keeps its data to itself."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

from harness.engines import NoTables, doubled, tuples
from kumitate.engines.duckdb import DuckDBEngine
from kumitate.engines.iceberg import IcebergLake
from kumitate.engines.local_lake import open_local_lake
from kumitate.errors import FatalError
from kumitate.model.step import Mode, Query
from kumitate.model.table import Column, Table, Type, columns
from kumitate.ports import Mark, Scan

ORDERS = Table("clean", "orders", columns(order_id=Type.STRING, quantity=Type.BIGINT, tags=Type.STRINGS))
GROWN = Table("clean", "orders", (*ORDERS.columns, Column("city", Type.STRING)))
EMPTY = Table("clean", "returns", columns(at=Type.TIMESTAMP, amount=Type.DECIMAL))
DOUBLED = pa.schema([("order_id", pa.string()), ("quantity", pa.int64())])


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


@pytest.fixture
def engine(lake: IcebergLake, tmp_path: Path) -> DuckDBEngine:
    return DuckDBEngine(lake, temp_directory=tmp_path / "spill", threads=2)


@dataclass(frozen=True)
class Deleted:
    """A lake whose tables come as batches, as where delete files exist."""

    rows: pa.RecordBatch

    def scan(self, table: str) -> Scan:
        assert table == "clean.orders"
        return Scan(self.rows.schema, (), {}, pa.RecordBatchReader.from_batches(self.rows.schema, [self.rows]))

    def tables(self) -> tuple[str, ...]:
        return ("clean.orders",)


def test_columns_are_found_after_an_addition_and_a_rename(engine: DuckDBEngine) -> None:
    sql = "select orders.order_id, quantity, labels, city from clean.orders order by order_id"
    assert tuples(engine.rows(Query("all", sql))) == [
        ("o1", 1, ["a", None], None),
        ("o2", 2, None, None),
        ("o3", 3, [], "奈良"),
    ]


def test_a_table_without_rows_has_its_columns(engine: DuckDBEngine) -> None:
    (batch,) = engine.rows(Query("none", "select at, amount, null as nothing from clean.returns"))
    assert batch.num_rows == 0
    assert [str(field.type) for field in batch.schema] == ["timestamp[us]", "decimal128(18, 4)", "string"]


def test_rows_of_a_table_with_delete_files_can_be_read_twice(tmp_path: Path) -> None:
    rows = pa.record_batch({"order_id": ["o1", "o2"], "quantity": [1, 2]})
    engine = DuckDBEngine(Deleted(rows), temp_directory=tmp_path)
    sql = "select a.order_id from clean.orders as a join clean.orders as b on a.quantity = b.quantity + 1"
    assert tuples(engine.rows(Query("join", sql))) == [("o2",)]


def test_a_function_sees_batches_in_order_and_its_rows_come_out_in_order(engine: DuckDBEngine) -> None:
    sql = "select 'o' as order_id, n as quantity from unnest(sequence(1, 300000)) as t(n) order by quantity"
    out = tuples(engine.apply(Query("many", sql), doubled, DOUBLED))
    assert [quantity for _, quantity in out] == list(range(2, 600_002, 2))


def test_a_function_runs_on_more_than_one_core(engine: DuckDBEngine) -> None:
    meeting = threading.Barrier(2, timeout=20)

    def met(batch: pa.RecordBatch) -> pa.RecordBatch:
        meeting.wait()
        return doubled(batch)

    sql = "select 'o' as order_id, n as quantity from unnest(sequence(1, 131072)) as t(n)"
    assert len(tuples(engine.apply(Query("many", sql), met, DOUBLED))) == 131_072


@pytest.mark.slow
def test_a_function_is_only_a_few_batches_ahead_of_who_takes_its_rows(engine: DuckDBEngine) -> None:
    seen = []

    def counted(batch: pa.RecordBatch) -> pa.RecordBatch:
        seen.append(batch.num_rows)
        return doubled(batch)

    sql = "select 'o' as order_id, n as quantity from unnest(sequence(1, 1000000)) as t(n)"
    out = engine.apply(Query("many", sql), counted, DOUBLED)
    next(out)
    assert len(seen) <= 4
    out.close()


def test_a_failing_function_is_told_without_its_text(engine: DuckDBEngine) -> None:
    def failing(batch: pa.RecordBatch) -> pa.RecordBatch:
        raise ValueError(batch.column("order_id")[0].as_py())

    sql = "select order_id from clean.orders"
    with pytest.raises(FatalError, match=r"^cleanse\.orders: ValueError at test_engine_duckdb\.py:\d+") as failure:
        list(engine.apply(Query("cleanse.orders", sql), failing, DOUBLED))
    assert "o1" not in str(failure.value)


@pytest.mark.parametrize(
    ("select", "said"),
    [
        ("quantty from clean.orders", "quantty"),
        ("cast(order_id as bigint) from clean.orders", "Error"),
        ("quantity / 0 from clean.orders", "Error"),
        ("quantity from clean.order", "did you mean clean.orders"),
    ],
)
def test_a_failing_query_is_named_and_quotes_no_value(engine: DuckDBEngine, select: str, said: str) -> None:
    with pytest.raises(FatalError, match=said) as failure:
        list(engine.rows(Query("traits.best", f"select {select}")))
    assert "o1" not in str(failure.value)


def test_queries_can_be_read_side_by_side(engine: DuckDBEngine) -> None:
    one = engine.rows(Query("one", "select order_id from clean.orders order by order_id"))
    two = engine.rows(Query("two", "select quantity from clean.orders order by quantity"))
    assert (next(one).num_rows, next(two).num_rows) == (3, 3)


@pytest.mark.slow
def test_a_sort_larger_than_memory_goes_through_the_temporary_folder(tmp_path: Path) -> None:
    engine = DuckDBEngine(NoTables(), temp_directory=tmp_path, memory_limit="24MB", threads=1)
    sql = "select n, lpad(cast(n as varchar), 40, 'x') as s from unnest(sequence(1, 500000)) as t(n) order by s desc"
    batches = engine.rows(Query("sort", sql))
    first = next(batches)
    assert first.column("n")[0].as_py() == 9
    assert any(tmp_path.rglob("*.tmp"))
    assert first.num_rows + sum(batch.num_rows for batch in batches) == 500_000
    engine.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_ending_prints_nothing(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from kumitate.engines.duckdb import DuckDBEngine
from kumitate.model.step import Query
engine = DuckDBEngine(None, temp_directory=Path({str(tmp_path)!r}))
held = engine.rows(Query("q", "select n from unnest(sequence(1, 200000)) as t(n)"))
next(held)
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert (ended.stdout, ended.stderr) == ("", "")
