"""A segment's export has its members and nobody else, and only the columns that may leave."""

from collections.abc import Iterator
from typing import Any

import pytest

from harness.memory_lake import MemoryLake
from kumitate.cloud.exports import MASK_BITS, Place, Wanted, export, members_query, place_of, place_query, wanted
from kumitate.errors import FatalError
from kumitate.model.step import Query
from kumitate.model.table import Column, Table, Type, columns
from kumitate.segments.masks import member_condition
from kumitate.segments.tables import BITS_PER_MASK, SEGMENT_BITS, SEGMENT_SIZES
from kumitate.sql.vocabulary import text

HERE = {"curated": "curated"}
PROFILES = Table(
    "curated",
    "profiles",
    (
        Column("person_id", Type.STRING),
        Column("email", Type.STRING, personal=True),
        Column("orders", Type.BIGINT),
    ),
)
MASKS = Table("curated", "segment_masks", columns(person_id=Type.STRING, mask_0=Type.BIGINT, mask_1=Type.BIGINT))
VIPS = Wanted("vips", "csv", ("person_id", "orders"))


class Lake(MemoryLake):
    """Three people; `b` and `c` are in the segment of bit 63, whose mask is the second; pages of one row."""

    def __init__(self) -> None:
        super().__init__()
        self.stored: dict[str, list[dict[str, Any]]] = {}
        self.put(PROFILES, [{"person_id": each, "orders": number} for number, each in enumerate("cab")])
        masks = {"a": (2**61, 1), "b": (0, 2), "c": (0, 3)}
        self.put(MASKS, [{"person_id": each, "mask_0": one, "mask_1": two} for each, (one, two) in masks.items()])
        self.put(SEGMENT_BITS, [{"segment": "vips", "bit": 63}, {"segment": "new", "bit": 0}])
        sizes = [{"run_id": run, "segment": "vips", "members": 2} for run in ("r000001", "r000009", "r000010")]
        self.put(SEGMENT_SIZES, sizes)

    def pages(self, query: Query) -> Iterator[list[dict[str, Any]]]:
        yield from ([row] for row in self.query(query).to_pylist())

    def store(self, page: list[dict[str, Any]], key: str) -> int:
        self.stored[key] = page
        return len(page)


def bare(sql: str) -> str:
    return "".join(sql.split()).replace("(", "").replace(")", "").lower()


def asked(**more: Any) -> Wanted:
    return wanted({"segment": "vips", "format": "csv", **more}, PROFILES.columns, personal=False)


def test_the_members_are_those_whose_mask_has_the_bit_in_the_order_of_their_ids() -> None:
    lake = Lake()
    manifest = export(VIPS, Place(63, "r000010"), lake, databases=HERE)
    assert [row for page in lake.stored.values() for row in page] == [
        {"person_id": "b", "orders": 2},
        {"person_id": "c", "orders": 0},
    ]
    assert (manifest["rows"], manifest["keys"]) == (2, list(lake.stored))


def test_the_condition_is_the_platforms_own() -> None:
    assert MASK_BITS == BITS_PER_MASK
    for bit in (0, 61, 62, 200):
        assert bare(text(member_condition("m", bit))) in bare(members_query(VIPS, bit, HERE).sql)


def test_the_same_export_is_the_same_files_and_other_columns_are_another_export() -> None:
    assert VIPS.prefix("r000010").startswith("exports/vips/r000010/csv-")
    assert asked(columns=["orders"]).prefix("r000010") == VIPS.prefix("r000010")
    assert asked().prefix("r000010") != VIPS.prefix("r000010")


def test_an_export_has_the_run_that_last_counted_the_segment() -> None:
    rows = Lake().query(place_query("vips", HERE)).to_pylist()
    assert place_of(rows, "vips", None) == Place(63, "r000010")
    assert place_of(rows, "vips", "r000010").run_id == "r000010"
    with pytest.raises(FatalError, match="as of r000010, no longer of r000009"):
        place_of(rows, "vips", "r000009")


@pytest.mark.parametrize("segment", ["new", "nobody"])
def test_a_segment_that_no_run_has_counted_is_refused(segment: str) -> None:
    with pytest.raises(FatalError, match="no run has counted"):
        place_of(Lake().query(place_query(segment, HERE)).to_pylist(), segment, None)


def test_people_leave_by_id_unless_columns_are_asked_for() -> None:
    assert asked().columns == ("person_id",)
    assert asked(columns=["orders", "orders", "person_id"]).columns == ("person_id", "orders")


def test_a_personal_column_leaves_only_where_the_environment_allows_it() -> None:
    with pytest.raises(FatalError, match="email: personal columns are not exported"):
        asked(columns=["orders", "email"])
    event = {"segment": "vips", "format": "parquet", "columns": ["email"]}
    assert wanted(event, PROFILES.columns, personal=True).columns == ("person_id", "email")


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"columns": ["orders", "shoe_size"]}, "no column shoe_size"),
        ({"format": "xlsx"}, "csv, parquet"),
        ({"segment": "vips' or true --"}, "no lower_snake_case name"),
        ({"segment": None}, "no lower_snake_case name"),
    ],
)
def test_what_is_not_there_is_said(event: dict[str, Any], said: str) -> None:
    with pytest.raises(FatalError, match=said):
        asked(**event)
