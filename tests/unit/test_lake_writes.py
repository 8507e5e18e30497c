"""The embedded lake keeps what is committed, whole, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from kumitate.engines.iceberg import IcebergLake
from kumitate.engines.local_lake import open_local_lake
from kumitate.errors import FatalError
from kumitate.model.step import Mode
from kumitate.model.table import Column, Table, Type, columns
from kumitate.ports import Mark

ORDERS = Table("clean", "orders", columns(order_id=Type.STRING, quantity=Type.BIGINT), "what was bought")
EVERY_TYPE = Table("clean", "types", tuple(Column(type_.name.lower(), type_) for type_ in Type))


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[IcebergLake]:
    with open_local_lake(tmp_path / "lake") as lake:
        lake.prepare((ORDERS,))
        yield lake


def orders(*quantities: int) -> pa.RecordBatch:
    return pa.record_batch({"order_id": [f"o{n}" for n in quantities], "quantity": quantities}, ORDERS.schema)


def quantities(lake: IcebergLake, table: Table = ORDERS) -> list[int | None]:
    rows = lake.load(str(table)).scan().to_arrow().to_pylist()
    return sorted(row["quantity"] for row in rows)


def replace(run_id: str, step: str = "orders") -> Mark:
    return Mark(Mode.REPLACE, step, run_id)


def append(run_id: str, step: str = "orders") -> Mark:
    return Mark(Mode.APPEND, step, run_id)


def test_replace_leaves_only_the_new_rows_and_append_adds_to_them(lake: IcebergLake) -> None:
    lake.write(ORDERS, [orders(1, 2)], replace("r1"))
    assert lake.write(ORDERS, [orders(3), orders(4)], replace("r2")) == 2
    assert lake.write(ORDERS, [orders(5)], append("r3")) == 1
    assert quantities(lake) == [3, 4, 5]


def test_replace_by_nothing_empties_the_table(lake: IcebergLake) -> None:
    lake.write(ORDERS, [orders(1)], replace("r1"))
    assert lake.write(ORDERS, [], replace("r2")) == 0
    assert quantities(lake) == []
    assert lake.scan("clean.orders").files == ()


def test_a_mark_is_kept_per_step_and_also_for_no_rows(lake: IcebergLake) -> None:
    lake.write(ORDERS, [orders(1)], append("r1", "first"))
    lake.write(ORDERS, [], append("r2", "second"))
    assert [lake.done_by(ORDERS, step) for step in ("first", "second", "third", "")] == ["r1", "r2", "", "r2"]


def test_writing_nothing_makes_no_snapshot(lake: IcebergLake) -> None:
    lake.write(ORDERS, [], append("r1"))
    lake.write(ORDERS, [], replace("r2"))
    assert lake.history("clean.orders") == ()


def test_a_write_is_one_state_however_many_batches_it_has(lake: IcebergLake) -> None:
    lake.write(ORDERS, (orders(n) for n in range(20)), replace("r1"))
    lake.write(ORDERS, (orders(n) for n in range(10)), replace("r2"))
    assert [(state.rows, state.step, state.run_id) for state in lake.history("clean.orders")] == [
        (20, "orders", "r1"),
        (10, "orders", "r2"),
    ]


def test_tables_are_format_version_2_and_copy_on_write(lake: IcebergLake) -> None:
    lake.write(ORDERS, [orders(1)], replace("r1"))
    metadata = json.loads(Path(lake.load("clean.orders").metadata_location).read_text())
    assert metadata["format-version"] == 2
    assert metadata["properties"]["write.delete.mode"] == "copy-on-write"


def test_every_type_comes_back_as_it_was_written(lake: IcebergLake) -> None:
    lake.prepare((EVERY_TYPE,))
    row = {
        "string": "髙島屋", "bigint": -(2**63), "double": 0.1, "boolean": True, "date": date(1926, 12, 25),
        "timestamp": datetime(1969, 12, 31, 23, 59, 59, 999000), "decimal": Decimal("-99999999999999.9999"),
        "strings": ["a", None],
    }  # fmt: skip
    empty = dict.fromkeys(row)
    lake.write(EVERY_TYPE, [pa.RecordBatch.from_pylist([row, empty], EVERY_TYPE.schema)], replace("r1"))
    assert lake.load("clean.types").scan().to_arrow().to_pylist() == [row, empty]
    assert lake.scan("clean.types").schema == EVERY_TYPE.schema


def test_columns_are_reordered_and_widened_to_the_table(lake: IcebergLake) -> None:
    batch = pa.record_batch({"quantity": pa.array([7], pa.int32()), "order_id": pa.array(["o7"]).dictionary_encode()})
    lake.write(ORDERS, [batch], replace("r1"))
    assert quantities(lake) == [7]


def test_times_are_cut_to_milliseconds_and_to_utc(lake: IcebergLake) -> None:
    table = Table("clean", "times", columns(at=Type.TIMESTAMP))
    lake.prepare((table,))
    before_epoch = pa.array([-1], pa.timestamp("us", tz="Asia/Tokyo"))
    lake.write(table, [pa.record_batch({"at": before_epoch})], replace("r1"))
    assert lake.load("clean.times").scan().to_arrow().to_pylist() == [
        {"at": datetime(1969, 12, 31, 23, 59, 59, 999000)}
    ]


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        (pa.record_batch({"order_id": ["o1"]}), "missing: quantity"),
        (pa.record_batch({"order_id": ["o1"], "quantity": [1], "price": [2]}), "not in the table: price"),
        (pa.record_batch({"order_id": ["o1"], "quantity": ["secret"]}), "clean.orders.quantity: string is no int64"),
        (pa.record_batch({"order_id": ["o1"], "quantity": [Decimal("1.5")]}), "does not fit int64"),
    ],
)
def test_a_batch_that_does_not_match_is_refused_without_its_values(
    lake: IcebergLake, batch: pa.RecordBatch, said: str
) -> None:
    with pytest.raises(FatalError, match=said) as refusal:
        lake.write(ORDERS, [batch], replace("r1"))
    assert "secret" not in str(refusal.value)
    assert "1.5" not in str(refusal.value)


def test_rows_that_fail_halfway_leave_nothing_behind(lake: IcebergLake, tmp_path: Path) -> None:
    lake.write(ORDERS, [orders(1)], replace("r1"))
    before = sorted(tmp_path.rglob("*.parquet"))

    def failing() -> Iterator[pa.RecordBatch]:
        for _ in range(3):
            ids, quantity = pa.repeat("o", 500_000), pa.repeat(2, 500_000)
            yield pa.record_batch([ids, quantity], schema=ORDERS.schema)
        assert len(list(tmp_path.rglob("*.parquet"))) > len(before)
        raise FatalError("the query broke")

    with pytest.raises(FatalError, match="the query broke"):
        lake.write(ORDERS, failing(), replace("r2"))
    assert quantities(lake) == [1]
    assert lake.done_by(ORDERS, "orders") == "r1"
    assert sorted(tmp_path.rglob("*.parquet")) == before


@pytest.mark.slow
def test_a_process_killed_before_the_commit_leaves_the_old_state(lake: IcebergLake, tmp_path: Path) -> None:
    lake.write(ORDERS, [orders(1)], replace("r1"))
    script = f"""
    import os
    from pathlib import Path
    import pyarrow as pa
    from kumitate.engines import iceberg
    from kumitate.engines.local_lake import open_local_lake
    from kumitate.model.step import Mode
    from kumitate.model.table import Table, Type, columns
    from kumitate.ports import Mark

    table = Table("clean", "orders", columns(order_id=Type.STRING, quantity=Type.BIGINT))
    iceberg._commit = lambda *_, **__: os._exit(9)
    batch = pa.record_batch({{"order_id": ["o2"], "quantity": [2]}})
    open_local_lake(Path({str(tmp_path / "lake")!r})).write(table, [batch], Mark(Mode.REPLACE, "orders", "r2"))
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False, env=os.environ)
    assert killed.returncode == 9
    assert len(list(tmp_path.rglob("*.parquet"))) == 2
    assert quantities(lake) == [1]
    assert lake.done_by(ORDERS, "orders") == "r1"


def test_a_second_writer_is_told_and_does_no_harm(lake: IcebergLake, tmp_path: Path) -> None:
    def with_a_rival() -> Iterator[pa.RecordBatch]:
        with open_local_lake(tmp_path / "lake") as rival:
            rival.write(ORDERS, [orders(8)], append("r8"))
        yield orders(9)

    with pytest.raises(FatalError, match="another process wrote to the table"):
        lake.write(ORDERS, with_a_rival(), append("r9"))
    assert quantities(lake) == [8]


def test_a_reader_keeps_its_state_while_the_table_is_replaced(lake: IcebergLake) -> None:
    lake.write(ORDERS, [orders(1)], replace("r1"))
    held = lake.scan("clean.orders")
    lake.write(ORDERS, [orders(2)], replace("r2"))
    assert [pa.parquet.read_table(file).column("quantity").to_pylist() for file in held.files] == [[1]]
    assert quantities(lake) == [2]


def test_a_lake_lives_in_a_folder_of_any_name(tmp_path: Path) -> None:
    with open_local_lake(tmp_path / "湖 #1 [50%] ?") as lake:
        lake.prepare((ORDERS,))
        lake.write(ORDERS, [orders(1)], replace("r1"))
        assert quantities(lake) == [1]
