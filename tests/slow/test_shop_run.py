"""The example shop: published figures of its real orders, and what one more order changes."""

import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from harness.projects import copy_of, rows, run

SHOP = Path(__file__).parents[2] / "examples/shop"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SOLD = "customer_no is not null and invoice_no not like 'C%' and quantity > 0 and unit_price > 0"
PUBLISHED = {
    "select count(*) from raw.orders": 541_909,
    "select count(distinct customer_no) from raw.orders where customer_no <> ''": 4_372,
    "select count(*) from raw.orders where customer_no is null": 135_080,
    "select count(distinct invoice_no) from raw.orders": 25_900,
    "select count(*) from raw.orders where invoice_no like 'C%'": 9_288,
    "select rows from clean.source_counts where source = 'orders' and outcome = 'duplicate'": 5_268,
    "select count(*) from raw.orders where cast(quantity as bigint) < 0": 10_624,
    f"select count(*) from clean.orders where {SOLD}": 392_692,
    f"select count(distinct customer_no) from clean.orders where {SOLD}": 4_338,
    f"select cast(cast(sum(amount) as decimal(18, 2)) as varchar) from clean.orders where {SOLD}": "8887208.89",
}
"""Figures of the UCI Online Retail file, computed over the file itself with plain SQL."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copy_of(SHOP, tmp_path_factory.mktemp("shop") / "shop")
    generated = str(root / "data/generated")
    subprocess.run([sys.executable, str(SHOP / "generate.py"), "--out", generated], check=True)
    run(root)
    return root


@pytest.mark.parametrize("sql", PUBLISHED)
def test_the_lake_answers_with_the_published_figures(shop: Path, sql: str) -> None:
    assert rows(shop, sql) == [(PUBLISHED[sql],)]


def profiles(root: Path) -> dict[str, tuple[Any, ...]]:
    found = rows(
        root, "select person_id, lifetime_value, order_count, days_since_last_order, email from curated.profiles"
    )
    return {row[0]: row[1:] for row in found}


def test_one_more_order_changes_only_what_follows_from_it(shop: Path) -> None:
    before = profiles(shop)
    [(person, customer)] = rows(
        shop,
        """
        select p.person_id, m.customer_no
        from activation.state_winback_ads_meta as s
        join curated.person_records as p on p.person_id = s.person_id and p.source = 'ec_members'
        join clean.ec_members as m on m._record_id = p.record_id
        where m.customer_no is not null
        order by p.person_id
        limit 1
        """,
    )
    _order(shop, customer_no=str(customer))
    run(shop)
    after = profiles(shop)
    assert {one for one in after.keys() | before.keys() if after.get(one) != before.get(one)} == {person}
    moved = {one for (one,) in rows(shop, "select person_id from curated.segment_changes where run_id = 'r000002'")}
    sent = {one for (one,) in rows(shop, "select person_id from activation.outcomes where run_id = 'r000002'")}
    assert person in moved
    assert person in sent
    assert sent <= moved
    assert len(moved) <= 3  # who moves beside the buyer was next to the edge of the top tenth


def _order(shop: Path, *, customer_no: str) -> None:
    orders = pq.read_table(SHOP / "data/orders.parquet")
    line = orders.filter(pc.equal(orders["CustomerID"].cast(pa.string()), customer_no)).slice(0, 1).to_pylist()[0]
    line |= {"InvoiceNo": "599999", "InvoiceDate": datetime(2011, 12, 9, 14, 0), "Quantity": 3}
    pq.write_table(pa.Table.from_pylist([line], schema=orders.schema), shop / "data/orders-late.parquet")
