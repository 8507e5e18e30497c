"""`kumitate resolve`: who is who in any table, and how good that is where the truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kumitate.cli.options import examples, json_option
from kumitate.cli.output import print_json, say
from kumitate.cli.piped import TableGiven, table_given, table_option
from kumitate.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kumitate.execution.resolving import Asked

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)


class _Model(click.ParamType["Path | str"]):
    """`train`, `none`, or a model's file."""

    name = "model"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        if value in ("train", "none"):
            return str(value)
        path = Path(value)
        if not path.is_file():
            self.fail(f"{value!r} is neither `train` nor `none` nor a model's file", param, ctx)
        return path


@click.command(
    short_help="Who is who in any table.",
    epilog=examples(
        "kumitate resolve --in customers.csv --out clusters.parquet",
        "kumitate resolve --rules identity.yaml --in customers.csv --out clusters.parquet --truth person",
        "kumitate resolve --in customers.csv --previous clusters.parquet --out clusters.parquet --events events.csv",
        "kumitate resolve --in customers.csv --record-id customer_no --delta changes.csv --out clusters.parquet",
        "kumitate resolve --in customers.csv --dry-run",
        "kumitate query 'select * from clean.ec_members' --csv | kumitate resolve --in - --out clusters.csv",
    ),
)
@table_option("CSV, JSON lines, Parquet or Excel: a row a record", required=True)
@click.option("--rules", type=FILE, help="Columns and rules; without it columns are recognised and rules ship.")
@click.option("--delta", "deltas", type=FILE, multiple=True, help="Added and changed rows; _deleted takes one out.")
@click.option("--out", type=NEW_FILE, help="Clusters: record, person_id (.parquet, .csv or .jsonl).")
@click.option("--record-id", metavar="COL", help="The column that names records; the line number without it.")
@click.option("--truth", metavar="COL", help="A column that tells the true person; scored with, never looked at.")
@click.option("--previous", type=FILE, help="The clusters of the last time: their ids last.")
@click.option("--links", type=FILE, help="Decisions of stewards: CSV with left,right,link,author,reason,at.")
@click.option("--model", type=_Model(), metavar="train|none|FILE", help="Train one here, none, or a versioned one.")
@click.option("--save-model", type=NEW_FILE, help="Write the model that was used, to be versioned.")
@click.option("--edges", type=NEW_FILE, help="Write why records are one person.")
@click.option("--events", type=NEW_FILE, help="Write what happened to persons since --previous.")
@click.option("--dry-run", is_flag=True, help="Say how columns are read and which rules apply; resolve nothing.")
@json_option
def resolve(*, table: Path, table_format: str | None, **asked: Any) -> None:
    """Find the rows of a table that are one person, without a project.

    Without --rules the columns are recognised by headers and values, and the rules that ship apply; the output says
    which. With --truth the persons found are compared with the true ones: pairs (precision, recall, F1) and B-cubed.
    Where the record's id tells the truth (rec-17-dup-1), derive such a column first. Personal data is masked.
    """
    with table_given(table, table_format) as given:
        _resolve(given, **asked)


def _resolve(given: TableGiven, *, dry_run: bool, as_json: bool, **options: Any) -> None:
    from kumitate.cli import resolved as screen
    from kumitate.execution.resolve_warnings import warnings
    from kumitate.execution.resolving import check_outputs, planned, resolve_files, write_results

    outputs = {name: options.pop(name) for name in ("out", "edges", "events", "save_model")}
    asked = _asked(table=given.path, **options)
    if dry_run:
        table, plan = planned(asked)
        screen.show_plan(plan, table, as_json=as_json)
        return
    outputs["model"] = outputs.pop("save_model")
    check_outputs(**outputs)
    _refuse_to_lose_files(asked, outputs)
    _warn_of_new_ids(asked, outputs["out"])
    with progress() as tell:
        done = resolve_files(asked, tell)
    for warning in warnings(done, asked):
        say(given.told(f"warning: {warning}"))
    write_results(done, **outputs)
    facts = screen.facts(done, asked)
    if as_json:
        print_json(facts)
    else:
        screen.show(facts)


def _refuse_to_lose_files(asked: Asked, outputs: Mapping[str, Path | None]) -> None:
    """An output over a file that is read would destroy it; the clusters of the last time may give way to the new."""
    from kumitate.errors import FatalError

    model = asked.model if isinstance(asked.model, Path) else None
    read = [path for path in (asked.table, asked.rules, asked.links, model, *asked.deltas) if path]
    taken = {path.resolve() for path in read}
    for path in filter(None, outputs.values()):
        if path.resolve() in taken:
            raise FatalError(f"{path}: is read, or written, by this very call and would be lost; write elsewhere")
        taken.add(path.resolve())


def _warn_of_new_ids(asked: Asked, out: Path | None) -> None:
    if out is not None and out.exists() and asked.previous is None:
        say(
            f"warning: {out} exists; every id is minted anew and the file is overwritten. "
            f"Give --previous {out}, and persons keep their ids"
        )


def _asked(**given: Any) -> Asked:
    from kumitate.execution.resolving import Asked

    return Asked(**given)
