"""Excel to raw rows: one sheet, its first row the header; rows keep the sheet's own numbers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import IO

import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook

from kumitate.ingest.delivery import FILE_UNREADABLE
from kumitate.ingest.portion import Portion, Rejection
from kumitate.ingest.shape import BATCH_ROWS, EXACT_FLOATS, Intake, missing_columns, raw_batch, refused_rows, told_apart

Cell = str | float | int | bool | date | datetime | time | timedelta
NumberedRow = tuple[int, list[str | None]]


def read_excel(stream: IO[bytes], intake: Intake) -> Iterator[Portion]:
    """The sheet named by the source, or the first; held in memory, as a sheet has a million rows at most."""
    try:
        workbook = CalamineWorkbook.from_filelike(stream)
        name = intake.source.sheet or next(iter(workbook.sheet_names), "")
        if name not in workbook.sheet_names:
            yield _unreadable(intake, f"sheet.missing:{name}")
            return
        yield from _sheet(numbered_rows(workbook.get_sheet_by_name(name).iter_rows()), intake)
    except (CalamineError, OSError):
        yield _unreadable(intake, f"{FILE_UNREADABLE}: no Excel workbook")


def _unreadable(intake: Intake, problem: str) -> Portion:
    payload = json.dumps({"file": intake.delivery_id})
    return Portion(rejections=(Rejection(1, problem.partition(":")[0], payload=payload),), problem=problem)


def _sheet(rows: Iterator[NumberedRow], intake: Intake) -> Iterator[Portion]:
    _, header = next(rows, (0, []))
    names = told_apart([name or "" for name in header])
    while chunk := list(islice(rows, BATCH_ROWS)):
        yield _portion(names, chunk, intake)


def _portion(names: list[str], rows: list[NumberedRow], intake: Intake) -> Portion:
    lines = [line for line, _ in rows]
    values = zip(*(row for _, row in rows), strict=True)
    columns = {name: pa.array(column, pa.string()) for name, column in zip(names, values, strict=True) if name}
    refusal, problem = missing_columns(intake, columns)
    if refusal is not None:
        return Portion(rejections=tuple(refused_rows(columns, lines, refusal)), problem=problem)
    return Portion(raw_batch(intake, pa.array(lines, pa.int64()), columns), (), problem)


def numbered_rows(cells: Iterable[list[Cell]]) -> Iterator[NumberedRow]:
    """Rows that hold anything, as text, with their number in the sheet."""
    for number, row in enumerate(cells, 1):
        texts = [_text(cell) for cell in row]
        if any(text is not None for text in texts):
            yield number, texts


def _text(cell: Cell) -> str | None:
    match cell:
        case "":
            return None
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer() and abs(cell) < EXACT_FLOATS:
            return str(int(cell))
        case str():
            return cell
        case date() | time():
            return cell.isoformat()
        case _:
            return str(cell)
