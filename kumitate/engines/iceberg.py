"""The embedded lake: Iceberg v2 tables in a folder, their catalogue in an SQLite file beside them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError, ValidationException
from pyiceberg.io.pyarrow import write_file
from pyiceberg.manifest import DataFile
from pyiceberg.schema import Schema
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table import WriteTask
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    IcebergType,
    ListType,
    LongType,
    NestedField,
    StringType,
    TimestampType,
)
from sqlalchemy import URL
from sqlalchemy.exc import OperationalError

from kumitate.engines.batches import fit, gathered
from kumitate.engines.lock import run_lock
from kumitate.engines.snapshots import (
    RUN_ID,
    STEP,
    Snapshot,
    expire_snapshots,
    history_of,
    local_path,
    remove_unreferenced,
)
from kumitate.errors import FatalError
from kumitate.model.step import Mode
from kumitate.model.table import Column, Table, Type
from kumitate.ports import Mark, Scan

_DONE = "kumitate.done."
_BUSY_SECONDS = 30
_MOST_NAMED = 3
_PROPERTIES = {
    "format-version": "2",
    "write.delete.mode": "copy-on-write",
    "write.parquet.row-group-limit": "131072",  # DuckDB and Spark read row groups in parallel
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "10",
    "commit.manifest-merge.enabled": "true",
    "commit.retry.num-retries": "0",  # one writer per table: a conflict is a second writer, not bad luck
}
_TYPES: dict[Type, IcebergType] = {
    Type.STRING: StringType(),
    Type.BIGINT: LongType(),
    Type.DOUBLE: DoubleType(),
    Type.BOOLEAN: BooleanType(),
    Type.DATE: DateType(),
    Type.TIMESTAMP: TimestampType(),
    Type.DECIMAL: DecimalType(18, 4),
    Type.STRINGS: ListType(element_id=-1, element_type=StringType(), element_required=False),
}
_NAMES = {str(iceberg): type_ for type_, iceberg in _TYPES.items()}


class IcebergLake:
    """LakeReader and LakeWriter over `<folder>/catalog.db` and `<folder>/warehouse`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._prepared: dict[str, Table] = {}
        self._folder.mkdir(parents=True, exist_ok=True)
        uri = URL.create("sqlite", database=str(self._folder / "catalog.db"), query={"timeout": str(_BUSY_SECONDS)})
        with _catalogue_errors(self._folder):
            # A path, not a file:// URL: such a URL breaks on '#' and '%' in the folder's name.
            warehouse = str(self._folder / "warehouse")
            self._catalogue = SqlCatalog("lake", uri=uri.render_as_string(), warehouse=warehouse)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._catalogue.engine.dispose()

    def tables(self) -> tuple[str, ...]:
        with _catalogue_errors(self._folder):
            return tuple(
                sorted(
                    ".".join(identifier)
                    for namespace in self._catalogue.list_namespaces()
                    for identifier in self._catalogue.list_tables(namespace)
                )
            )

    def scan(self, table: str) -> Scan:
        return scan_of(self.load(table))

    def load(self, table: str) -> IcebergTable:
        """The table as it is now; FatalError naming those that exist."""
        try:
            with _catalogue_errors(self._folder):
                return self._catalogue.load_table(table)
        except NoSuchTableError:
            raise FatalError(f"{table}: no such table in the lake; {self._known(table)}") from None

    def _known(self, table: str) -> str:
        tables = self.tables()
        if not tables:
            return "the lake is empty: run the project first"
        near = difflib.get_close_matches(table, tables, n=_MOST_NAMED)
        return (f"did you mean {' or '.join(near)}? " if near else "") + "`kumitate status --tables` lists them all"

    def prepare(self, tables: Iterable[Table]) -> None:
        wanted = {str(table): table for table in tables if self._prepared.get(str(table)) != table}
        if not wanted:
            return
        existing = set(self.tables())
        with _catalogue_errors(self._folder):
            for database in sorted({table.database for table in wanted.values()}):
                self._catalogue.create_namespace_if_not_exists(database)
            for name, table in wanted.items():
                if name in existing:
                    _evolve(self._catalogue.load_table(name), table)
                else:
                    self._create(table)
        self._prepared |= wanted

    def _create(self, table: Table) -> None:
        schema = Schema(*(_field(number, column) for number, column in enumerate(table.columns, 1)))
        self._catalogue.create_table(str(table), schema, properties={**_PROPERTIES, "comment": table.meaning})

    def done_by(self, table: Table, step: str) -> str:
        return self.load(str(table)).properties.get(_DONE + step, "")

    def write(self, table: Table, batches: Iterable[pa.RecordBatch], mark: Mark) -> int:
        target = self.load(str(table))
        added = _write_all(target, (fit(batch, table.schema, str(table)) for batch in batches))
        with _catalogue_errors(self._folder), _conflicts(table):
            _commit(target, added, mark)
        return sum(file.record_count for file in added)

    def lock(self) -> AbstractContextManager[None]:
        """Held by whoever writes: one run at a time."""
        return run_lock(self._folder)

    def history(self, table: str) -> tuple[Snapshot, ...]:
        """The table's states that can still be read, oldest first."""
        return history_of(self.load(table))

    def scan_at(self, table: str, snapshot_id: int) -> Scan:
        """How to read the table as it was (see `history`)."""
        return scan_of(self.load(table), snapshot_id)

    def expire(self, keep: int) -> None:
        """Let go all but the newest `keep` states of every table, with their files; hold the lock."""
        with _catalogue_errors(self._folder):
            for name in self.tables():
                table = self._catalogue.load_table(name)
                if expire_snapshots(table, keep):
                    remove_unreferenced(table)


