"""The page on the SQL dialect says what the code does."""

from __future__ import annotations

from pathlib import Path

from kumitate.engines.dialect import duckdb, spark
from kumitate.engines.dialect.functions import ALIASES, FUNCTIONS, INSTEAD

PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "sql-dialect.md"


def function_rows() -> list[str]:
    rows = []
    for name in sorted((*FUNCTIONS, *ALIASES)):
        node = FUNCTIONS[ALIASES.get(name, name)]
        ways = [
            "rewritten" if node in rewrites or (node is None and engine == "DuckDB") else "as it is"
            for engine, rewrites in (("DuckDB", duckdb.REWRITES), ("Spark", spark.REWRITES))
        ]
        rows.append(f"| `{name}` | {ways[0]} | {ways[1]} |")
    return rows


def refused_rows() -> list[str]:
    return [f"| `{name}` | {advice} |" for name, advice in sorted(INSTEAD.items())]


def table_under(heading: str) -> list[str]:
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return [line for line in section.splitlines() if line.startswith("| `")]


def test_the_page_lists_every_function_and_how_it_is_run() -> None:
    assert table_under("Functions") == function_rows()


def test_the_page_lists_what_to_write_instead() -> None:
    assert table_under("What to write instead") == refused_rows()
