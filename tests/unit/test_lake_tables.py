"""Tables in the embedded lake grow with the project and never lose what they hold."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from kumitate.engines.iceberg import IcebergLake
from kumitate.engines.local_lake import open_local_lake
from kumitate.errors import FatalError
from kumitate.model.step import Mode
from kumitate.model.table import Column, Table, Type, columns
from kumitate.ports import Mark

SHOPS = Table("clean", "shops", columns(shop_id=Type.STRING, size=Type.BIGINT))
GROWN = Table("clean", "shops", (*SHOPS.columns, Column("city", Type.STRING, meaning="where it is")))


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[IcebergLake]:
    with open_local_lake(tmp_path) as lake:
        lake.prepare((SHOPS,))
        yield lake


def add(lake: IcebergLake, table: Table, **values: object) -> None:
    batch = pa.RecordBatch.from_pylist([values], table.schema)
    lake.write(table, [batch], Mark(Mode.APPEND, "shops", "r1"))


def rows(lake: IcebergLake) -> list[dict[str, object]]:
    return sorted(lake.load("clean.shops").scan().to_arrow().to_pylist(), key=lambda row: str(row["shop_id"]))


def test_prepare_twice_changes_nothing(lake: IcebergLake, tmp_path: Path) -> None:
    first = lake.load("clean.shops").metadata_location
    with open_local_lake(tmp_path) as again:
        again.prepare((SHOPS,))
    assert lake.load("clean.shops").metadata_location == first


def test_a_new_column_is_null_in_old_rows(lake: IcebergLake) -> None:
    add(lake, SHOPS, shop_id="s1", size=3)
    lake.prepare((GROWN,))
    add(lake, GROWN, shop_id="s2", size=4, city="Nara")
    assert rows(lake) == [{"shop_id": "s1", "size": 3, "city": None}, {"shop_id": "s2", "size": 4, "city": "Nara"}]


def test_a_column_the_project_dropped_stays_and_is_null_in_new_rows(lake: IcebergLake) -> None:
    lake.prepare((GROWN,))
    add(lake, GROWN, shop_id="s1", size=4, city="Nara")
    lake.prepare((SHOPS,))
    add(lake, SHOPS, shop_id="s2", size=3)
    assert rows(lake) == [{"shop_id": "s1", "size": 4, "city": "Nara"}, {"shop_id": "s2", "size": 3, "city": None}]


def test_a_changed_type_is_refused_with_a_way_out(lake: IcebergLake) -> None:
    changed = Table("clean", "shops", columns(shop_id=Type.STRING, size=Type.STRING))
    with pytest.raises(FatalError, match=r"clean\.shops\.size is bigint in the lake and string in the project.* give"):
        lake.prepare((changed,))


def test_a_table_that_runs_rebuild_takes_the_new_type(lake: IcebergLake) -> None:
    traits = Table("curated", "traits", columns(person_id=Type.STRING, spent=Type.DECIMAL), rebuilt=True)
    counted = Table("curated", "traits", columns(person_id=Type.STRING, spent=Type.BIGINT), rebuilt=True)
    lake.prepare((traits,))
    lake.prepare((counted,))
    added = pa.RecordBatch.from_pylist([{"person_id": "p1", "spent": 3}], schema=counted.schema)
    lake.write(counted, [added], Mark(Mode.REPLACE, "traits", "r000002"))
    assert lake.scan("curated.traits").schema.field("spent").type == pa.int64()
    assert lake.load("curated.traits").scan().to_arrow().to_pylist() == [{"person_id": "p1", "spent": 3}]


def test_the_lake_names_its_tables(lake: IcebergLake) -> None:
    lake.prepare((Table("raw", "shops", SHOPS.columns),))
    assert lake.tables() == ("clean.shops", "raw.shops")


def test_an_unknown_table_is_an_error_that_names_the_known(lake: IcebergLake) -> None:
    with pytest.raises(FatalError, match=r"clean\.shop: no such table .* did you mean clean\.shops\?"):
        lake.scan("clean.shop")


def test_an_empty_lake_says_so(tmp_path: Path) -> None:
    with (
        open_local_lake(tmp_path / "new") as lake,
        pytest.raises(FatalError, match="the lake is empty: run the project"),
    ):
        lake.scan("clean.shops")


def test_documentation_travels_with_the_table(lake: IcebergLake) -> None:
    lake.prepare((GROWN,))
    assert lake.load("clean.shops").schema().find_field("city").doc == "where it is"


def test_a_scan_maps_field_ids_to_current_names(lake: IcebergLake) -> None:
    add(lake, SHOPS, shop_id="s1", size=3)
    with lake.load("clean.shops").update_schema() as update:
        update.rename_column("size", "square_metres")
    scan = lake.scan("clean.shops")
    assert scan.field_ids == {1: "shop_id", 2: "square_metres"}
    assert scan.schema.names == ["shop_id", "square_metres"]


def test_a_copied_lake_is_refused_before_it_writes_into_the_original(tmp_path: Path) -> None:
    original, copied = tmp_path / "first" / "lake", tmp_path / "second" / "lake"
    with open_local_lake(original) as first:
        first.prepare((SHOPS,))
    shutil.copytree(original, copied)
    with pytest.raises(FatalError, match="was copied or moved") as refused:
        open_local_lake(copied)
    assert f"its tables lie in {original}; move it back there, or delete {copied}" in str(refused.value)
    with open_local_lake(original) as again:
        assert "clean.shops" in again.tables()
