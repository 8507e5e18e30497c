"""DuckDB answers Athena's SQL as Trino's documentation says."""

from __future__ import annotations

import re

import pytest

from harness.engines import NoTables, tuples, types_of
from harness.parity import CASES, Case
from kumitate.engines.dialect.functions import ALIASES, FUNCTIONS
from kumitate.engines.duckdb import DuckDBEngine
from kumitate.model.step import Query


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> DuckDBEngine:
    return DuckDBEngine(NoTables(), temp_directory=tmp_path_factory.mktemp("spill"), threads=1)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_duckdb_answers_as_athena(engine: DuckDBEngine, case: Case) -> None:
    rows = tuples(engine.rows(Query(case.name, case.sql)))
    assert rows == case.rows
    assert types_of(rows) == types_of(case.rows)


def test_every_function_that_is_allowed_has_a_case() -> None:
    called = set(re.findall(r"(\w+)\s?\(", " ".join(case.sql for case in CASES)))
    assert {name for name in (*FUNCTIONS, *ALIASES) if name not in called} == set()
