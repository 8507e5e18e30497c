"""Persons and what is made of them: Spark and DuckDB write the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from harness.memory_lake import MemoryLake
from harness.people import SOURCES, Row, card, member, visit
from kumitate.cleanse.tables import clean_table
from kumitate.config.project import Config
from kumitate.engines.duckdb import DuckDBEngine
from kumitate.engines.iceberg import IcebergLake
from kumitate.engines.local_lake import open_local_lake
from kumitate.engines.spark import SparkEngine
from kumitate.identity.entity_stage import entity_tables
from kumitate.identity.stage import IDENTITY
from kumitate.identity.stewards import STEWARD_LINKS
from kumitate.identity.tables import (
    PAIR_WEIGHTS,
    PERSON_ALIASES,
    PERSON_EVENTS,
    PERSON_HISTORY,
    PROVENANCE,
    golden_table,
)
from kumitate.model.step import GraphStep, Mode, Query, QueryStep, Run, Step
from kumitate.ports import Engine, Mark
from kumitate.profiles.stage import PROFILES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

MEMBERS: Row = SOURCES["members"] | {
    "columns": SOURCES["members"]["columns"]
    | {
        "corporate": {"type": "corporate_number"},
        "firm": {"type": "company"},
        "is_checked": {"type": "boolean"},
    }
}
PERSON: Row = {
    "identifiers": {
        "member": {},
        "card": {},
        "email": {},
        "phone": {},
        "device": {"within": "2d", "max_distinct": {"member": 2}},
    },
    "rules": {"name_at_place": {"match": ["given_name", "city", "hobby"]}},
    "attributes": {
        "given_name": {"policy": "source_priority", "sources": ["cards", "members"]},
        "city": {"policy": "verified", "verified_by": "is_checked"},
        "hobby": {"policy": "most_frequent"},
        "note": {"policy": "longest"},
        "born": {},
        "page": {},
        "firm": {},
    },
    "brands": {"ec": {"sources": ["members", "visits"]}, "shop": {"sources": ["cards"]}},
    "model": {"compare": ["given_name", "city", "hobby", "phone", "email"], "merge": 0.99, "review": 0.01},
}
HOUSEHOLD: Row = {
    "of": "persons",
    "crowded": {"city": {"hobby": 3}},
    "rules": {"home": {"match": ["city", "given_name"]}},
}
COMPANY: Row = {
    "columns": {"corporate_number": "corporate", "name": "firm", "domain": "email"},
    "identifiers": {"corporate_number": {"unique": True}, "domain": {}},
    "rules": {"named": {"match": ["name", "city"]}},
}
DECIDED = [
    {"left_record": left, "right_record": right, "link": link, "author": "Ito", "reason": "seen", "at": at}
    for left, right, link, at in (
        ("members/1", "members/2", "must", datetime(2026, 2, 1)),
        ("cards/3", "members/4", "cannot", datetime(2026, 2, 2)),
        ("members/5", "members/6", "must", datetime(2026, 2, 3)),
        ("members/5", "members/6", "withdrawn", datetime(2026, 2, 4)),
    )
]
RUNS = [Run(f"r{number:06}", datetime(2026, 3, number)) for number in (1, 2)]


def people() -> Config:
    return Config.model_validate(
        {
            "root": ".",
            "settings": {"project": "people"},
            "sources": SOURCES | {"members": MEMBERS},
            "identity": {"person": PERSON, "household": HOUSEHOLD, "company": COMPANY},
            "traits": {"visits": {"kind": "count", "source": "visits"}},
        }
    )


class Chance:
    """Values by chance, the same for the same seed; about one in four is missing."""

    def __init__(self, seed: int) -> None:
        self.by = Random(seed)

    def one_of(self, *values: Any) -> Any:
        return None if self.by.random() < 0.25 else self.by.choice(values)

    def at(self) -> Any:
        hours, milliseconds = self.by.randrange(400), self.by.randrange(3)
        return self.one_of(datetime(2026, 2, 1) + timedelta(hours=hours, milliseconds=milliseconds))

    def member(self, number: int) -> Row:
        return member(
            str(number),
            email=self.one_of(*(f"{self.by.choice('abc')}@{firm}" for firm in ("x.co.jp", "y.co.jp", "gmail.com"))),
            phone=self.one_of(*(f"+8131234000{digit}" for digit in range(9))),
            given_name=self.one_of("太郎", "太 郎", "花子", "Ann", "ANN", "İnci Σοφίας"),
            city=self.one_of("奈良", "神戸", "Ise"),
            hobby=self.one_of("go", "茶", "shogi"),
            note=self.one_of("a", "東京", "長い話"),
            firm=self.one_of("港物産", "山本 商店"),
            corporate=self.one_of("7000012050002", "8000020130001", "1000020130001"),
            is_checked=self.one_of(True, False),
            updated=self.at(),
        )

    def visit(self) -> Row:
        login = self.one_of(*map(str, range(40))) if self.by.random() < 0.6 else None
        return visit(self.by.choice("tuv"), login, page=self.one_of("/a", "/b"), at=self.at())

    def card(self, number: int) -> Row:
        phone = self.one_of("+81312340001", "+81312340012")
        return card(str(number), phone=phone, given_name=self.one_of("一郎"))


def given(seed: int) -> dict[str, list[Row]]:
    by = Chance(seed)
    return {
        "members": [by.member(number) for number in range(60)],
        "cards": [by.card(number) for number in range(20)],
        "visits": [by.visit() for _ in range(120)],
    }


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[IcebergLake, Mapping[str, Engine]]]:
    folder: Path = tmp_path_factory.mktemp("both")
    with open_local_lake(folder / "lake") as stored:
        spark = SparkEngine(stored, temp_directory=folder / "spark")
        yield stored, {"duckdb": DuckDBEngine(stored, temp_directory=folder / "duckdb"), "spark": spark}
        spark.close()


def known(config: Config) -> MemoryLake:
    """The lake after a first run, which saw every other row, and with all rows for a second."""
    lake = MemoryLake()
    lake.put(STEWARD_LINKS, DECIDED)
    for share in (2, 1):
        for name, rows in given(seed=3).items():
            lines = ({"_line": line, "_delivery_id": "d", **row} for line, row in enumerate(rows[::share]))
            lake.put(clean_table(name, config.sources[name]), lines)
        if share > 1:
            lake.run(IDENTITY, config, RUNS[0])
            lake.run(PROFILES, config, RUNS[0])
    return lake


def made_by(step: Step, engine: Engine) -> pa.Table:
    match step:
        case QueryStep():
            return table_of(engine, step.query).cast(step.table.schema)
        case GraphStep():
            return step.function({one.name: table_of(engine, one) for one in step.queries}).cast(step.table.schema)
        case _:
            raise AssertionError(f"no files here: {step.table}")


def table_of(engine: Engine, query: Query) -> pa.Table:
    return pa.Table.from_batches(engine.rows(query))


def test_both_engines_write_the_same_rows(engines: tuple[IcebergLake, Mapping[str, Engine]]) -> None:
    stored, by_name = engines
    config = people()
    lake = known(config)
    tables = {
        str(table): table for stage in (IDENTITY, PROFILES) for table in (*stage.reads(config), *stage.writes(config))
    }
    stored.prepare(tables.values())
    for table in tables.values():
        stored.write(table, lake.table(table).to_batches(), Mark(Mode.REPLACE, "given", "r000000"))
    golden = (golden_table(config), PROVENANCE, PAIR_WEIGHTS, PERSON_EVENTS, PERSON_HISTORY, PERSON_ALIASES)
    empty = {str(table) for table in (*golden, *entity_tables(config))}
    for step in (*IDENTITY.plan(config, RUNS[1]), *PROFILES.plan(config, RUNS[1])):
        ours, theirs = (made_by(step, by_name[name]) for name in ("duckdb", "spark"))
        told = [sorted(table.to_pylist(), key=repr) for table in (ours, theirs)]
        assert told[0] == told[1], str(step.table)
        stored.write(step.table, ours.to_batches(), Mark(step.mode, str(step.table), RUNS[1].id))
        empty -= {str(step.table)} if told[0] else set()
    assert empty == set()
