"""`kumitate segment`: how large a segment is, who is in it, and by which SQL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kumitate.cli.options import examples, filled_lake_option, find_project, json_option, project_option, unmask_option
from kumitate.cli.output import print_json, print_table

if TYPE_CHECKING:
    from kumitate.cli.lake import Row
    from kumitate.execution.runs import LoggedRun
    from kumitate.execution.workspace import Workspace


@click.command(
    short_help="The size, a masked sample and the SQL of a segment.",
    epilog=examples(
        "kumitate segment vips",
        "kumitate segment vips --sample 0",
        "kumitate segment vips --json | jq .members",
    ),
)
@click.argument("name")
@click.option("--sample", default=10, show_default=True, type=click.IntRange(0, 1000), help="How many people to show.")
@unmask_option
@project_option
@filled_lake_option
@json_option
def segment(name: str, *, sample: int, unmask: bool, project: Path | None, as_json: bool) -> None:
    """Show a segment as the last run left it: its size, some of its people (masked), its SQL."""
    from kumitate.cli.lake import opened
    from kumitate.cli.plans import known_name

    with opened(find_project(project)) as (workspace, last):
        known_name("segment", name, workspace.config.segments)
        about = _about(workspace, last, name) | {"sample": _sample(workspace, name, count=sample, unmask=unmask)}
    if as_json:
        print_json(about)
        return
    click.echo(f"{name}: {about['members']:,} people after run {last.id}\n{about['description']}".rstrip())
    if about["sample"]:
        print_table(tuple(about["sample"][0]), [tuple(row.values()) for row in about["sample"]])
    click.echo(f"\n{about['sql']};")


def _about(workspace: Workspace, last: LoggedRun, name: str) -> dict[str, Any]:
    from kumitate.cli.lake import as_planned, ask
    from kumitate.segments.compile import segment_query

    sql = f"select count(*) as members from curated.segment_masks as m where {_is_member(workspace, name)}"
    return {
        "segment": name,
        "description": workspace.config.segments[name].description,
        "run_id": last.id,
        "members": ask(workspace, "segment_size", sql)[0]["members"],
        "sql": segment_query(workspace.config, as_planned(workspace, last), name).sql,
    }


def _sample(workspace: Workspace, name: str, *, count: int, unmask: bool) -> list[Row]:
    """The first people by id, with the attributes of their golden records."""
    from kumitate.cli.lake import ask, present, shown_row
    from kumitate.identity.tables import golden_table

    table = golden_table(workspace.config)
    columns = present(workspace, table)
    names = ", ".join(f"g.{column.name}" for column in columns)
    sql = f"""
select {names}
from curated.segment_masks as m
join {table} as g on g.person_id = m.person_id
where {_is_member(workspace, name)}
order by g.person_id
limit {count}"""
    rows = ask(workspace, "segment_sample", sql) if count else []
    return [shown_row(workspace.config, row, columns, unmask=unmask) for row in rows]


def _is_member(workspace: Workspace, name: str) -> str:
    """The condition on the masks; nobody is in a segment that no run has computed."""
    from kumitate.cli.lake import segment_bits
    from kumitate.segments.masks import member_condition
    from kumitate.sql.vocabulary import text

    bits = segment_bits(workspace)
    return text(member_condition("m", bits[name])) if name in bits else "1 = 0"
