"""Athena as an engine: pages of rows, shared types, names of the account, and messages that quote nobody."""

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from click.testing import CliRunner
from pyathena.error import DataError, OperationalError

from harness.mock_account import BUCKET, REGION, account, results_bucket
from kumitate.blueprint.classification import READERS as PLACED
from kumitate.cli.main import main
from kumitate.cli.query import READERS
from kumitate.engines.athena import AthenaEngine, connection
from kumitate.engines.dialect.databases import with_databases
from kumitate.errors import FatalError, RetryableError
from kumitate.model.step import Query

QUERY = Query("sizes", "select segment, members from curated.segment_sizes")
SIZES = (("segment", "varchar"), ("members", "bigint"))
CLOUD = Path(__file__).parents[1] / "projects" / "cloud"
DATABASES = {"curated": "shop_dev_curated", "raw": "shop_dev_raw"}


class FakeAthena:
    """A DB-API connection and its cursor that answers every query alike."""

    def __init__(
        self, columns: Sequence[Sequence[Any]], rows: Sequence[Sequence[Any]], *, fails: str = "", unreadable: str = ""
    ) -> None:
        self.description = [(*column[:2], None, None, *(column[2:] or (None, None)), "UNKNOWN") for column in columns]
        self.executed = ""
        self._rows = list(rows)
        self._fails = fails
        self._unreadable = unreadable

    def cursor(self) -> "FakeAthena":
        return self

    def execute(self, sql: str) -> None:
        if self._fails:
            raise OperationalError(self._fails)
        self.executed = sql

    def fetchmany(self, size: int) -> list[Sequence[Any]]:
        if self._unreadable:
            raise DataError(self._unreadable)
        page, self._rows = self._rows[:size], self._rows[size:]
        return page


def said_of(failure: str) -> str:
    engine = AthenaEngine(lambda: FakeAthena((), (), fails=failure))
    with pytest.raises(FatalError) as error:
        list(engine.ask(QUERY))
    return str(error.value)


def test_rows_come_a_page_at_a_time_and_none_is_lost() -> None:
    rows = [(f"s{number}", number) for number in range(2500)]
    engine = AthenaEngine(lambda: FakeAthena(SIZES, rows))
    batches = list(engine.rows(QUERY))
    assert [batch.num_rows for batch in batches] == [1000, 1000, 500]
    assert pa.Table.from_batches(batches).column("members").to_pylist() == list(range(2500))


def test_an_answer_without_rows_still_has_its_columns() -> None:
    (batch,) = AthenaEngine(lambda: FakeAthena(SIZES, ())).rows(QUERY)
    assert (batch.num_rows, batch.schema.names) == (0, ["segment", "members"])
    assert list(AthenaEngine(lambda: FakeAthena(SIZES, ())).ask(QUERY)) == []


def test_every_column_has_the_type_that_engines_share() -> None:
    columns = [
        ("flag", "boolean"), ("many", "bigint"), ("few", "tinyint"), ("share", "double"), ("day", "date"),
        ("at", "timestamp"), ("paid", "decimal", 18, 4), ("tags", "array"), ("place", "row"),
    ]  # fmt: skip
    at = datetime(2026, 1, 31, 12)
    row = (True, 2**40, 3, 0.5, date(2026, 1, 31), at, Decimal("1.5000"), ["a", None, 7], {"city": "津"})
    (batch,) = AthenaEngine(lambda: FakeAthena(columns, [row, (None,) * len(row)])).rows(QUERY)
    assert batch.schema.types == [
        pa.bool_(), pa.int64(), pa.int64(), pa.float64(), pa.date32(), pa.timestamp("us"), pa.decimal128(18, 4),
        pa.list_(pa.field("element", pa.string())), pa.string(),
    ]  # fmt: skip
    first, second = (list(each.values()) for each in batch.to_pylist())
    assert first == [*row[:7], ["a", None, "7"], "{'city': '津'}"]
    assert second == [None] * len(row)


def test_a_batch_function_sees_what_it_sees_on_the_laptop() -> None:
    def doubled(batch: pa.RecordBatch) -> pa.RecordBatch:
        return pa.record_batch({"members": pc.multiply(batch.column("members"), 2)})

    engine = AthenaEngine(lambda: FakeAthena(SIZES, [("a", 1), ("b", 2)]))
    (batch,) = engine.apply(QUERY, doubled, pa.schema([("members", pa.int64())]))
    assert batch.column("members").to_pylist() == [2, 4]


def test_a_message_about_the_query_is_shown_and_one_that_may_quote_a_row_is_not() -> None:
    assert said_of("COLUMN_NOT_FOUND: line 1:8: Column 'agee' cannot be resolved") == (
        "sizes: Athena: COLUMN_NOT_FOUND: line 1:8: Column 'agee' cannot be resolved"
    )
    told = said_of("INVALID_CAST_ARGUMENT: Cannot cast 'taro@example.jp' to BIGINT")
    assert told.startswith("sizes: Athena: INVALID_CAST_ARGUMENT (")
    assert "taro" not in told
    assert "taro" not in said_of("Cannot cast taro@example.jp")


