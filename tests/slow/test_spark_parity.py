"""Spark answers Athena's SQL as Trino's documentation says, and so as DuckDB does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.engines import NoTables, tuples, types_of
from harness.parity import CASES, Case
from kumitate.engines.spark import SparkEngine
from kumitate.model.step import Query

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkEngine]:
    engine = SparkEngine(NoTables(), temp_directory=tmp_path_factory.mktemp("spark"))
    yield engine
    engine.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_spark_answers_as_athena(engine: SparkEngine, case: Case) -> None:
    rows = tuples(engine.rows(Query(case.name, case.sql)))
    assert rows == case.rows
    assert types_of(rows) == types_of(case.rows)
