"""`kumitate query`: SQL over the lake, on this machine or deployed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kumitate.cli.options import chosen_lake, examples, filled_lake_option, find_project, json_option, project_option
from kumitate.cli.output import print_csv, print_json_rows, print_table, say

if TYPE_CHECKING:
    from kumitate.ports import Engine

_ROWS_ON_SCREEN = 100
READERS = ("analyst", "marketer", "steward", "activation")
"""The roles of people who ask the lake, as the account has them."""


@click.command(
    short_help="SQL in Athena's dialect over the lake.",
    epilog=examples(
        'kumitate query "select count(*) as lines from clean.orders"',
        'kumitate query "select * from curated.segment_sizes" --json',
        "echo 'select * from curated.segment_sizes' | kumitate query - --csv > sizes.csv",
        'kumitate query --aws --env dev "select count(*) as people from curated.profiles"',
        'kumitate query --aws --env dev --as steward "select * from quarantine.rows"',
    ),
)
@click.argument("sql")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with a header line.")
@click.option("--aws", is_flag=True, help="Ask the deployed lake, through Athena.")
@click.option("--env", "environment", metavar="NAME", help="Which environment, with --aws; the only one there is.")
@click.option("--as", "reader", type=click.Choice(READERS), help="Under which role, with --aws; analyst without it.")
@project_option
@filled_lake_option
@json_option
def query(sql: str, *, as_csv: bool, as_json: bool, project: Path | None, **lake: Any) -> None:
    """Run one SELECT in Athena's dialect over the lake (- reads it from stdin).

    Tables are written database.table; `kumitate status --tables` lists them. Personal data is shown as it is.
    A table on the screen ends after 100 rows; JSON and CSV are whole. With --aws the same SQL asks the deployed lake
    under a role of its own (--as), which you must be allowed to assume: it is shown the columns of its classes, in its
    own workgroup and within the environment's scan limit.
    """
    from kumitate.model.step import Query

    if as_csv and as_json:
        raise click.UsageError("--csv and --json exclude each other")
    wanted = sys.stdin.read() if sql == "-" else sql
    with _engine(find_project(project), **lake) as engine:
        batches = iter(engine.rows(Query("query", wanted)))
        first = next(batches)
        columns = first.schema.names
        rows: Iterator[dict[str, Any]] = (row for batch in _from(first, batches) for row in batch.to_pylist())
        if as_json:
            print_json_rows(rows)
        elif as_csv:
            print_csv(columns, rows)
        else:
            _print_some(columns, rows)


def _print_some(columns: list[str], rows: Iterator[dict[str, Any]]) -> None:
    print_table(columns, [tuple(row.values()) for row in islice(rows, _ROWS_ON_SCREEN)])
    rest = sum(1 for _ in rows)
    if rest:
        say(f"… and {rest} more rows; --csv or --json prints all")


@contextmanager
def _engine(root: Path, *, aws: bool, environment: str | None, reader: str | None) -> Iterator[Engine]:
    if aws:
        if chosen_lake():
            raise click.UsageError("--lake is a folder of this machine: it does not go with --aws")
        yield deployed_lake(root, environment, reader or READERS[0])
        return
    for option, given in (("--env", environment), ("--as", reader)):
        if given is not None:
            raise click.UsageError(f"{option} goes with --aws")
    from kumitate.cli.lake import filled_lake, scratch
    from kumitate.engines.duckdb import DuckDBEngine
    from kumitate.execution.workspace import open_workspace

    with open_workspace(root, lake_folder=filled_lake()) as workspace, scratch(workspace.folder) as temporary:
        engine = DuckDBEngine(workspace.lake, temp_directory=temporary)
        try:
            yield engine
        finally:
            engine.close()


def deployed_lake(root: Path, environment: str | None, reader: str) -> Engine:
    """What answers questions to an environment's lake, under one of `READERS`."""
    from kumitate.aws.roles import session_as
    from kumitate.blueprint.names import ZONES, Names
    from kumitate.cli.environments import chosen_environment
    from kumitate.engines.athena import AthenaEngine, connection
    from kumitate.engines.dialect.databases import with_databases
    from kumitate.project import open_project

    config = open_project(root).config
    name = chosen_environment(config, environment)
    placed = config.environments[name]
    names = Names(config.settings.project, name, placed.account or "", placed.region)
    databases = {database: names.database(database) for database in ZONES}
    role = names.called(reader)  # also the name of its workgroup
    session = session_as(role, region=placed.region, account=placed.account)
    opened = connection(workgroup=role, database=databases["curated"], region=placed.region, session=session)
    return AthenaEngine(lambda: opened, lambda query: with_databases(query.sql, databases, query.name))


def _from(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest
