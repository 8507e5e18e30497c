"""Traits, consents, profiles, masks and changes: Spark and DuckDB write the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from harness.engines import tuples
from harness.shoppers import RUN, Row, ago, lake, project, row
from kumitate.cleanse.tables import clean_table
from kumitate.config.project import Config
from kumitate.engines.duckdb import DuckDBEngine
from kumitate.engines.iceberg import IcebergLake
from kumitate.engines.local_lake import open_local_lake
from kumitate.engines.spark import SparkEngine
from kumitate.identity.tables import PERSON_RECORDS, golden_table
from kumitate.model.step import Mode, QueryStep
from kumitate.ports import Mark
from kumitate.profiles.stage import PROFILES
from kumitate.segments.stage import SEGMENTS

pytestmark = pytest.mark.slow

PEOPLE = [f"p{number:02}" for number in range(60)]


def of_orders(kind: str, column: str | None = None, **more: Any) -> Row:
    return {"kind": kind, "source": "orders", "column": column, **more}


VIEW = {"source": "visits", "event": "View"}
TRAITS: Row = {
    "orders": of_orders("count", within="30d"),
    "products": of_orders("count_distinct", "product"),
    "spent": of_orders("sum", "amount", where={"column": "quantity", "more_than": 0}),
    "mean": of_orders("avg", "amount"),
    "rate": {"kind": "ratio", "numerator": "spent", "denominator": "orders"},
    "first_amount": of_orders("first", "amount"),
    "last_product": of_orders("last", "product"),
    "last_order": of_orders("last", "at"),
    "lately": of_orders("list", "product", limit=2),
    "amounts": of_orders("list", "amount"),
    "favourite": of_orders("most_frequent", "product"),
    "quiet_days": of_orders("days_since"),
    "unpaid_days": of_orders("days_since", "paid"),
    "longest": {"kind": "max", "source": "visits", "column": "seconds"},
    "score": {
        "kind": "points",
        "half_life": "3d",
        "rules": [{**VIEW, "points": -5}, {"source": "orders", "points": 10, "most": 3}],
    },
    "capped": {"kind": "points", "rules": [{**VIEW, "points": 3, "most": 2}]},
    "in_sql": {"kind": "sql", "sql": "select person_id, cast(records as double) as value from curated.golden_records"},
}
SEGMENTS_ASKED: Row = {
    "top": {"trait": "spent", "top_percent": 10},
    "abandoned": {
        "sequence": {"steps": [VIEW], "then_not": {"event": {"source": "orders"}, "span": "24h"}, "within": "7d"}
    },
    "chain": {"sequence": {"steps": [VIEW, {"source": "visits"}, {"source": "orders"}], "within": "5d"}},
    "birthday": {"anniversary": "born", "days_before": 20},
    "mailable": {"all": [{"consent": {"purpose": "news", "channel": "email"}}, {"not": {"segment": "top"}}]},
    "of_cities": {"list": "cities", "attribute": "city"},
    "texts": {"any": [{"attribute": "city", "contains": "京"}, {"attribute": "sources", "contains": "members"}]},
    "never": {"event": {"source": "orders", "where": {"not": {"column": "product", "is": "a"}}}, "exactly": 0},
    "in_sql": {"sql": "select person_id from curated.profiles where city = 'X'"},
    **{
        f"visits_{n:02}": {"event": {"source": "visits"}, "within": f"{n + 1}d", "at_least": n % 5 + 1}
        for n in range(60)
    },
}


def shoppers() -> Config:
    return project(
        traits=TRAITS,
        segments={name: {"when": when} for name, when in SEGMENTS_ASKED.items()},
        priorities={"order": {"segments": ["birthday", "mailable"]}},
        lists={"cities": ("a", "東京", *map(str, range(300)))},
    )


class Chance:
    """Rows by chance, the same for the same seed; about one value in seven is missing."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def one_of(self, *values: Any) -> Any:
        return None if self.random.random() < 0.15 else self.random.choice(values)

    def number(self, low: int, high: int) -> Any:
        return self.one_of(*range(low, high + 1))

    def day(self, first: int, last: int) -> Any:
        age = self.number(first, last)
        return None if age is None else ago(days=age).date()

    def at(self) -> Any:
        halves = self.number(-4, 60)
        return None if halves is None else ago(hours=12 * halves, milliseconds=self.random.choice([0, 1, 500]))

    def rows(self, count: int, make: Callable[[], Row]) -> list[Row]:
        return [row(self.random.choice(PEOPLE), at=self.at(), **make()) for _ in range(count)]


def given_rows(by: Chance) -> dict[str, list[Row]]:
    return {
        "orders": by.rows(
            500,
            lambda: {
                "amount": by.number(-3, 9),
                "quantity": by.number(0, 2),
                "product": by.one_of("a", "b", "東", "é", "Z"),
                "paid": by.day(-3, 50),
            },
        ),
        "visits": by.rows(800, lambda: {"name": by.one_of("View", "Cart"), "seconds": by.number(0, 5)}),
        "words": by.rows(90, lambda: {"purpose": "news", "channel": "email", "granted": by.one_of(True, False)}),
    }


def given_people(by: Chance) -> list[Row]:
    return [{"person_id": name, "city": by.one_of("a", "東京", "京都", "X"), "born": by.day(0, 400)} for name in PEOPLE]


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[IcebergLake, DuckDBEngine, SparkEngine]]:
    folder: Path = tmp_path_factory.mktemp("both")
    with open_local_lake(folder / "lake") as stored:
        spark = SparkEngine(stored, temp_directory=folder / "spark")
        yield stored, DuckDBEngine(stored, temp_directory=folder / "duckdb"), spark
        spark.close()


def fill(stored: IcebergLake, config: Config) -> None:
    """The tables as identity leaves them; those of the two stages are empty."""
    by = Chance(seed=5)
    source = lake(config, given_people(by), **given_rows(by))
    given = [golden_table(config), PERSON_RECORDS, *(clean_table(*named) for named in config.sources.items())]
    stored.prepare([*given, *{str(step.table): step.table for step in steps(config)}.values()])
    for table in given:
        stored.write(table, source.table(table).to_batches(), Mark(Mode.REPLACE, "given", "r000000"))


def test_both_engines_write_the_same_rows(engines: tuple[IcebergLake, DuckDBEngine, SparkEngine]) -> None:
    stored, duckdb, spark = engines
    config = shoppers()
    fill(stored, config)
    for step in steps(config):
        ours = list(duckdb.rows(step.query))
        assert in_order(tuples(spark.rows(step.query))) == in_order(tuples(ours)), step.query.name
        assert sum(batch.num_rows for batch in ours) > 0
        stored.write(step.table, ours, Mark(step.mode, step.query.name, RUN.id))


def steps(config: Config) -> Iterator[QueryStep]:
    for stage in (PROFILES, SEGMENTS):
        for step in stage.plan(config, RUN):
            assert isinstance(step, QueryStep)
            yield step


def in_order(found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(found, key=repr)
