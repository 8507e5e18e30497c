"""`kumitate explain`: the SQL behind a stage, segment, sync or trait."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from kumitate.cli.options import examples, find_project, json_option, project_option
from kumitate.cli.output import print_json

if TYPE_CHECKING:
    import pyarrow as pa

    from kumitate.model.step import Query


@click.command(
    short_help="The SQL behind a stage, segment, sync or trait.",
    epilog=examples(
        "kumitate explain segments",
        "kumitate explain lapsed --dialect duckdb",
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
    from kumitate.cli.plans import explained, schemas
    from kumitate.project import open_project

    config = open_project(find_project(project)).config
    known = schemas(config)
    statements = [(query.name, _in_dialect(query, dialect, known)) for query in explained(config, name)]
    if as_json:
        print_json([{"name": each, "dialect": dialect, "sql": sql} for each, sql in statements])
    elif not statements:
        click.echo(f"-- {name} reads files or speaks to destinations: it has no SQL")
    else:
        click.echo("\n\n".join(f"-- {each}\n{sql};" for each, sql in statements))


def _in_dialect(query: Query, dialect: str, known: dict[str, pa.Schema]) -> str:
    """Athena's SQL as it is written, or what another engine runs in its place."""
    import sqlglot

    from kumitate.engines.dialect import translate

    if dialect == "athena":
        return query.sql.strip()
    other: Literal["duckdb", "spark"] = "duckdb" if dialect == "duckdb" else "spark"
    translated = translate(query.sql, other, known, where=query.name)
    return sqlglot.parse_one(translated, read=other).sql(dialect=other, pretty=True)
