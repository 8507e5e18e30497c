"""Reads `lists/NAME.csv`: one value a line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from kumitate.config.names import name_problem
from kumitate.errors import Problem

LISTS = "lists"


def read_lists(folder: Path, problems: list[Problem]) -> dict[str, tuple[str, ...]]:
    """Every list by its file's name, without blanks and repetitions."""
    lists: dict[str, tuple[str, ...]] = {}
    for path in sorted(folder.glob("*.csv")):
        file = f"{folder.name}/{path.name}"
        wrong = name_problem(path.stem)
        if wrong:
            problems.append(Problem(file, 1, path.stem, wrong))
        lists[path.stem] = _values(path.read_bytes(), file, problems)
    return lists


def _values(content: bytes, file: str, problems: list[Problem]) -> tuple[str, ...]:
    try:
        rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        values: dict[str, None] = {}
        for row in rows:
            if len(row) > 1:
                problems.append(Problem(file, rows.line_num, "", f"one value a line, found {len(row)}"))
            elif row and row[0].strip():
                values[row[0].strip()] = None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        problems.append(Problem(file, line, "", "not UTF-8; save the file as UTF-8"))
        return ()
    except csv.Error as error:
        problems.append(Problem(file, 1, "", f"this is no CSV: {error}"))
        return ()
    return tuple(values)
