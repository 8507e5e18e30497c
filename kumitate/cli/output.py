"""What commands print: results on stdout (tables, JSON, CSV), messages and progress on stderr."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import click

_WIDE = 2000
"""Columns of a table that is not for a screen: nothing is cut or wrapped."""


def say(message: str) -> None:
    """A message beside the result."""
    click.echo(message, err=True)


def counted(count: int, things: str) -> str:
    """`1 problem`, `1,200 problems`."""
    return f"{count:,} {things if count != 1 else things.removesuffix('s')}"


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def print_json_rows(rows: Iterable[Mapping[str, Any]]) -> None:
    """A JSON list, one row a line, without holding all of them."""
    opening = "["
    for row in rows:
        click.echo(f"{opening}\n{json.dumps(row, ensure_ascii=False, default=_plain)}", nl=False)
        opening = ","
    click.echo("[]" if opening == "[" else "\n]")


def print_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row[name]) for name in columns] for row in rows)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "") -> None:
    """A table with numbers to the right; as wide as the screen, or as it needs where there is none."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [tuple(row) for row in rows]
    table = Table(
        title=title or None, title_justify="left", title_style="bold", box=SIMPLE_HEAD, show_edge=False, pad_edge=False
    )
    for place, name in enumerate(columns):
        is_number = all(isinstance(row[place], (int, float, Decimal, type(None))) for row in cells)
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in cells:
        table.add_row(*(Text(_cell(value)) for value in row))
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else _WIDE)
    with console.capture() as capture:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n")


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list() | tuple():
            return ", ".join(_cell(each) for each in value)
    return str(_plain(value))


def _plain(value: Any) -> Any:
    """A value as JSON knows it: whole decimals as integers, other ones as numbers, times in ISO 8601."""
    match value:
        case bool() | int() | float() | str():
            return value
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case date():
            return value.isoformat()
        case set() | frozenset():
            return sorted(value)
    return str(value)
