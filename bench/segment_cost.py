"""What a cloud engine would read for a statement: the column chunks it names, by the footers of the Parquet files.

Rows that an engine could skip by their minima and maxima are not taken off: in these tables there are none to skip.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import sqlglot
from segment_ways import statements
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope


def bytes_read(name: str, folder: Path) -> int:
    """Of all statements of a way; a table that a statement names twice is read twice."""
    sizes: dict[str, dict[str, int]] = {}
    total = 0
    for statement in statements(name):
        for table, columns in columns_read(statement.sql):
            if table not in sizes:
                sizes[table] = column_sizes(folder / f"{table}.parquet")
            total += sum(sizes[table][column] for column in columns)
    return total


def columns_read(sql: str) -> list[tuple[str, set[str]]]:
    """Each mention of a lake table, with the columns of it that are named."""
    found = []
    for scope in traverse_scope(sqlglot.parse_one(sql, dialect="athena")):
        for alias, source in scope.sources.items():
            if isinstance(source, exp.Table):
                of_it = [one for one in scope.columns if one.table == alias or len(scope.sources) == 1]
                found.append((f"{source.db}.{source.name}", {one.name for one in of_it}))
    return found


def column_sizes(file: Path) -> dict[str, int]:
    """Compressed bytes by top-level column."""
    sizes: dict[str, int] = {}
    footer = pq.read_metadata(file)
    for group in range(footer.num_row_groups):
        for number in range(footer.num_columns):
            chunk = footer.row_group(group).column(number)
            column = chunk.path_in_schema.split(".")[0]
            sizes[column] = sizes.get(column, 0) + chunk.total_compressed_size
    return sizes
