"""`kumitate explain`: the SQL behind a stage, segment, sync or trait."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from kumitate.cli.options import examples, find_project, json_option, project_option
from kumitate.cli.output import print_json


@click.command(
    short_help="The SQL behind a stage, segment, sync or trait.",
    epilog=examples(
        "kumitate explain segments",
        "kumitate explain lapsed_customers --dialect duckdb",
        "kumitate explain segment:vips --json",
    ),
)
@click.argument("name", metavar="STAGE|SEGMENT|SYNC|TRAIT")
@click.option(
    "--dialect",
    type=click.Choice(["athena", "duckdb", "spark"]),
    default="athena",
    show_default=True,
    help="Whose SQL to print.",
)
@project_option
@json_option
def explain(name: str, *, dialect: str, project: Path | None, as_json: bool) -> None:
    """Print the SQL of a stage, segment, sync or trait, as the engine runs it.

    Where a segment and a trait share a name, write segment:NAME or trait:NAME.
    """
    from kumitate.cli.plans import explained
    from kumitate.project import open_project

    queries = explained(open_project(find_project(project)).config, name)
    statements = [(query.name, _in_dialect(query.sql, dialect)) for query in queries]
    if as_json:
        print_json([{"name": each, "dialect": dialect, "sql": sql} for each, sql in statements])
    elif not statements:
        click.echo(f"-- {name} reads files or speaks to destinations: it has no SQL")
    else:
        click.echo("\n\n".join(f"-- {each}\n{sql};" for each, sql in statements))


def _in_dialect(sql: str, dialect: str) -> str:
    """Athena's SQL as it is written, or what another engine runs in its place."""
    import sqlglot

    from kumitate.engines.dialect import translate

    if dialect == "athena":
        return sql.strip()
    other: Literal["duckdb", "spark"] = "duckdb" if dialect == "duckdb" else "spark"
    return sqlglot.parse_one(translate(sql, other), read=other).sql(dialect=other, pretty=True)
