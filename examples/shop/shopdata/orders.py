"""The real orders: who bought what when, and copies of them under new customer numbers for larger scales."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

CUSTOMERS_APART = 10_000
"""Copy n of customer 12346 is 12346 + n * this: more than the span of real numbers."""
_LINES_PER_VISIT = 6

_FIRST_ORDERS = """
select CustomerID, min(InvoiceDate)
from read_parquet($path)
where CustomerID is not null
group by CustomerID
order by CustomerID
"""

_INVOICES = """
with lines as (
  select
    CustomerID, InvoiceNo, StockCode, Description, Quantity, UnitPrice,
    min(InvoiceDate) over (partition by InvoiceNo) as bought_at,
    row_number() over (partition by InvoiceNo order by StockCode, Quantity, UnitPrice, Description) as line
  from read_parquet($path)
  where CustomerID is not null and Quantity > 0 and UnitPrice > 0 and InvoiceDate >= $since
)
select CustomerID, InvoiceNo, bought_at, StockCode, Description, Quantity, UnitPrice
from lines
where line <= $lines
order by CustomerID, bought_at, InvoiceNo, line
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A product in a basket."""

    stock_code: str
    description: str
    quantity: int
    price: float


@dataclass(frozen=True, slots=True)
class Invoice:
    """A real purchase, with the first few of its lines; `at` is the file's local time."""

    invoice_no: str
    at: datetime
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Orders:
    """What the generator needs to know of the orders file."""

    first_order: dict[int, datetime]
    invoices: dict[int, tuple[Invoice, ...]]
    products: tuple[Line, ...]


def read_orders(path: Path, since: datetime) -> Orders:
    """Customers of the whole file, their invoices from `since` on, and the products on them."""
    with duckdb.connect() as connection:
        first = connection.execute(_FIRST_ORDERS, {"path": str(path)}).fetchall()
        bounds = {"path": str(path), "since": since, "lines": _LINES_PER_VISIT}
        rows = connection.execute(_INVOICES, bounds).fetchall()
    invoices = {customer: tuple(_invoices(list(of))) for customer, of in groupby(rows, key=lambda row: row[0])}
    products = {
        line.stock_code: line for of in invoices.values() for invoice in of for line in invoice.lines
    }  # fmt: skip
    return Orders(dict(first), invoices, tuple(products[code] for code in sorted(products)))


def _invoices(rows: list[tuple[int, str, datetime, str, str, int, float]]) -> Iterator[Invoice]:
    for (number, at), lines in groupby(rows, key=lambda row: (row[1], row[2])):
        yield Invoice(number, at, tuple(Line(*line[3:]) for line in lines))


def copy_orders(path: Path, out: Path, copy: int) -> None:
    """Write the orders once more, with customer and invoice numbers of their own."""
    with pq.ParquetWriter(out, pq.read_schema(path), compression="zstd", store_schema=False) as writer:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=100_000):
            table = pa.Table.from_batches([batch])
            customers = pc.add(table["CustomerID"], copy * CUSTOMERS_APART)
            numbers = pc.binary_join_element_wise(table["InvoiceNo"], str(copy), "-")
            table = table.set_column(table.schema.get_field_index("CustomerID"), "CustomerID", customers)
            writer.write_table(table.set_column(table.schema.get_field_index("InvoiceNo"), "InvoiceNo", numbers))
