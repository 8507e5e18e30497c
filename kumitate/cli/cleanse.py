"""`kumitate cleanse`: any table in, cleansed and typed out, with what was done to each value."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kumitate.cli.options import examples, json_option
from kumitate.cli.output import counted, print_json, print_table
from kumitate.cli.piped import table_given, table_option
from kumitate.cli.progress import progress

if TYPE_CHECKING:
    from kumitate.cleanse.tables_alone import CleansedColumn, Counts
    from kumitate.execution.cleansing import Done

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(
    short_help="Cleanse any table.",
    epilog=examples(
        "kumitate cleanse --in members.csv --out clean.parquet",
        "cat data/names.csv | kumitate cleanse --in - --out clean.parquet",
        "kumitate cleanse --rules members.yaml --in members.xlsx --out clean.csv",
        "kumitate cleanse --in members.csv --dry-run --json | jq '.columns[] | select(.unusable > 0)'",
    ),
)
@table_option("CSV, JSON lines, Parquet or Excel", required=True)
@click.option("--rules", type=FILE, help="What columns mean; those that it does not name are recognised.")
@click.option("--out", type=NEW_FILE, help="The cleansed table (.parquet, .csv or .jsonl).")
@click.option("--dry-run", is_flag=True, help="Cleanse and tell, but write nothing.")
@click.option(
    "--processes", type=click.IntRange(1), help="How many at once; by default what the table's size is worth."
)
@json_option
def cleanse(
    *, table: Path, table_format: str | None, out: Path | None, dry_run: bool, as_json: bool, **asked: Any
) -> None:
    """Cleanse a table without a project: the same rules, values and reasons as a source's.

    Every row is kept, in order. Beside the typed columns stand `_changes` (column:code) and `_originals` (what was
    delivered where a value changed or could not be used, as JSON); where the rules require columns, `_reason` says
    which one is missing. The summary tells per column how many values changed or are unusable, and why; personal
    values are shown masked.
    """
    from kumitate.execution.cleansing import Asked, cleanse_file

    if (out is None) != dry_run:
        raise click.UsageError(
            "name --out FILE, or --dry-run to write nothing" if out is None else "--dry-run writes no --out"
        )
    today = datetime.now(UTC).date()
    with table_given(table, table_format) as given, progress() as tell:
        done = cleanse_file(Asked(table=given.path, out=out, as_of=today, **asked), tell)
    if as_json:
        print_json(_facts(done))
        return
    _show(done)
    if done.mixed_with:
        click.echo(
            f"{given.name}: some is in {done.mixed_with} among UTF-8; each line and field was read as what it is"
        )
    click.echo(f"{counted(done.rows, 'rows')}" + (f" in {out}" if out else "; nothing was written"))


def _facts(done: Done) -> dict[str, Any]:
    columns = [_fact(column, done.counts[column.name]) for column in done.columns]
    return {"rows": done.rows, "mixed_with": done.mixed_with or None, "columns": columns}


def _fact(column: CleansedColumn, counts: Counts) -> dict[str, Any]:
    from kumitate.cleanse.reasons import REASONS, is_unusable

    return {
        "column": column.name,
        "delivered": column.delivered,
        "type": column.rule.semantic.value,
        "why": column.why,
        "parts": dict(column.parts),
        "filled": counts.filled,
        "changed": counts.changed,
        "unusable": counts.unusable,
        "reasons": [
            {
                "code": code,
                "kind": "unusable" if is_unusable(code) else "changed",
                "rows": rows,
                "en": REASONS[code].en,
                "ja": REASONS[code].ja,
                "samples": counts.samples[code],
            }
            for code, rows in counts.codes.most_common()
        ],
    }


def _show(done: Done) -> None:
    facts = _facts(done)["columns"]
    names = ("column", "type", "how known", "filled", "changed", "unusable")
    keys = ("column", "type", "why", "filled", "changed", "unusable")
    print_table(names, ([fact[key] for key in keys] for fact in facts))
    rows = [
        (fact["column"], each["code"], each["rows"], each["en"], " ".join(each["samples"]))
        for fact in facts
        for each in fact["reasons"]
    ]
    if rows:
        print_table(("column", "reason", "values", "says", "delivered, for instance (masked)"), rows)
