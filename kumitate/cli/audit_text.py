"""An audit on the screen: what a person should know first, in the order in which they would ask."""

from __future__ import annotations

from collections.abc import Iterator

import click

from kumitate.audit.facts import Audit, ColumnFound, FileFound
from kumitate.cli.output import counted, print_table

_SHOWN_REASONS = 3
_SHOWN_VALUES = 5


def show(audit: Audit) -> None:
    for file in audit.files:
        _show_file(file)
    if not audit.columns:
        click.echo("No column: the file holds nothing, not even a header.")
        return
    click.echo()
    _show_columns(audit)
    _show_cleansing(audit)
    _show_identifiers(audit)
    _show_joined(audit)
    for note in audit.notes:
        click.echo(f"note: {note}")
    click.echo()


def _show_file(file: FileFound) -> None:
    marks = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
    read_as = [file.format, *([file.encoding] if file.encoding else [])]
    read_as += [f"{marks.get(file.delimiter, repr(file.delimiter))} between fields"] if file.delimiter else []
    click.echo(f"{file.file}: {counted(file.rows, 'rows')} ({', '.join(read_as)}, {file.bytes:,} bytes)")
    for found in file.encodings[1:]:
        where = f" in {', '.join(found.columns)}" if found.columns else ""
        click.echo(
            f"  mixed encodings: {counted(found.lines, 'lines')} in {found.encoding}{where}, {_at(found.first_lines)}"
        )
    for rejected in file.rejected:
        click.echo(f"  to quarantine: {counted(rejected.rows, 'rows')}, {rejected.reason}, {_at(rejected.first_lines)}")
    for problem in file.problems:
        click.echo(f"  problem: {problem}")


def _at(lines: tuple[int, ...]) -> str:
    return f"first on line {', '.join(map(str, lines))}"


def _show_columns(audit: Audit) -> None:
    rows = [
        (
            column.name or "(no header)",
            f"{column.semantic}{' *' if column.is_personal else ''}",
            column.guess.name if column.guess.role != "none" else "",
            f"{1 - column.null_share:.1%}",
            column.distinct,
            f"{column.uniqueness:.1%}",
            _lengths(column),
            " · ".join(f"{each.what} {each.rows / column.filled:.0%}" for each in column.shapes[:2]),
            column.guess.why,
        )
        for column in audit.columns
    ]
    head = ("column", "type", "seems to be", "filled", "distinct", "unique", "length", "shapes", "told by")
    print_table(head, rows, title="Columns (* personal)")


def _lengths(column: ColumnFound) -> str:
    return f"{column.shortest}–{column.longest}" if column.shortest != column.longest else str(column.longest)


def _show_cleansing(audit: Audit) -> None:
    rows = []
    for column in audit.columns:
        done = column.cleansing
        if done.rows:
            reasons = ", ".join(f"{each.what} {each.rows:,}" for each in done.reasons[:_SHOWN_REASONS])
            span = f"{done.lowest} … {done.highest}" if done.lowest is not None else ""
            part = "" if done.looked_at == column.distinct else f"of the {done.looked_at:,} commonest values"
            share = f"{(done.rows - done.unusable) / done.rows:.1%}"
            rows.append((column.name, share, done.changed, done.unusable, reasons, span, part))
    head = ("column", "usable", "rows changed", "rows unusable", "why", "from … to", "")
    print_table(head, rows, title="What cleansing makes of the values")


def _show_identifiers(audit: Audit) -> None:
    lines = list(_identifier_lines(audit))
    if lines:
        click.echo("Identifiers")
        for line in lines:
            click.echo(f"  {line}")
        click.echo()


def _identifier_lines(audit: Audit) -> Iterator[str]:
    key = audit.key
    if key is not None and key.names_rows:
        yield f"{key.name} names the rows: no two have the same"
    elif key is not None:
        repeated = f"{counted(key.repeated_values, 'values')} stand on {counted(key.rows_of_repeated, 'rows')}"
        flaws = [
            *([repeated] if key.repeated_values else []),
            f"it is empty on {counted(key.rows - key.filled, 'rows')}",
        ]
        yield f"{key.name} is the likely key, but {' and '.join(flaws)}"
    for column in audit.columns:
        if column.guess.role == "identifier":
            yield f"{column.name}: {column.distinct:,} different, {column.repeated_values:,} of them on several rows"
        if column.shared is not None:
            values = counted(int(column.shared.what), "values")
            yield f"{column.name}: {values} stand beside more than three different people ({column.shared.rows:,} rows)"
        for each in column.no_identifiers[:_SHOWN_VALUES]:
            yield f"{column.name}: {each.value} identifies nobody ({each.why}; {counted(each.rows, 'rows')})"


def _show_joined(audit: Audit) -> None:
    if not audit.joined:
        return
    rows = [
        (each.kind, each.column, each.values, each.known_values, each.rows, each.known_rows, each.shared_rows)
        for each in audit.joined
    ]
    head = ("identifier", "column", "values", "known", "rows", "rows that would join", "of them shared")
    print_table(head, rows, title="Known to the project")
