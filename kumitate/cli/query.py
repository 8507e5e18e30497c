"""`kumitate query`: SQL over the lake."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click

from kumitate.cli.options import examples, find_project, json_option, project_option
from kumitate.cli.output import print_csv, print_json_rows, print_table, say

_ROWS_ON_SCREEN = 100


@click.command(
    short_help="SQL in Athena's dialect over the lake.",
    epilog=examples(
        'kumitate query "select count(*) as lines from clean.orders"',
        'kumitate query "select * from curated.segment_sizes" --json',
        "kumitate query - --csv < report.sql > report.csv",
    ),
)
@click.argument("sql")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with a header line.")
@project_option
@json_option
def query(sql: str, *, as_csv: bool, project: Path | None, as_json: bool) -> None:
    """Run one SELECT in Athena's dialect over the lake (- reads it from stdin).

    Tables are written database.table; `kumitate status --tables` lists them. Personal data is shown as it is.
    A table on the screen ends after 100 rows; JSON and CSV are whole.
    """
    from kumitate.execution.workspace import open_workspace
    from kumitate.model.step import Query

    if as_csv and as_json:
        raise click.UsageError("--csv and --json exclude each other")
    wanted = sys.stdin.read() if sql == "-" else sql
    with open_workspace(find_project(project)) as workspace:
        batches = workspace.engine.rows(Query("query", wanted))
        first = next(batches)
        columns = first.schema.names
        rows: Iterator[dict[str, Any]] = (row for batch in _from(first, batches) for row in batch.to_pylist())
        if as_json:
            print_json_rows(rows)
        elif as_csv:
            print_csv(columns, rows)
        else:
            print_table(columns, [tuple(row.values()) for row in islice(rows, _ROWS_ON_SCREEN)])
            rest = sum(1 for _ in rows)
            if rest:
                say(f"… and {rest} more rows; --csv or --json prints all")


def _from(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest
