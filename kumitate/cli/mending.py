"""`kumitate quarantine export` and `mend`: quarantined rows as a sheet, edited by hand and taken back."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from kumitate.cli.options import examples, filled_lake_option, find_project, json_option, project_option
from kumitate.cli.output import counted, print_json, print_table, say

_OWNER_ONLY = 0o600
_BYTE_ORDER_MARK = "\ufeff"


@click.command(
    epilog=examples(
        "kumitate quarantine export --source ec_members --out rows.csv",
        "kumitate quarantine export --source ec_members --reason date.invalid --out dates.csv",
    )
)
@click.option("--source", required=True, help="Rows of this source.")
@click.option("--reason", help="Rows with this reason only, such as date.invalid.")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The CSV to write; it may not exist."
)
@project_option
@filled_lake_option
@json_option
def export(*, source: str, reason: str | None, out: Path, project: Path | None, as_json: bool) -> None:
    """Write open rows to a CSV, to be edited and taken back with `kumitate quarantine mend`.

    The file holds personal data as it was delivered. Ends of files that broke off are no rows and are left out.
    Nothing else is written, so there is no dry run: `kumitate quarantine list` counts the rows.
    """
    from kumitate.cli.lake import opened
    from kumitate.cli.plans import known_name
    from kumitate.execution.mending import export as exported

    if out.exists():
        raise click.UsageError(f"{out} exists; name a new file, or remove it")
    with opened(find_project(project)) as (workspace, _):
        known_name("source", source, workspace.config.sources)
        found = exported(source, reason, config=workspace.config, engine=workspace.engine)
    with open(
        os.open(out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNER_ONLY), "w", encoding="utf-8", newline=""
    ) as file:
        file.write(_BYTE_ORDER_MARK)
        file.writelines(found.lines)
    if as_json:
        print_json({"file": str(out), "rows": found.rows, "left_out": found.left_out})
        return
    left = f"; {counted(found.left_out, 'ends')} of files left out" if found.left_out else ""
    click.echo(f"{counted(found.rows, 'rows')} in {out}{left}")
    say("edit the cells, keep the columns that begin with _, then `kumitate quarantine mend`")


@click.command(
    epilog=examples(
        "kumitate quarantine mend rows.csv --dry-run",
        'kumitate quarantine mend rows.csv --note "dates from the paper forms" && kumitate run',
    )
)
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would be taken back, and take nothing.")
@click.option("--note", help="Why the rows were mended so; kept in quarantine.replays.")
@click.option("--author", envvar="USER", help="Who mended them; you, unless given.")
@project_option
@filled_lake_option
@json_option
def mend(
    file: Path, *, dry_run: bool, note: str | None, author: str | None, project: Path | None, as_json: bool
) -> None:
    """Take back the rows of an exported CSV that were edited; the next run takes them in.

    All rows are taken or none. Rows that were not edited stay in quarantine.
    """
    from kumitate.cli.lake import guarded, opened
    from kumitate.execution.mending import mend as take_back
    from kumitate.execution.mending import mending

    with opened(find_project(project)) as (workspace, _), guarded(workspace, dry_run=dry_run):
        found = mending(file.read_bytes(), file.name, config=workspace.config, engine=workspace.engine)
        delivery = ""
        if not dry_run:
            delivery = take_back(
                found,
                writer=workspace.lake,
                raw_area=workspace.raw_area,
                at=datetime.now(UTC),
                author=author,
                why=note,
            )
    if as_json:
        told = {"delivery": delivery, "source": found.source, "rows": len(found.rows), "unchanged": found.unchanged}
        print_json({**told, "encoding": found.encoding, "columns": dict(found.columns)})
        return
    kept = f"; {found.unchanged:,} not edited" if found.unchanged else ""
    taken = f"taken back as {delivery}" if delivery else "would be taken back" if dry_run else "taken back"
    click.echo(f"{counted(len(found.rows), 'rows')} of {found.source} {taken}{kept} (read as {found.encoding})")
    if found.columns:
        print_table(("column", "rows edited"), list(found.columns.items()))
    if delivery:
        say("`kumitate run` takes them in")
