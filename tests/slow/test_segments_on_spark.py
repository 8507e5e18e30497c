"""Traits, consents, profiles, masks and changes: Spark and DuckDB write the same rows."""

from __future__ import annotations

from collections.abc import Iterator
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


def rows(seed: int) -> dict[str, list[Row]]:
    random = Random(seed)

    def perhaps(value: Any) -> Any:
        return None if random.random() < 0.15 else value

    def at(halves: int = 60) -> Any:
        return perhaps(ago(hours=12 * random.randint(-4, halves), milliseconds=random.choice([0, 1, 500])))

    def someone() -> str:
        return random.choice(PEOPLE)

    orders = [
        row(
            someone(),
            amount=perhaps(random.randint(-3, 9)),
            quantity=perhaps(random.randint(0, 2)),
            product=perhaps(random.choice(["a", "b", "東", "é", "Z"])),
            paid=perhaps(ago(days=random.randint(-3, 50)).date()),
            at=at(),
        )
        for _ in range(500)
    ]
    visits = [
        row(someone(), name=perhaps(random.choice(["View", "Cart"])), seconds=perhaps(random.randint(0, 5)), at=at())
        for _ in range(800)
    ]
    words = [
        row(someone(), purpose="news", channel="email", granted=perhaps(random.random() < 0.5), at=at())
        for _ in range(90)
    ]
    golden = [
        {
            "person_id": name,
            "city": perhaps(random.choice(["a", "東京", "京都", "X"])),
            "born": perhaps(ago(days=random.randint(0, 400)).date()),
        }
        for name in PEOPLE
    ]
    return {"golden": golden, "orders": orders, "visits": visits, "words": words}


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[IcebergLake, DuckDBEngine, SparkEngine]]:
    folder: Path = tmp_path_factory.mktemp("both")
    with IcebergLake(folder / "lake") as stored:
        spark = SparkEngine(stored, temp_directory=folder / "spark")
        yield stored, DuckDBEngine(stored, temp_directory=folder / "duckdb"), spark
        spark.close()


def fill(stored: IcebergLake, config: Config) -> None:
    """The tables as identity leaves them; those of the two stages are empty."""
    made = rows(seed=5)
    source = lake(config, made.pop("golden"), **made)
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
