"""`kumitate matchkeys`: what ad platforms can recognise of the people in a file, a segment or a sync."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kumitate.cli.options import examples, filled_lake_option, find_project, json_option, project_option
from kumitate.cli.output import counted, print_json, print_table, say
from kumitate.cli.piped import table_given, table_option
from kumitate.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pyarrow as pa

    from kumitate.activation.matchkeys import RuleSet
    from kumitate.execution.matching import Figures, Person, Tally

NEW_FILE = click.Path(dir_okay=False, path_type=Path)

Row = dict[str, Any]
_ROWS_AT_ONCE = 10_000


def _country(_context: click.Context, _option: click.Parameter, given: str | None) -> str | None:
    """ISO 3166 alpha-2: every number is read by it, so that one that is none would spoil them all."""
    from kumitate.activation.matchkeys import country_code
    from kumitate.errors import RecordError

    try:
        return given and country_code(given, given)
    except RecordError:
        raise click.BadParameter(f"{given!r} is no country; give its two letters, such as JP or US") from None


@click.command(
    short_help="What ad platforms can recognise of people.",
    epilog=examples(
        "kumitate matchkeys --platform meta --in members.csv",
        "kumitate matchkeys --in members.csv --json --summary | jq '.platforms[] | {platform, usable}'",
        "kumitate matchkeys --platform google --in members.csv --out keys.csv",
        "kumitate query 'select * from clean.ec_members' --csv | kumitate matchkeys --platform meta --in -",
        "kumitate matchkeys --segment vips",
    ),
)
@click.option("--platform", help="google, meta, line, …, a rule set's name, or all (the default, but of a sync).")
@table_option("CSV, JSON lines, Parquet or Excel, with headings as people write them")
@click.option("--segment", help="The members of a segment, as the last run left it.")
@click.option("--sync", help="Whom a sync would bring, as its own fields and gates say.")
@click.option(
    "--country",
    callback=_country,
    help="Of people who have none of their own; JP, or what the sync's destination says.",
)
@click.option("--out", type=NEW_FILE, help="Every person's keys (.csv, .parquet or .jsonl), as they would be sent.")
@click.option("--readable", is_flag=True, help="Keys before they are hashed: personal data in clear.")
@click.option("--summary", is_flag=True, help="With --json: figures alone, without each person's keys.")
@project_option
@filled_lake_option
@json_option
def matchkeys(*, table: Path | None, table_format: str | None, **asked: Any) -> None:
    """Tell how many people each ad platform can look for; per field what is usable, and why the rest is not.

    A field that cannot match is left out with its reason and the person goes on with the others. Nothing is sent,
    and nothing is written but --out.
    With --json each person's keys follow in order, exactly as the platform would get them; samples on the screen
    are masked.
    """
    _check_asked(table, table_format, asked)
    if table is None:
        _tell(*_of_the_lake(asked), asked=asked)
        return
    with table_given(table, table_format) as given:
        _tell(*_of_a_table(given.path, asked), asked=asked)


def _check_asked(table: Path | None, table_format: str | None, asked: Mapping[str, Any]) -> None:
    from kumitate.execution.table_files import check_target

    if sum(each is not None for each in (table, asked["segment"], asked["sync"])) != 1:
        raise click.UsageError("name the people: one of --in FILE, --segment NAME and --sync NAME")
    if table is None and table_format is not None:
        raise click.UsageError("--format is for --in")
    out = asked["out"]
    if out is None:
        return
    check_target(out)
    if table is not None and out.exists() and table.exists() and out.samefile(table):
        raise FatalError(f"{out}: is the table that is read, and its people would be lost; name another file")


def _tell(
    people: Iterable[Person], platforms: dict[str, RuleSet], told: dict[str, Any], *, asked: Mapping[str, Any]
) -> None:
    """Count everybody, and print or write what came of it."""
    from kumitate.execution.matching import Tally

    home = told.pop("country", "JP")
    tally = Tally(platforms, country=asked["country"] or home)
    rows = (_row(number, person, tally, readable=asked["readable"]) for number, person in enumerate(people, 1))
    more: dict[str, Any] = {}
    if asked["out"] is not None:
        _write(rows, asked["out"])
    elif asked["as_json"] and not asked["summary"]:
        more = {"rows": list(rows)}
    else:
        tally.take_all(people)
    if asked["as_json"]:
        print_json(told | {"platforms": [each.to_json() for each in tally.figures.values()]} | more)
        return
    _show(tally.figures, told)


def _of_a_table(path: Path, asked: Mapping[str, Any]) -> tuple[Iterable[Person], dict[str, RuleSet], dict[str, Any]]:
    """Whom to look at, on which platforms, and what is said of where they come from."""
    from kumitate.execution.matching import people_of, platforms_named

    found = people_of(path)
    platforms = platforms_named(asked["platform"] or "all")
    return found.rows, platforms, {"columns": dict(found.columns), "unread": list(found.unread)}


def _of_the_lake(asked: Mapping[str, Any]) -> tuple[Iterable[Person], dict[str, RuleSet], dict[str, Any]]:
    """The same of a segment or a sync."""
    from kumitate.cli.lake import opened
    from kumitate.cli.plans import known_name
    from kumitate.execution.candidates import country_of, members_of, platform_of, would_bring
    from kumitate.execution.matching import platforms_named

    with opened(find_project(asked["project"])) as (workspace, last):
        if asked["segment"] is not None:
            known_name("segment", asked["segment"], workspace.config.segments)
            platforms = platforms_named(asked["platform"] or "all")
            return members_of(workspace, asked["segment"]), platforms, {"segment": asked["segment"]}
        known_name("sync", asked["sync"], workspace.config.syncs)
        platforms = platforms_named(asked["platform"] or platform_of(workspace.config, asked["sync"]))
        told = {"sync": asked["sync"], "country": country_of(workspace.project, asked["sync"])}
        return would_bring(workspace, asked["sync"], last), platforms, told


def _row(number: int, person: Person, tally: Tally, *, readable: bool) -> Row:
    """One person's keys; with several platforms each in a part of its own."""
    found = tally.take(person)
    if readable:
        found = tally.readable(person)
    parts = {name: {"keys": dict(keys.values), "dropped": dict(keys.dropped)} for name, keys in found.items()}
    return {"row": number} | (next(iter(parts.values())) if len(parts) == 1 else parts)


