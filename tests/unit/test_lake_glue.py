"""The lake keeps its promises over Glue's catalogue too; the files of these tests lie in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.mock_account import REGION, account
from kumitate.aws.lake import glue_lake
from kumitate.engines.iceberg import IcebergLake
from kumitate.errors import FatalError
from kumitate.model.step import Mode
from kumitate.model.table import Column, Table, Type, columns
from kumitate.ports import Mark

DATABASES = {"clean": "shop_dev_clean", "curated": "shop_dev_curated"}
SIZES = Table("curated", "sizes", columns(size=Type.BIGINT))
GROWN = Table("curated", "sizes", (*SIZES.columns, Column("of", Type.STRING, meaning="何の\n大きさか " * 50)))


@pytest.fixture(scope="module")
def glue() -> Iterator[Any]:
    with account() as client:
        glue = client("glue")
        for database in ("shop_dev_clean", "shop_dev_curated", "somebody_elses"):
            glue.create_database(DatabaseInput={"Name": database})
        yield glue


@pytest.fixture
def lake(glue: Any, tmp_path: Path) -> Iterator[IcebergLake]:
    yield glue_lake(DATABASES, lambda table: str(tmp_path / table), region=REGION)
    glue.delete_table(DatabaseName="shop_dev_curated", Name="sizes")


def write(lake: IcebergLake, size: int, mode: Mode) -> None:
    batch = pa.record_batch({"size": [size]}, SIZES.schema)
    lake.write(SIZES, [batch], Mark(mode, "sizes", f"r{size}"))


def sizes(lake: IcebergLake) -> list[int]:
    return sorted(n for file in lake.scan("curated.sizes").files for n in pq.read_table(file)["size"].to_pylist())


def test_tables_are_written_and_read_under_the_lakes_names(lake: IcebergLake) -> None:
    lake.prepare((SIZES,))
    write(lake, 1, Mode.REPLACE)
    write(lake, 2, Mode.APPEND)
    assert lake.tables() == ("curated.sizes",)
    assert sizes(lake) == [1, 2]
    write(lake, 3, Mode.REPLACE)
    assert sizes(lake) == [3]
    assert lake.done_by(SIZES, "sizes") == "r3"


def test_a_table_lies_where_it_was_told_to(lake: IcebergLake, tmp_path: Path) -> None:
    lake.prepare((SIZES,))
    assert lake.load("curated.sizes").location() == str(tmp_path / "curated.sizes")


def test_a_table_made_before_takes_new_columns_and_properties(lake: IcebergLake, tmp_path: Path) -> None:
    lake.prepare((SIZES,))
    write(lake, 1, Mode.REPLACE)
    later = glue_lake(DATABASES, lambda table: str(tmp_path / table), region=REGION, snapshots_kept=9)
    later.prepare((GROWN,))
    assert later.scan("curated.sizes").schema.names == ["size", "of"]
    assert later.load("curated.sizes").properties["history.expire.min-snapshots-to-keep"] == "9"
    assert sizes(later) == [1]


@pytest.mark.slow
def test_a_table_that_the_catalogue_lost_is_taken_up_as_it_was(lake: IcebergLake, glue: Any, tmp_path: Path) -> None:
    """Glue drops its tables with a database, while the bucket keeps their files."""
    lake.prepare((SIZES,))
    for size in range(1, 10):
        write(lake, size, Mode.APPEND)
    glue.delete_table(DatabaseName="shop_dev_curated", Name="sizes")
    later = glue_lake(DATABASES, lambda table: str(tmp_path / table), region=REGION)
    later.prepare((GROWN,))
    assert sizes(later) == list(range(1, 10))
    assert later.done_by(GROWN, "sizes") == "r9"
    assert later.scan("curated.sizes").schema.names == ["size", "of"]


def test_a_comment_is_cut_to_what_glue_takes(lake: IcebergLake, glue: Any) -> None:
    lake.prepare((GROWN,))
    table = glue.get_table(DatabaseName="shop_dev_curated", Name="sizes")["Table"]
    comment = table["StorageDescriptor"]["Columns"][1]["Comment"]
    assert comment.startswith("何の 大きさか 何の")
    assert len(comment.encode()) <= 255
    assert lake.load("curated.sizes").schema().fields[1].doc == GROWN.columns[1].meaning


def test_a_mark_is_found_in_a_snapshot_that_the_tables_own_note_does_not_know_yet(lake: IcebergLake) -> None:
    """So it is when Spark was killed after its commit."""
    lake.prepare((SIZES,))
    write(lake, 1, Mode.APPEND)
    batch = pa.table({"size": [2]}, SIZES.schema)
    lake.load("curated.sizes").append(batch, snapshot_properties={"kumitate.step": "sizes", "kumitate.run_id": "r2"})
    assert lake.done_by(SIZES, "sizes") == "r2"
    assert lake.done_by(SIZES, "others") == ""


def test_a_compaction_between_leaves_the_mark(lake: IcebergLake) -> None:
    lake.prepare((SIZES,))
    write(lake, 1, Mode.APPEND)
    lake.load("curated.sizes").append(pa.table({"size": [2]}, SIZES.schema))
    assert lake.done_by(SIZES, "sizes") == "r1"


def test_a_refusal_of_glue_is_told_with_what_to_see_to(glue: Any, tmp_path: Path) -> None:
    assert glue.get_databases()["DatabaseList"]
    elsewhere = glue_lake({"curated": "not_there"}, lambda table: str(tmp_path / table), region=REGION)
    with pytest.raises(FatalError, match=r"not_there.*see that the storage stack"):
        elsewhere.prepare((SIZES,))


def test_a_table_that_was_never_deployed_is_told_so(glue: Any) -> None:
    assert glue.get_databases()["DatabaseList"]
    with pytest.raises(FatalError, match=r"curated\.sizes: no such table in the lake; deploy the project again"):
        glue_lake(DATABASES, lambda table: table, region=REGION).scan("curated.sizes")
