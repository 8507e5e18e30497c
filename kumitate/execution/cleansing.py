"""Cleanses a table in a file: read as text, batches on all cores where it pays, written with what was done."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from kumitate.cleanse.recognise import Guess, recognise
from kumitate.cleanse.tables_alone import CleansedColumn, Counts, cleanse_batch, plan_columns
from kumitate.config.table_rules import TableRules, read_rules_file
from kumitate.errors import FatalError
from kumitate.execution.table_files import read_table, write_table
from kumitate.execution.table_texts import mixed_with

if TYPE_CHECKING:
    from kumitate.ports import Progress

BATCH_ROWS = 50_000
_PAYS_FROM_ROWS = 300_000
"""A process more takes about two seconds to start; below this, one is as quick."""
_SAMPLE_ROWS = 20_000
_ENDINGS = (".csv", ".parquet", ".jsonl")
_RESERVED = frozenset({"_changes", "_originals", "_reason"})

Batch = tuple[pa.RecordBatch, Mapping[str, Counts]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What one call wants; without `out` nothing is written."""

    table: Path
    rules: Path | None
    out: Path | None
    as_of: date
    processes: int | None = None
    """How many; as many as cores where that pays, unless given."""


@dataclass(frozen=True, slots=True)
class Done:
    """The rows that were read, what each column was taken for, and what was done to it."""

    rows: int
    columns: tuple[CleansedColumn, ...]
    counts: Mapping[str, Counts]
    mixed_with: str = ""
    """The encoding that some of the file was in, among UTF-8; each line and field was read as what it is."""


def cleanse_file(asked: Asked, progress: Progress) -> Done:
    """Read, cleanse and, with `out`, write; ConfigError where rules name columns that the table has not."""
    if asked.out is not None:
        _check_target(asked.out)
    progress("read", 0)
    table = read_table(asked.table)
    columns = planned(asked, table)
    counts = {column.name: Counts() for column in columns}
    batches = []
    done = 0
    for batch, told in _cleansed(table, columns, asked.processes):
        done += batch.num_rows
        progress("cleanse", done, table.num_rows)
        for name, each in told.items():
            counts[name].add(each)
        if asked.out is not None:
            batches.append(batch)
    if asked.out is not None:
        progress("write", 0)
        write_table(pa.Table.from_batches(batches), asked.out)
    return Done(table.num_rows, columns, counts, mixed_with(table))


def planned(asked: Asked, table: pa.Table) -> tuple[CleansedColumn, ...]:
    """How each column of the table is cleansed."""
    taken = _RESERVED.intersection(table.column_names)
    if taken:
        raise FatalError(f"{asked.table}: has a column {min(taken)} already; was it cleansed before? Rename it")
    rules = _rules(asked, table)
    named = {spec.from_ or name for name, spec in rules.columns.items() if spec.is_delivered}
    unnamed = [name for name in table.column_names if name not in named]
    guesses: Mapping[str, Guess] = recognise(table.select(unnamed)) if unnamed else {}
    columns = plan_columns(table.slice(0, _SAMPLE_ROWS), rules, guesses, as_of=asked.as_of)
    _check_names(asked, columns)
    return tuple(_told_apart(column, table.column_names) for column in columns)


def _told_apart(column: CleansedColumn, headers: Sequence[str]) -> CleansedColumn:
    """The column, saying where the file has its name twice (`email (2)`)."""
    repeated = re.fullmatch(r"(.+) \(\d+\)", column.delivered)
    if repeated is None or repeated[1] not in headers:
        return column
    return replace(column, why=f"{column.why}; another column {repeated[1]!r} of the file")


def _check_names(asked: Asked, columns: Sequence[CleansedColumn]) -> None:
    made = Counter(name for column in columns for name in (column.name, *column.parts))
    twice = [name for name, count in made.items() if count > 1]
    if twice:
        raise FatalError(
            f"{asked.rules}: columns.{twice[0]}: {asked.table} has a column of this name, which would be lost; "
            "declare it under another name, with `from`"
        )


def _rules(asked: Asked, table: pa.Table) -> TableRules:
    if asked.rules is None:
        return TableRules()
    file = read_rules_file(asked.rules)
    file.check_columns(table.column_names)
    return file.rules


def _check_target(out: Path) -> None:
    """Before long work, not behind it."""
    if out.suffix.lower() not in _ENDINGS:
        raise FatalError(f"{out}: unknown ending; name the file *{', *'.join(_ENDINGS)}")
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise FatalError(f"{out}: its folder does not exist or cannot be written to; make it, or name another file")


def _cleansed(table: pa.Table, columns: Sequence[CleansedColumn], processes: int | None) -> Iterator[Batch]:
    """Batch by batch, in order."""
    work = partial(cleanse_batch, columns=tuple(columns))
    batches = table.to_batches(max_chunksize=BATCH_ROWS) or [pa.RecordBatch.from_pylist([], schema=table.schema)]
    count = processes or (os.cpu_count() or 1 if table.num_rows >= _PAYS_FROM_ROWS else 1)
    if count == 1:
        yield from map(work, batches)
        return
    # Arrow's threads do not survive a fork.
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        yield from pool.map(work, batches)
