"""The price table: list prices with their date, their region and where each comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import yaml


@dataclass(frozen=True, slots=True)
class Price:
    """`usd` is None where no figure is known."""

    usd: float | None
    per: str
    source: str
    checked: date | None
    is_regional: bool
    """Known for the region itself; otherwise the table's own region stands in."""


@dataclass(frozen=True, slots=True)
class Prices:
    date: date
    region: str
    """Where the figures hold that are not known for the region asked for."""
    by_name: Mapping[str, Price]

    def __getitem__(self, name: str) -> Price:
        return self.by_name[name]


@cache
def prices_in(region: str) -> Prices:
    table = yaml.safe_load(Path(__file__).with_name("prices.yaml").read_text(encoding="utf-8"))
    known = {
        name: Price(
            price.get("regions", {}).get(region, price["usd"]),
            price["per"],
            price["source"],
            price["checked"],
            region == table["region"] or region in price.get("regions", {}),
        )
        for name, price in table["prices"].items()
    }
    return Prices(table["date"], table["region"], known)
