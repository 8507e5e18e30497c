"""What a cold start pays before the first line of a handler runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.lambda_runtime import Package

pytestmark = pytest.mark.package
LIMIT_MS = 300
TRIES = 7
LIGHT = (
    "arrivals", "begin_run", "collector", "delivery", "end_run", "planner", "processor", "quality_gate", "triggered",
)  # fmt: skip
HEAVY = ("pyarrow", "duckdb", "sqlglot", "pyiceberg", "boto3", "pandas", "numpy", "jsonschema", "yaml")
_MEASURE = """
import sys, time
sys.path.insert(0, ".")
began = time.process_time()
import functions.{name}.handler
print(round((time.process_time() - began) * 1000), *(each for each in {heavy} if each in sys.modules))
"""


def measured(package: Package, name: str) -> tuple[int, list[str]]:
    """CPU milliseconds in a fresh process, and which heavy packages were loaded."""
    done = package.run_python("-I", "-c", _MEASURE.format(name=name, heavy=HEAVY), environment={})
    assert done.returncode == 0, done.stderr
    cost, *loaded = done.stdout.split()
    return int(cost), loaded


@pytest.mark.parametrize("name", LIGHT)
def test_a_light_function_is_imported_within_its_budget(name: str, unpacked: Callable[[str], Package]) -> None:
    found = [measured(unpacked("lambda"), name) for _ in range(TRIES)]
    assert found[0][1] == []
    assert min(cost for cost, _ in found) <= LIMIT_MS
    print(f"{name}: {min(cost for cost, _ in found)} ms")  # noqa: T201 -- shown with -s