def scan_of(table: IcebergTable, snapshot_id: int | None = None) -> Scan:
    """How to read `table` as of a snapshot (now, unless given)."""
    scan = table.scan(snapshot_id=snapshot_id)
    tasks = list(scan.plan_files())
    fields = scan.projection().fields
    schema = pa.schema([Column(field.name, _type_of(table, field)).arrow for field in fields])
    if any(task.delete_files for task in tasks):
        return Scan(schema, (), {}, scan.to_arrow_batch_reader())
    files = tuple(sorted(local_path(task.file.file_path) for task in tasks))
    return Scan(schema, files, {field.field_id: field.name for field in fields})


def _type_of(table: IcebergTable, field: NestedField) -> Type:
    type_ = _NAMES.get(str(field.field_type))
    if type_ is None:
        name = ".".join(table.name())
        raise FatalError(f"{name}.{field.name}: type {field.field_type} is not one that Kumitate reads or writes")
    return type_


def _field(number: int, column: Column) -> NestedField:
    return NestedField(number, column.name, _TYPES[column.type], required=False, doc=column.meaning or None)


def _evolve(existing: IcebergTable, table: Table) -> None:
    known = {field.name: _type_of(existing, field) for field in existing.schema().fields}
    changed = [column for column in table.columns if known.get(column.name, column.type) is not column.type]
    if changed and not table.rebuilt:
        name, type_ = changed[0].name, changed[0].type
        raise FatalError(
            f"{table}.{name} is {known[name]} in the lake and {type_} in the project, and its rows are kept; "
            "give the new type a new column name, or start a new lake folder and deliver the files again"
        )
    if changed:
        with existing.update_schema(allow_incompatible_changes=True) as update:
            for column in changed:
                update.delete_column(column.name)
    missing = [column for column in table.columns if column in changed or column.name not in known]
    if missing:
        with existing.update_schema() as update:
            for column in missing:
                update.add_column(column.name, _TYPES[column.type], doc=column.meaning or None)


def _write_all(target: IcebergTable, batches: Iterator[pa.RecordBatch]) -> list[DataFile]:
    """Data files that no snapshot knows yet; none is left behind when the batches fail."""
    added: list[DataFile] = []
    try:
        for chunk in gathered(batches):
            added.extend(_write_files(target, chunk))
    except BaseException:
        for file in added:
            os.unlink(file.file_path)
        raise
    return added


def _write_files(target: IcebergTable, chunk: pa.Table) -> Iterator[DataFile]:
    schema = target.schema().select(*chunk.column_names)  # columns the project no longer has are filled with null
    batches = chunk.select([field.name for field in schema.fields]).to_batches()
    task = WriteTask(write_uuid=uuid4(), task_id=0, schema=schema, record_batches=batches)
    return write_file(io=target.io, table_metadata=target.metadata, tasks=iter((task,)))


def _commit(target: IcebergTable, added: list[DataFile], mark: Mark) -> None:
    """The old rows' removal, the new rows and the mark in one commit; no snapshot where no row changes."""
    removed = [task.file for task in target.scan().plan_files()] if mark.mode is Mode.REPLACE else []
    note = {STEP: mark.step, RUN_ID: mark.run_id}
    with target.transaction() as transaction:
        if removed:
            # Apart from the append: one overwrite of both would carry its list of removed files along for ever.
            with transaction.update_snapshot(snapshot_properties={} if added else note).overwrite() as overwrite:
                for file in removed:
                    overwrite.delete_data_file(file)
        if added:
            with transaction.update_snapshot(snapshot_properties=note).merge_append() as append:
                for file in added:
                    append.append_data_file(file)
        transaction.set_properties({_DONE + mark.step: mark.run_id})


@contextmanager
def _conflicts(table: Table) -> Iterator[None]:
    try:
        yield
    except (CommitFailedException, ValidationException):
        raise FatalError(
            f"{table}: another process wrote to the table meanwhile and nothing was committed; "
            "see that one run at a time uses the lake, then run again"
        ) from None


@contextmanager
def _catalogue_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise FatalError(f"{folder / 'catalog.db'}: {error.orig}; the catalogue cannot be used now") from None