def _write(rows: Iterator[Row], out: Path) -> None:
    """A column per key; why others were dropped as `field:reason`, with blanks between."""
    import pyarrow as pa

    from kumitate.execution.table_files import write_table

    parts = [pa.table({"row": pa.array([], pa.int64())})]
    while run := list(islice(rows, _ROWS_AT_ONCE)):  # as Arrow a million people take 0.9 GB, not 2.2
        parts.append(_table([dict(_flat(row)) for row in run]))
    table = pa.concat_tables(parts, promote_options="default")
    write_table(table, out)
    say(f"{counted(table.num_rows, 'people')} in {out}")


def _table(flat: list[Row]) -> pa.Table:
    import pyarrow as pa

    names = list(dict.fromkeys(name for row in flat for name in row))
    types = [pa.int64() if name == "row" else pa.string() for name in names]
    return pa.Table.from_pylist(flat, schema=pa.schema(list(zip(names, types, strict=True))))


def _flat(row: Row, above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if name == "keys":
            yield from ((f"{above}{field}", key) for field, key in value.items())
        elif name == "dropped":
            yield f"{above}dropped", " ".join(f"{field}:{reason}" for field, reason in value.items())
        elif isinstance(value, dict):
            yield from _flat(value, f"{name}.")
        else:
            yield name, value


def _show(figures: Mapping[str, Figures], told: Mapping[str, Any]) -> None:
    for name, heading in told.get("columns", {}).items():
        if name != heading:
            say(f"{heading} is read as {name}")
    if told.get("unread"):
        say(f"no match key: {', '.join(told['unread'])}")
    print_table(
        ("platform", "rules", "people", "can be looked for", "%"),
        ((each.platform, each.rules, each.people, each.findable, _share(each)) for each in figures.values()),
    )
    rows = [
        (each.platform, name, field.filled, field.usable, _reasons(field.dropped), "  ".join(field.samples))
        for each in figures.values()
        for name, field in each.fields.items()
    ]
    if rows:
        print_table(("platform", "field", "filled", "usable", "dropped", "for instance (masked)"), rows)


def _share(figures: Figures) -> float:
    return round(100 * figures.findable / figures.people, 1) if figures.people else 0.0


def _reasons(dropped: Mapping[str, int]) -> str:
    return ", ".join(f"{reason} {rows:,}" for reason, rows in sorted(dropped.items(), key=lambda each: -each[1]))
