"""What quality rules leave in the lake: one verdict per rule and run, and the figures that later runs are held to."""

from __future__ import annotations

from kumitate.model.table import Column, Table, Type


def results_table(name: str) -> Table:
    """A verdict per rule and run; `found` is null where there was nothing to judge, and the rule then holds."""
    return Table(
        "curated",
        name,
        (
            Column("run_id", Type.STRING),
            Column("at", Type.TIMESTAMP),
            Column("name", Type.STRING, meaning="the section of quality/*.yaml"),
            Column("table_name", Type.STRING),
            Column("rule", Type.STRING, meaning="freshness, volume_min, volume_max, nulls, unique, ranges, …"),
            Column("column_name", Type.STRING, meaning="the column, or columns with a comma between"),
            Column("level", Type.STRING, meaning="warn, hold or stop"),
            Column("threshold", Type.DOUBLE, meaning="hours (freshness), a ratio, a share, or rows"),
            Column("found", Type.DOUBLE),
            Column("passed", Type.BOOLEAN),
        ),
        "what each run's rows were found to be, against the rules of quality/*.yaml",
    )


def history_table(name: str) -> Table:
    """What volume and drift are held against: the rows of each run, also by value."""
    return Table(
        "curated",
        name,
        (
            Column("run_id", Type.STRING),
            Column("name", Type.STRING),
            Column("column_name", Type.STRING, meaning="null: all rows"),
            Column("bucket", Type.STRING, personal=True, meaning="the value, or the magnitude of a number (3e5)"),
            Column("held", Type.BIGINT, meaning="rows"),
        ),
        "rows of each run, as quality rules on volume and drift count them",
    )


RESULTS = results_table("quality_results")
HISTORY = history_table("quality_history")
"""Of the sources' clean tables."""
PROFILE_RESULTS = results_table("profile_quality_results")
PROFILE_HISTORY = history_table("profile_quality_history")
"""Of the profiles."""
