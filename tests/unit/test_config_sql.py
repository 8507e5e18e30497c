"""A project's own SQL is held to the tables and columns it can read, and not suspected wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.projects import copy_of
from kumitate.config.checks.reads import read_findings
from kumitate.config.findings import Spot
from kumitate.errors import ConfigError
from kumitate.model.table import Table, Type, columns
from kumitate.project import open_project

ORDERS = Table("clean", "orders", columns(member_id=Type.STRING, amount=Type.DECIMAL, tags=Type.STRINGS))
RECORDS = Table("curated", "person_records", columns(source=Type.STRING, record_id=Type.STRING, person_id=Type.STRING))
AMOUT = "unknown column 'amout' in clean.orders; did you mean 'amount'?"
TABLES = {str(table): table for table in (ORDERS, RECORDS)}


def found(sql: str) -> list[tuple[str, int | None]]:
    return [(finding.what, finding.text_line) for finding in read_findings(sql, TABLES, Spot("traits", ("a", "sql")))]


@pytest.mark.parametrize(
    "sql",
    [
        "select person_id, max(amount) as value from clean.orders join curated.person_records on record_id = member_id",
        "with a as (select member_id as m from clean.orders) select m, anything from a",
        "select member_id, t from clean.orders cross join unnest(tags) as u (t)",
        "select member_id as z from clean.orders order by z",
        "select filter(tags, x -> x <> '') as tags from clean.orders",
        "select person_id from curated.person_records where record_id in (select member_id from clean.orders)",
        "select person_id from curated.person_records where exists (select 1 from clean.orders where record_id = 'a')",
        "select count(*) filter (where amount > 1) over (partition by member_id) as n, current_date from clean.orders",
        "select member_id from clean.orders union all select person_id from curated.person_records",
        "select 1; this is (no SQL",
    ],
)
def test_right_sql_is_not_suspected(sql: str) -> None:
    assert found(sql) == []


@pytest.mark.parametrize(
    ("sql", "what", "line"),
    [
        ("select a from orders", "table 'orders' names no database; write clean.orders", None),
        ("select a from clean.order", "unknown table 'clean.order'; did you mean 'clean.orders'?", None),
        ("select o.amout\nfrom clean.orders as o", AMOUT, 1),
        ("select tags\nfrom clean.orders\nwhere amout > 1", AMOUT, 3),
        ("with a as (select amout from clean.orders) select 1 from a", AMOUT, 1),
    ],
)
def test_a_wrong_name_is_found_with_its_line(sql: str, what: str, line: int | None) -> None:
    assert found(sql) == [(what, line)]


TEA_SHOP = Path(__file__).parents[1] / "projects/tea_shop"
READS = {
    "curated.record_owners": "person_id",
    "curated.household_members": "person_id",
    "curated.households": "household_id",
    "curated.company_members": "person_id",
    "curated.companies": "company_id",
    "curated.golden_records": "person_id",
}


def tea_shop_reading(table: str, column: str, root: Path, *, declares: bool) -> Path:
    """The project with a trait in SQL over `table`, with an anonymous id, households and companies or without."""
    root = copy_of(TEA_SHOP, root / "tea_shop")
    sql = f"select {column} as person_id, count(*) as value from {table} group by {column}"
    (root / "traits/own.yaml").write_text(f'own: {{kind: sql, type: bigint, sql: "{sql}"}}\n', encoding="utf-8")
    if declares:
        rule = "{of: persons, rules: {place: {match: [postal_code]}}}\n"
        (root / "identity/household.yaml").write_text(f"household: {rule}", encoding="utf-8")
        (root / "identity/company.yaml").write_text(f"company: {rule}", encoding="utf-8")
        person = root / "identity/person.yaml"
        told = person.read_text(encoding="utf-8").replace(
            "  identifiers:\n", "  identifiers:\n    device: {within: 30d}\n", 1
        )
        person.write_text(told, encoding="utf-8")
    return root


@pytest.mark.parametrize("table", READS)
def test_sql_may_read_what_the_projects_entities_make(table: str, tmp_path: Path) -> None:
    open_project(tea_shop_reading(table, READS[table], tmp_path, declares=True))


@pytest.mark.parametrize("table", [table for table in READS if table != "curated.golden_records"])
def test_sql_may_not_read_what_the_project_does_not_make(table: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"unknown table '{table}'"):
        open_project(tea_shop_reading(table, READS[table], tmp_path, declares=False))


def test_a_column_that_an_entitys_table_has_not_is_found(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown column 'person' in curated\.record_owners"):
        open_project(tea_shop_reading("curated.record_owners", "person", tmp_path, declares=True))
