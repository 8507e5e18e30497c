"""What a deployment knows of the lake's tables is written down once and read back whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.names import Names
from kumitate.blueprint.platform import Platform
from kumitate.cloud.tables import Declared, databases, from_json, keep_tables, names_in, to_json
from kumitate.config.loader import load_config
from kumitate.errors import FatalError
from kumitate.model.table import Column, Table, Type
from kumitate.pipeline import all_tables

PROJECT = Path(__file__).parents[1] / "projects" / "cloud"
ARN = "arn:aws:lambda:ap-northeast-1:123456789012:function:kumitate-shop-dev-fn-lake-tables"
NAMES = Names("shop", "dev", "123456789012", "ap-northeast-1")
SIZES = Table("curated", "sizes", (Column("size", Type.BIGINT, meaning="cm"),), rebuilt=True)
DECLARED = Declared("shop", 5, (SIZES,))


@dataclass
class Prepared:
    """A lake that remembers what it was asked for; `holds` are the tables there are, and whether with rows."""

    made: list[Table] = field(default_factory=list)
    holds: dict[str, bool] = field(default_factory=dict)

    def prepare(self, tables: Iterable[Table]) -> None:
        self.made += tables

    def tables(self) -> tuple[str, ...]:
        return tuple(self.holds)

    def holds_rows(self, table: str) -> bool:
        return self.holds[table]


@pytest.fixture(scope="module")
def platform() -> Platform:
    return platform_of(load_config(PROJECT), "dev", account="123456789012")


def test_all_tables_of_a_project_come_back_as_they_were_declared(platform: Platform) -> None:
    declared = from_json(to_json(platform))
    assert declared.tables == all_tables(platform.config)
    assert (declared.project, declared.snapshots_kept) == (platform.names.project, 5)


def test_the_same_project_is_the_same_text(platform: Platform) -> None:
    assert to_json(platform) == to_json(platform)


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_a_deployment_makes_the_tables(request_type: str) -> None:
    lake = Prepared()
    answer = keep_tables({"RequestType": request_type}, DECLARED, names=NAMES, open_lake=lambda: lake)
    assert answer == {"PhysicalResourceId": "kumitate-shop-dev-tables", "Data": {"Tables": 1}}
    assert lake.made == [SIZES]


def test_tables_and_their_data_outlive_the_stack() -> None:
    def none_needed() -> Prepared:
        raise AssertionError("the lake is not opened")

    answer = keep_tables({"RequestType": "Delete"}, DECLARED, names=NAMES, open_lake=none_needed)
    assert answer == {"PhysicalResourceId": "kumitate-shop-dev-tables"}


def test_a_source_with_rows_does_not_leave_the_project_by_an_oversight() -> None:
    lake = Prepared(holds={"raw.orders": True, "raw.empty": False, "clean.orders": True})
    with pytest.raises(FatalError, match=r"with rows in the lake: orders; put the sources back"):
        keep_tables({"RequestType": "Update"}, DECLARED, names=NAMES, open_lake=lambda: lake)
    assert lake.made == []


def test_a_source_that_is_retired_leaves_its_tables_as_they_are() -> None:
    lake = Prepared(holds={"raw.orders": True})
    declared = replace(DECLARED, retired=("orders",))
    keep_tables({"RequestType": "Update"}, declared, names=NAMES, open_lake=lambda: lake)
    assert lake.made == [SIZES]


def test_names_are_those_of_the_account_the_function_runs_in() -> None:
    names = names_in(DECLARED, "dev", ARN)
    assert names == NAMES
    assert names.location("curated.sizes") == "s3://kumitate-shop-dev-curated-123456789012/curated/sizes"
    assert databases(names)["staging"] == "shop_dev_staging"


def test_an_arn_that_is_none_is_refused() -> None:
    with pytest.raises(FatalError, match="'lake_tables' is no function's ARN"):
        names_in(DECLARED, "dev", "lake_tables")