def test_a_value_that_cannot_be_read_is_not_quoted() -> None:
    engine = AthenaEngine(lambda: FakeAthena(SIZES, (), unreadable="Column 'at': 'taro' is no timestamp"))
    with pytest.raises(FatalError, match="DataError") as error:
        list(engine.rows(QUERY))
    assert "taro" not in str(error.value)


def test_a_crowded_athena_is_asked_again_later() -> None:
    engine = AthenaEngine(lambda: FakeAthena((), (), fails="An error occurred (TooManyRequestsException) when calling"))
    with pytest.raises(RetryableError, match="try later"):
        list(engine.ask(QUERY))


def test_the_query_stays_as_it_is_written_but_for_its_databases() -> None:
    written = """with a as (select curated.profiles.person_id, 'raw.x' as t -- curated.profiles, 津
from "curated".profiles join Raw.orders as raw_orders on true)
select a.person_id, "t" from a"""
    assert with_databases(written, DATABASES) == (
        written.replace("select curated.", "select shop_dev_curated.")
        .replace('"curated".', "shop_dev_curated.")
        .replace("Raw.", "shop_dev_raw.")
    )


@pytest.mark.parametrize("sql", ["select 1 from system.secrets", "drop table curated.profiles", "select * from t"])
def test_what_is_no_query_of_the_lake_reaches_no_account(sql: str) -> None:
    with pytest.raises(FatalError):
        with_databases(sql, DATABASES)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Athena with one answer waiting, and what it was asked; results lie in a bucket."""
    from moto.athena.models import QueryResults, athena_backends

    column = {"CatalogName": "hive", "SchemaName": "", "TableName": "", "Precision": 19, "Scale": 0}
    info = [{**column, "Name": name, "Label": name, "Type": kind, "Nullable": "UNKNOWN"} for name, kind in SIZES]
    data = [{"Data": [{"VarCharValue": text} for text in row]} for row in (("segment", "members"), ("vips", "7"))]
    import boto3

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with account() as client:
        person = {"RoleArn": "arn:aws:iam::000000000000:role/signed-in", "RoleSessionName": "hanako"}
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", client("sts").assume_role(**person)["Credentials"]["AccessKeyId"])
        client = boto3.Session(region_name=REGION).client
        results_bucket(client("s3"))
        for name in ("query", "analyst", "steward"):
            client("athena").create_work_group(
                Name=f"kumitate-cloud-dev-{name}",
                Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/athena/{name}/"}},
            )
        backend = athena_backends["000000000000"][REGION]
        backend.query_results_queue.append(QueryResults(rows=data, column_info=info))
        yield backend.executions


def test_the_real_client_asks_in_the_workgroup_and_reads_the_answer(asked: Any) -> None:
    opened = connection(workgroup="kumitate-cloud-dev-query", database="shop_dev_curated", region=REGION)
    engine = AthenaEngine(lambda: opened, lambda query: with_databases(query.sql, DATABASES))
    assert list(engine.ask(QUERY)) == [{"segment": "vips", "members": 7}]
    (execution,) = asked.values()
    assert execution.workgroup.name == "kumitate-cloud-dev-query"
    assert "shop_dev_curated.segment_sizes" in execution.query
    assert "'Database': 'shop_dev_curated'" in str(execution.context), "it never looks into Glue's `default`"


@pytest.mark.parametrize("given", [(), ("--as", "analyst"), ("--as", "steward")], ids=" ".join)
def test_a_person_asks_the_deployed_lake_with_the_same_sql_in_a_roles_workgroup(
    asked: Any, given: tuple[str, ...]
) -> None:
    words = ["query", "--aws", "--env", "dev", QUERY.sql, "--project", str(CLOUD), "--json", *given]
    result = CliRunner().invoke(main, words)
    assert json.loads(result.stdout) == [{"segment": "vips", "members": 7}], result.output
    (execution,) = asked.values()
    assert execution.query == QUERY.sql.replace("curated.", "cloud_dev_curated.")
    assert execution.workgroup.name == f"kumitate-cloud-dev-{given[-1] if given else 'analyst'}"


def test_people_ask_under_the_roles_that_are_placed() -> None:
    assert tuple(reader.name for reader in PLACED) == READERS


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--env", "dev"), "--env goes with --aws"),
        (("--as", "steward"), "--as goes with --aws"),
        (("--aws", "--env", "dev", "--as", "root"), "'root' is not one of 'analyst', 'marketer', 'steward'"),
        (("--aws", "--env", "nope"), "unknown environment 'nope'; there are dev"),
        (("--aws",), "say which environment with --env; there are dev"),
    ],
)
def test_an_environment_that_says_nothing_is_refused(arguments: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(main, ["query", *arguments, "select 1 as one", "--project", str(CLOUD)])
    assert (result.exit_code, said in result.output) == (2, True)
