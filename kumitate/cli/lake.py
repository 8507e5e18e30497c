"""What commands read of the lake: rows of a query, the columns a table has by now, segments' places."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from kumitate.activation.statements import string
from kumitate.cli.options import chosen_lake
from kumitate.config.project import Config
from kumitate.engines.duckdb import DuckDBEngine
from kumitate.errors import FatalError
from kumitate.execution.overlay import Overlay, declared_tables
from kumitate.execution.workspace import Workspace, open_workspace
from kumitate.model.masking import mask
from kumitate.model.step import Query, Run
from kumitate.model.table import Column, Table
from kumitate.segments.tables import SEGMENT_BITS

if TYPE_CHECKING:
    from kumitate.execution.runs import LoggedRun

Row = dict[str, Any]
_RUN_LOG = "runs.db"
"""What every lake has that a run filled, and no other folder."""


@contextmanager
def opened(root: Path) -> Iterator[tuple[Workspace, LoggedRun]]:
    """The project's workspace and its newest run; FatalError where nothing has run yet.

    Tables declared since that run are read as empty.
    """
    with open_workspace(root, lake_folder=filled_lake()) as workspace, scratch(workspace.folder) as temporary:
        last = workspace.runs.last()
        if last is None:
            raise FatalError("nothing has run yet; `kumitate run` fills the lake")
        reader = Overlay(workspace.lake, declared_tables(workspace.config), temporary)
        yield replace(workspace, engine=DuckDBEngine(reader, temp_directory=temporary)), last


def filled_lake() -> Path | None:
    """As `chosen_lake`; FatalError, and nothing is made in the folder, where no run has left anything there."""
    folder = chosen_lake()
    if folder is not None and not (folder / _RUN_LOG).exists():
        raise FatalError(
            f"{folder}: no run has left a lake there; give the folder that `kumitate run --lake` was given"
        )
    return folder


def guarded(workspace: Workspace, *, dry_run: bool) -> AbstractContextManager[None]:
    """Nobody else writes meanwhile; a dry run, which only reads, keeps nobody from it."""
    return nullcontext() if dry_run else workspace.lake.lock()


@contextmanager
def scratch(lake: Path) -> Iterator[Path]:
    """Where a query may put what memory does not hold: in the lake, or in a private folder where that is read-only."""
    if os.access(lake, os.W_OK):
        yield lake / "tmp"
        return
    with TemporaryDirectory(prefix="kumitate-") as elsewhere:
        yield Path(elsewhere)


def ask(workspace: Workspace, name: str, sql: str) -> list[Row]:
    return [row for batch in workspace.engine.rows(Query(name, sql)) for row in batch.to_pylist()]


def present(workspace: Workspace, table: Table) -> tuple[Column, ...]:
    """The declared columns that the lake has: one declared since the last run is not there yet."""
    names = set(workspace.lake.scan(str(table)).schema.names)
    return tuple(column for column in table.columns if column.name in names)


def segment_bits(workspace: Workspace) -> dict[str, int]:
    rows = ask(workspace, "segment_bits", f"select segment, bit from {SEGMENT_BITS} order by bit")
    return {row["segment"]: row["bit"] for row in rows}


def listed(values: Iterable[str]) -> str:
    """Texts as a bound list: `'a', 'b'`."""
    return ", ".join(map(string, values))


def as_planned(workspace: Workspace, last: LoggedRun) -> Run:
    """The newest run as plans see it."""
    return Run(last.id, last.as_of, bits=segment_bits(workspace))


def masked(value: Any) -> Any:
    """A value, or each of several, as whoever may not know it is shown it."""
    if value is None:
        return None
    return [mask(str(each)) for each in value] if isinstance(value, list) else mask(str(value))


def is_shown(config: Config, column: Column) -> bool:
    """Whether a profile's column is shown in clear.

    A trait is unless it is personal. An attribute of the golden record is only where it identifies nobody and every
    source that has it says `personal: false`.
    """
    if column.name not in config.person.attributes:
        return not column.personal
    sources = [source for source in config.sources.values() if column.name in source.columns]
    identifies = column.name in config.person.identifiers or any(
        column.name in source.identifiers.values() for source in sources
    )
    return not identifies and all(source.columns[column.name].personal is False for source in sources)


def shown_row(config: Config, row: Row, columns: Iterable[Column], *, unmask: bool) -> Row:
    """A row of the golden records or profiles as the screen may have it."""
    return {
        column.name: row[column.name] if unmask or is_shown(config, column) else masked(row[column.name])
        for column in columns
    }
