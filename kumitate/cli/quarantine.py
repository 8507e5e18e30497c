"""`kumitate quarantine`: rows that were not accepted: how many, which, once more, and mended by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kumitate.cli.mending import export, mend
from kumitate.cli.options import examples, filled_lake_option, find_project, json_option, project_option, unmask_option
from kumitate.cli.output import counted, print_json, print_table, say

if TYPE_CHECKING:
    from kumitate.cli.lake import Row
    from kumitate.execution.workspace import Workspace


@click.group(short_help="Rows that were not accepted.")
def quarantine() -> None:
    """Rows that were not accepted: list their reasons, show them, send them through again, mend them."""


@quarantine.command("list", epilog=examples("kumitate quarantine list", "kumitate quarantine list --json"))
@project_option
@filled_lake_option
@json_option
def list_reasons(*, project: Path | None, as_json: bool) -> None:
    """Count quarantined rows by source, reason and field; `open` ones did not leave since.

    A row that was sent back and refused again counts once, under its last reason.
    """
    from kumitate.cli.lake import ask, opened
    from kumitate.ingest.replayed import QUARANTINED

    sql = f"""
select q.source, q.reason, coalesce(q.field, '') as field, count(*) as rows,
  cast(sum(case when q.is_open then 1 else 0 end) as bigint) as open
from ({QUARANTINED}) as q
group by q.source, q.reason, coalesce(q.field, '')
order by 1, 4 desc, 2, 3"""
    with opened(find_project(project)) as (workspace, _):
        rows = ask(workspace, "quarantine_list", sql)
    _show(rows, as_json=as_json)


@quarantine.command(
    epilog=examples("kumitate quarantine show --source ec_members", "kumitate quarantine show --unmask")
)
@click.option("--source", help="Rows of this source only.")
@click.option("--reason", help="Rows with this reason only, such as date.invalid.")
@click.option("--all", "everything", is_flag=True, help="Also rows that left since.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@unmask_option
@project_option
@filled_lake_option
@json_option
def show(  # noqa: PLR0913 (each is an option of the command line)
    *,
    source: str | None,
    reason: str | None,
    everything: bool,
    limit: int,
    unmask: bool,
    project: Path | None,
    as_json: bool,
) -> None:
    """Show open rows with file and line; their values as shapes (山田 is 漢漢) unless --unmask is given.

    A row is open until it is sent back (replayed or mended), or accepted by changed rules (recleansed).
    """
    from kumitate.cli.lake import ask, opened
    from kumitate.report.masking import payload_shape

    with opened(find_project(project)) as (workspace, _):
        _known_source(workspace, source)
        sql = _rows_sql(source, reason, limit=limit, everything=everything)
        rows = ask(workspace, "quarantine_show", sql)
    if not unmask:
        rows = [row | {"payload": payload_shape(row["payload"] or "", row["field"] or "")} for row in rows]
    _show(rows, as_json=as_json)


@quarantine.command(
    epilog=examples(
        "kumitate quarantine replay --source ec_members --reason date.invalid --dry-run",
        "kumitate quarantine replay --source ec_members --reason date.invalid",
        "kumitate quarantine replay --all && kumitate run",
    )
)
@click.option("--source", help="Rows of this source only.")
@click.option("--reason", help="Rows with this reason only.")
@click.option("--all", "everything", is_flag=True, help="Every quarantined row.")
@click.option("--dry-run", is_flag=True, help="Only count the rows that would be read anew.")
@project_option
@filled_lake_option
@json_option
def replay(
    *, source: str | None, reason: str | None, everything: bool, dry_run: bool, project: Path | None, as_json: bool
) -> None:
    """Read quarantined rows anew, as the source is described now; the next run takes them in."""
    from kumitate.cli.lake import opened
    from kumitate.execution.replay import Selection
    from kumitate.execution.replay import replay as send_back

    if not (source or reason or everything):
        raise click.UsageError("say which rows: --source, --reason or --all")
    if dry_run:
        _count_open(find_project(project), source, reason, as_json=as_json)
        return
    with opened(find_project(project)) as (workspace, _), workspace.lake.lock():
        _known_source(workspace, source)
        done = send_back(
            Selection(source, reason),
            config=workspace.config,
            engine=workspace.engine,
            writer=workspace.lake,
            raw_area=workspace.raw_area,
            at=datetime.now(UTC),
        )
    if as_json:
        print_json({"deliveries": done.deliveries, "rows": done.rows, "left": done.left})
        return
    deliveries = ", ".join(done.deliveries) or "none"
    click.echo(f"{counted(done.rows, 'rows')} sent back ({deliveries}); {done.left:,} still cannot be read")
    if done.rows:
        say("`kumitate run` takes them in")


quarantine.add_command(export)
quarantine.add_command(mend)


def _count_open(root: Path, source: str | None, reason: str | None, *, as_json: bool) -> None:
    from kumitate.cli.lake import opened
    from kumitate.execution.replay import Selection, rehearse

    with opened(root) as (workspace, _):
        _known_source(workspace, source)
        rows = rehearse(Selection(source, reason), engine=workspace.engine)
    if as_json:
        print_json({"would_read_anew": rows})
    else:
        click.echo(f"{counted(rows, 'rows')} would be read anew")


def _known_source(workspace: Workspace, source: str | None) -> None:
    from kumitate.cli.plans import known_name

    if source is not None:
        known_name("source", source, workspace.config.sources)


def _rows_sql(source: str | None, reason: str | None, *, limit: int, everything: bool) -> str:
    from kumitate.activation.statements import string
    from kumitate.ingest.replayed import QUARANTINED

    given = {"source": source, "reason": reason}
    conditions = [f"q.{name} = {string(value)}" for name, value in given.items() if value is not None]
    if not everything:
        conditions.append("q.is_open")
    return f"""
select q.source, q.reason, q.field, q.file, q.line, q.is_open as open, q.closed_as, q.payload
from ({QUARANTINED}) as q
where {" and ".join(conditions) or "1 = 1"}
order by q.source, q.reason, q.file, q.line, q.delivery_id
limit {limit}"""


def _show(rows: list[Row], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
    elif rows:
        print_table(tuple(rows[0]), [tuple(row.values()) for row in rows])
    else:
        click.echo("no such rows in quarantine")
