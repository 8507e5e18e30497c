"""Cleanses a table in a file, however large: as text, part by part on all cores where it pays, with what was done."""

from __future__ import annotations

import os
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from kumitate.cleanse.recognise import Guess, judge
from kumitate.cleanse.recognition.evidence import evidence_of
from kumitate.cleanse.tables_alone import CleansedColumn, Counts, cleanse_batch, plan_columns
from kumitate.config.table_rules import TableRules, read_rules_file
from kumitate.errors import FatalError
from kumitate.execution.table_files import write_parts
from kumitate.execution.table_streams import Texts, opened_texts

if TYPE_CHECKING:
    from kumitate.ports import Progress

BATCH_ROWS = 50_000
_PAYS_FROM_ROWS = 300_000
"""A process more takes about two seconds to start; below this, one is as quick."""
_AHEAD = 2
"""Parts per process that may wait to be written."""
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
    """Read, cleanse and, with `out`, write; ConfigError where rules name columns that the table has not.

    Neither the table nor the result is held in memory: rows are read, cleansed and written part by part.
    """
    if asked.out is not None:
        _check_target(asked.out)
        _check_not_read(asked.out, asked.table)
    progress("read", 0)
    with opened_texts(asked.table, rows_at_once=BATCH_ROWS) as texts:
        columns = planned(asked, texts)
        counts = {column.name: Counts() for column in columns}
        parts = _counted(
            _cleansed(texts, columns, asked.processes), counts, lambda done: progress("cleanse", done, texts.rows)
        )
        if asked.out is not None:
            write_parts(parts, asked.out)
        else:
            for _ in parts:
                pass
        return Done(texts.rows, columns, counts, texts.mixed_with)


def _counted(batches: Iterator[Batch], counts: Mapping[str, Counts], tell: Callable[[int], None]) -> Iterator[pa.Table]:
    """The cleansed rows; what was done to them is added to `counts` on the way."""
    done = 0
    for batch, told in batches:
        done += batch.num_rows
        tell(done)
        for name, each in told.items():
            counts[name].add(each)
        yield pa.Table.from_batches([batch])


def planned(asked: Asked, texts: Texts) -> tuple[CleansedColumn, ...]:
    """How each column of the table is cleansed."""
    taken = _RESERVED.intersection(texts.names)
    if taken:
        raise FatalError(f"{asked.table}: has a column {min(taken)} already; was it cleansed before? Rename it")
    rules = _rules(asked, texts)
    named = {spec.from_ or name for name, spec in rules.columns.items() if spec.is_delivered}
    unnamed = [name for name in texts.names if name not in named]
    guesses: Mapping[str, Guess] = judge({name: evidence_of(texts.column(name)) for name in unnamed})
    columns = plan_columns(next(texts.parts()).slice(0, _SAMPLE_ROWS), rules, guesses, as_of=asked.as_of)
    _check_names(asked, columns)
    return tuple(_told_apart(column, texts.names) for column in columns)


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


def _rules(asked: Asked, texts: Texts) -> TableRules:
    if asked.rules is None:
        return TableRules()
    file = read_rules_file(asked.rules)
    file.check_columns(texts.names)
    return file.rules


def _check_target(out: Path) -> None:
    """Before long work, not behind it."""
    if out.suffix.lower() not in _ENDINGS:
        raise FatalError(f"{out}: unknown ending; name the file *{', *'.join(_ENDINGS)}")
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise FatalError(f"{out}: its folder does not exist or cannot be written to; make it, or name another file")


def _check_not_read(out: Path, table: Path) -> None:
    if out.exists() and out.samefile(table):
        raise FatalError(f"{out}: is the table that is read, and what was delivered would be lost; name another file")


def _cleansed(texts: Texts, columns: Sequence[CleansedColumn], processes: int | None) -> Iterator[Batch]:
    """Batch by batch, in order."""
    work = partial(cleanse_batch, columns=tuple(columns))
    batches = (_batch(part) for part in texts.parts())
    count = processes or (os.cpu_count() or 1 if texts.rows >= _PAYS_FROM_ROWS else 1)
    if count == 1:
        yield from map(work, batches)
        return
    # Arrow's threads do not survive a fork.
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        under_way: deque[Future[Batch]] = deque()
        for batch in batches:
            under_way.append(pool.submit(work, batch))
            if len(under_way) > _AHEAD * count:
                yield under_way.popleft().result()
        yield from (each.result() for each in under_way)


def _batch(part: pa.Table) -> pa.RecordBatch:
    columns = [column.chunk(0) if column.num_chunks else pa.array([], pa.string()) for column in part.columns]
    return pa.RecordBatch.from_arrays(columns, names=part.column_names)
