"""DuckDB answers Athena's SQL as Trino's documentation says."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pytest

from harness.parity import CASES, Case
from kumitate.engines.dialect.functions import ALIASES, FUNCTIONS
from kumitate.engines.duckdb import DuckDBEngine
from kumitate.model.step import Query
from kumitate.ports import Scan


class NoTables:
    """A lake with nothing in it: parity cases bring their rows."""

    def scan(self, table: str) -> Scan:
        raise AssertionError(f"{table} is not asked for")

    def tables(self) -> tuple[str, ...]:
        return ()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> DuckDBEngine:
    return DuckDBEngine(NoTables(), temp_directory=tmp_path_factory.mktemp("spill"), threads=1)


def tuples(batches: list[pa.RecordBatch]) -> list[tuple[Any, ...]]:
    return [
        tuple(column[row].as_py() for column in batch.columns) for batch in batches for row in range(batch.num_rows)
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_duckdb_answers_as_athena(engine: DuckDBEngine, case: Case) -> None:
    rows = tuples(engine.rows(Query(case.name, case.sql)))
    assert rows == case.rows
    assert [list(map(type, row)) for row in rows] == [list(map(type, row)) for row in case.rows]


def test_every_function_that_is_allowed_has_a_case() -> None:
    called = set(re.findall(r"(\w+)\s?\(", " ".join(case.sql for case in CASES)))
    assert {name for name in (*FUNCTIONS, *ALIASES) if name not in called} == set()
