"""The lake over Glue and S3, the raw bucket, the run register and the table maker, over HTTP as in an account."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pytest

from harness.ministack import CREDENTIALS, ministack
from harness.mock_account import ledger_table
from harness.reading import source
from kumitate.aws.lake import glue_lake
from kumitate.aws.runs import DynamoRunRegister
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.names import ZONES, Names
from kumitate.cloud.landing import raw_files
from kumitate.cloud.runs import Request, begin, end
from kumitate.cloud.tables import databases, to_json
from kumitate.config.loader import load_config
from kumitate.config.project import Config
from kumitate.engines.duckdb import DuckDBEngine
from kumitate.engines.iceberg import IcebergLake
from kumitate.errors import FatalError
from kumitate.execution.landing import land, stored_deliveries
from kumitate.ingest.delivery import known_from
from kumitate.model.step import Mode, Query
from kumitate.model.table import Column, Table, Type, columns
from kumitate.ports import Mark

pytestmark = pytest.mark.emulator

ACCOUNT = "000000000000"
NAMES = Names("cloud", "dev", ACCOUNT, "ap-northeast-1")
BUCKET = NAMES.bucket("curated")
ORDERS = Table("curated", "orders", columns(order_id=Type.STRING, quantity=Type.BIGINT))
RICHER = replace(
    ORDERS,
    columns=(
        *ORDERS.columns,
        Column("at", Type.TIMESTAMP, meaning="いつ\n" * 200),
        Column("day", Type.DATE),
        Column("price", Type.DECIMAL),
        Column("tags", Type.STRINGS),
        Column("rate", Type.DOUBLE),
        Column("paid", Type.BOOLEAN),
    ),
)
ROW = {
    "order_id": "o1", "quantity": 2, "at": datetime(2026, 3, 1, 9, 30), "day": date(2026, 3, 1),
    "price": Decimal("12.5000"), "tags": ["茶", "b"], "rate": 0.25, "paid": True,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, ministack(tmp_path_factory.mktemp("account")) as url:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": NAMES.region}.items():
            patch.setenv(name, value)
        for zone in set(ZONES.values()):
            place = {"LocationConstraint": NAMES.region}
            client("s3").create_bucket(Bucket=NAMES.bucket(zone), CreateBucketConfiguration=place)
        for database in databases(NAMES).values():
            client("glue").create_database(DatabaseInput={"Name": database})
        yield


def client(service: str) -> Any:
    return boto3.session.Session().client(service, region_name=NAMES.region)


def open_lake() -> IcebergLake:
    return glue_lake(databases(NAMES), NAMES.location, region=NAMES.region)


@pytest.fixture
def lake() -> Iterator[IcebergLake]:
    lake = open_lake()
    lake.prepare((ORDERS,))
    yield lake
    forget_orders()
    boto3.resource("s3", region_name=NAMES.region).Bucket(BUCKET).objects.filter(Prefix="curated/orders/").delete()


def forget_orders() -> None:
    client("glue").delete_table(DatabaseName=NAMES.database("curated"), Name="orders")


def orders(*quantities: int) -> pa.RecordBatch:
    rows = [{"order_id": f"o{quantity}", "quantity": quantity} for quantity in quantities]
    return pa.RecordBatch.from_pylist(rows, schema=ORDERS.schema)


def write(lake: IcebergLake, run_id: str, mode: Mode, *quantities: int) -> int:
    return lake.write(ORDERS, [orders(*quantities)] if quantities else [], Mark(mode, "orders", run_id))


def quantities(lake: IcebergLake) -> list[int]:
    batches = lake.scan("curated.orders").batches or ()
    return sorted(row["quantity"] for batch in batches for row in batch.to_pylist())


def data_files() -> set[str]:
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="curated/orders/data/")
    return {entry["Key"] for page in pages for entry in page.get("Contents", ()) if entry["Key"].endswith(".parquet")}


def test_rows_are_appended_and_replaced_and_the_step_remembered(lake: IcebergLake) -> None:
    assert write(lake, "r1", Mode.APPEND, 1, 2) == 2
    write(lake, "r2", Mode.APPEND, 3)
    assert quantities(open_lake()) == [1, 2, 3]
    write(lake, "r3", Mode.REPLACE, 9)
    assert quantities(lake) == [9]
    assert open_lake().done_by(ORDERS, "orders") == "r3"
    write(lake, "r4", Mode.REPLACE)
    assert (quantities(lake), lake.done_by(ORDERS, "orders")) == ([], "r4")


def test_a_table_lies_in_its_zones_bucket_under_the_names_of_the_account(lake: IcebergLake) -> None:
    write(lake, "r1", Mode.APPEND, 1)
    table = client("glue").get_table(DatabaseName="cloud_dev_curated", Name="orders")["Table"]
    assert table["Parameters"]["table_type"] == "ICEBERG"
    assert table["Parameters"]["metadata_location"].startswith(f"s3://{BUCKET}/curated/orders/metadata/")
    assert "curated.orders" in lake.tables()


def test_a_table_that_the_catalogue_lost_is_taken_up_as_it_was(lake: IcebergLake) -> None:
    write(lake, "r1", Mode.APPEND, 1, 2)
    write(lake, "r2", Mode.APPEND, 3)
    forget_orders()
    later = open_lake()
    later.prepare((ORDERS,))
    assert quantities(later) == [1, 2, 3]
    assert later.done_by(ORDERS, "orders") == "r2"


def test_columns_are_added_and_every_type_comes_back(lake: IcebergLake) -> None:
    write(lake, "r1", Mode.APPEND, 7)
    open_lake().prepare((RICHER,))
    lake = open_lake()
    lake.write(RICHER, [pa.RecordBatch.from_pylist([ROW], schema=RICHER.schema)], Mark(Mode.APPEND, "orders", "r2"))
    rows = [row for batch in lake.scan("curated.orders").batches or () for row in batch.to_pylist()]
    assert sorted(rows, key=lambda row: str(row["order_id"])) == [
        ROW,
        {**dict.fromkeys(ROW), "order_id": "o7", "quantity": 7},
    ]


def test_the_laptops_engine_reads_the_accounts_tables(lake: IcebergLake, tmp_path: Path) -> None:
    write(lake, "r1", Mode.APPEND, 1, 2, 3)
    engine = DuckDBEngine(lake, temp_directory=tmp_path)
    (batch,) = engine.rows(Query("total", "select sum(quantity) as total from curated.orders"))
    assert batch.to_pylist() == [{"total": 6}]


def test_rows_that_fail_halfway_leave_nothing_behind(lake: IcebergLake) -> None:
    write(lake, "r1", Mode.APPEND, 1)
    before = data_files()
    seen: set[str] = set()

    def failing() -> Iterator[pa.RecordBatch]:
        yield orders(*range(600_000))
        seen.update(data_files())
        raise FatalError("the query broke")

    with pytest.raises(FatalError, match="the query broke"):
        lake.write(ORDERS, failing(), Mark(Mode.APPEND, "orders", "r2"))
    assert len(seen) > len(before)
    assert data_files() == before
    assert (quantities(lake), lake.done_by(ORDERS, "orders")) == ([1], "r1")


def test_a_table_replaced_meanwhile_is_not_replaced_again(lake: IcebergLake) -> None:
    write(lake, "r1", Mode.APPEND, 1)

    def with_a_rival() -> Iterator[pa.RecordBatch]:
        write(open_lake(), "r2", Mode.REPLACE, 2)
        yield orders(3)

    with pytest.raises(FatalError, match="another process wrote to the table"):
        lake.write(ORDERS, with_a_rival(), Mark(Mode.REPLACE, "orders", "r3"))
    assert (quantities(lake), lake.done_by(ORDERS, "orders")) == ([2], "r2")


def test_an_append_stands_beside_another_writers(lake: IcebergLake) -> None:
    """So it is when Glue compacts the table while a step appends to it."""

    def with_a_rival() -> Iterator[pa.RecordBatch]:
        write(open_lake(), "r2", Mode.APPEND, 2)
        yield orders(3)

    lake.write(ORDERS, with_a_rival(), Mark(Mode.APPEND, "orders", "r3"))
    assert (quantities(lake), lake.done_by(ORDERS, "orders")) == ([2, 3], "r3")


@dataclass(frozen=True)
class Context:
    """What Lambda passes to a function."""

    invoked_function_arn: str = f"arn:aws:lambda:{NAMES.region}:{ACCOUNT}:function:fn"


def test_the_table_maker_makes_and_widens_all_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from functions.lake_tables.handler import handler

    config = load_config(Path(__file__).parents[1] / "projects" / "cloud")
    platform = platform_of(config, "dev", account=ACCOUNT)
    assert platform.names == NAMES
    declared = tmp_path / "tables.json"
    declared.write_text(to_json(platform), encoding="utf-8")
    monkeypatch.setenv("KUMITATE_TABLES", str(declared))
    monkeypatch.setenv("KUMITATE_ENVIRONMENT", "dev")
    made = handler({"RequestType": "Create"}, Context())
    assert made == {"PhysicalResourceId": NAMES.called("tables"), "Data": {"Tables": len(platform.tables)}}
    assert open_lake().tables() == tuple(sorted(str(each.table) for each in platform.tables))
    assert handler({"RequestType": "Update"}, Context()) == made
    handler({"RequestType": "Delete"}, Context())
    assert len(open_lake().tables()) == len(platform.tables)


def test_the_table_maker_loads_no_sql_and_no_other_catalogue() -> None:
    heavy = "sqlglot", "duckdb", "sqlalchemy", "yaml", "kumitate.pipeline"
    script = f"import sys, functions.lake_tables.handler; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("run_id", "name"),
    [("r000001", "things 100% +&?#.csv"), ("r000002", "things-髙橋😀.csv"), ("r000003", "things-e\u0301'\"\\<>.csv")],
)
def test_files_of_any_name_are_taken_in(run_id: str, name: str) -> None:
    config = Config.model_construct(sources={"things": source(path="data/things*.csv")})
    s3, key = client("s3"), f"drop/data/{name}"
    s3.put_object(Bucket=NAMES.bucket("raw"), Key=key, Body=b"a,b\n1,2\n")
    inbox, raw_area = raw_files(config, NAMES, s3)
    (landed,) = land(config, inbox, raw_area, run_id=run_id, known=known_from([]))
    assert landed.file == f"data/{name}"
    with raw_area.open(landed.stored) as file:
        assert file.read() == b"a,b\n1,2\n"
    assert land(config, inbox, raw_area, run_id=run_id, known=known_from([])) == (landed,)
    assert stored_deliveries(raw_area)[landed.id] == landed
    s3.delete_object(Bucket=NAMES.bucket("raw"), Key=key)


def test_what_changes_after_it_was_read_is_kept_as_it_is_when_copied() -> None:
    config = Config.model_construct(sources={"things": source(path="data/x.csv")})
    s3 = client("s3")
    s3.put_object(Bucket=NAMES.bucket("raw"), Key="drop/data/x.csv", Body=b"first")
    inbox, raw_area = raw_files(config, NAMES, s3)
    (found,) = inbox.delivered("things", "data/x.csv")
    s3.put_object(Bucket=NAMES.bucket("raw"), Key="drop/data/x.csv", Body=b"second one")
    kept = inbox.keep(found, "files/things/x.csv")
    assert (kept.bytes, kept.sha256 == found.sha256) == (10, False)
    assert inbox.keep(found, "files/things/x.csv") == kept
    with raw_area.open(kept.name) as file:
        assert file.read() == b"second one"
    with pytest.raises(FatalError, match="exists already"), raw_area.add("files/things/x.csv"):
        pass


def test_of_many_that_ask_for_a_run_at_once_one_begins() -> None:
    dynamodb, now = client("dynamodb"), datetime(2026, 11, 22, 6, tzinfo=UTC)
    register = DynamoRunRegister(dynamodb, ledger_table(dynamodb))

    def ask(execution: int) -> str:
        return begin(register, Request(execution=str(execution), reason="", as_of=now), now=now).verdict

    with ThreadPoolExecutor(4) as pool:
        verdicts = list(pool.map(ask, range(4)))
    assert sorted(verdicts) == ["begun", "busy", "busy", "busy"]
    assert end(register, "r000001", "finished", reason="", now=now).again
