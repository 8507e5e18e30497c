"""The lake: Iceberg v2 tables of any catalogue, written in one commit each that remembers its step."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from uuid import uuid4

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError, ValidationException
from pyiceberg.io.pyarrow import write_file
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table import WriteTask

from kumitate.engines.aging import Age
from kumitate.engines.batches import fit, gathered
from kumitate.engines.evolution import arrow_schema, evolve, schema_of
from kumitate.engines.left_behind import newest_metadata
from kumitate.engines.snapshots import DONE, RUN_ID, STEP, Snapshot, done_by, history_of, local_path
from kumitate.errors import FatalError
from kumitate.model.step import Mode
from kumitate.model.table import Table
from kumitate.ports import Mark, Scan

_MOST_NAMED = 3
_PROPERTIES = {
    "format-version": "2",
    "write.delete.mode": "copy-on-write",
    "write.parquet.row-group-limit": "131072",  # DuckDB and Spark read row groups in parallel
    "write.parquet.compression-level": "1",  # two thirds of the time of the usual 3, and files no larger
    "write.parquet.dict-size-bytes": "131072",  # what hardly repeats is not gathered for nothing
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "10",
    "commit.manifest-merge.enabled": "true",
    "commit.retry.num-retries": "0",  # one writer per table: a conflict is a second writer, not bad luck
}


@dataclass(frozen=True, slots=True)
class Site:
    """Where a lake lies, and what is done its own way there."""

    databases: Mapping[str, str] | None = None
    """Database of the lake -> its name in the catalogue, where it exists already; unless given, they are made here."""
    location: Callable[[str], str | None] = lambda _table: None
    """Where the files of `curated.profiles` go; None leaves it to the catalogue."""
    properties: Mapping[str, str] = field(default_factory=dict)
    """Properties that every table has there."""
    errors: Callable[[], AbstractContextManager[None]] = nullcontext
    """Turns what catalogue and storage raise into our errors."""
    lock: Callable[[], AbstractContextManager[None]] = nullcontext
    """Held by whoever writes."""
    sweep: Callable[[IcebergTable, int], None] = lambda _table, _keep: None
    """Lets old states go, where nobody else does."""


class IcebergLake:
    """LakeReader and LakeWriter over a catalogue's tables."""

    def __init__(self, catalogue: Catalog, site: Site) -> None:
        self._catalogue = catalogue
        self._site = site
        self._prepared: dict[str, Table] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._catalogue.close()

    def tables(self) -> tuple[str, ...]:
        with self._site.errors():
            return tuple(
                sorted(
                    f"{database}.{identifier[-1]}"
                    for database, name in self._databases().items()
                    for identifier in self._catalogue.list_tables(name)
                )
            )

    def _databases(self) -> Mapping[str, str]:
        if self._site.databases is not None:
            return self._site.databases
        return {namespace[0]: namespace[0] for namespace in self._catalogue.list_namespaces()}

    def _identifier(self, table: str) -> tuple[str, str]:
        """`curated.profiles` as the catalogue knows it."""
        database, _, name = table.partition(".")
        return (self._site.databases or {}).get(database, database), name

    def scan(self, table: str) -> Scan:
        with self._site.errors():
            return scan_of(self.load(table))

    def holds_rows(self, table: str) -> bool:
        with self._site.errors():
            return any(True for _ in self.load(table).scan().plan_files())

    def load(self, table: str) -> IcebergTable:
        """The table as it is now; FatalError naming those that exist."""
        try:
            with self._site.errors():
                return self._catalogue.load_table(self._identifier(table))
        except NoSuchTableError:
            raise FatalError(f"{table}: no such table in the lake; {self._known(table)}") from None

    def _known(self, table: str) -> str:
        if self._site.databases is not None:
            return "deploy the project again, which makes its tables"
        tables = self.tables()
        if not tables:
            return "the lake is empty: run the project first"
        near = difflib.get_close_matches(table, tables, n=_MOST_NAMED)
        return (f"did you mean {' or '.join(near)}? " if near else "") + "`kumitate status --tables` lists them all"

    def prepare(self, tables: Iterable[Table]) -> None:
        wanted = {str(table): table for table in tables if self._prepared.get(str(table)) != table}
        if not wanted:
            return
        with self._site.errors():
            if self._site.databases is None:
                for database in sorted({table.database for table in wanted.values()}):
                    self._catalogue.create_namespace_if_not_exists(database)
            for table in wanted.values():
                self._prepare(table)
        self._prepared |= wanted

    def _prepare(self, table: Table) -> None:
        """Asks for this table alone: a job may know its own tables and no others."""
        try:
            existing = self._catalogue.load_table(self._identifier(str(table)))
        except NoSuchTableError:
            earlier = self._left_behind(table)
            if earlier is None:
                self._create(table)
                return
            existing = self._catalogue.register_table(self._identifier(str(table)), earlier)
        self._renew(existing, table)

    def _left_behind(self, table: Table) -> str | None:
        """An empty table in its place would hide rows and marks that are still there, and everything be done again."""
        location = self._site.location(str(table))
        return None if location is None else newest_metadata(location, self._catalogue.properties)

    def _create(self, table: Table) -> None:
        properties = {**_PROPERTIES, **self._site.properties, "comment": table.meaning}
        name, location = str(table), self._site.location(str(table))
        self._catalogue.create_table(self._identifier(name), schema_of(table), location, properties=properties)

    def _renew(self, existing: IcebergTable, table: Table) -> None:
        evolve(existing, table)
        if changed := dict(self._site.properties.items() - existing.properties.items()):
            with existing.transaction() as transaction:
                transaction.set_properties(changed)

    def done_by(self, table: Table, step: str) -> str:
        return done_by(self.load(str(table)), step)

    def write(self, table: Table, batches: Iterable[pa.RecordBatch], mark: Mark) -> int:
        target = self.load(str(table))
        added = self._write_all(target, (fit(batch, table.schema, str(table)) for batch in batches))
        with self._site.errors(), _conflicts(table):
            replaced = [task.file for task in target.scan().plan_files()] if mark.mode is Mode.REPLACE else []
            _commit(target, replaced, added, mark=mark)
        return sum(file.record_count for file in added)

    def remove(self, table: Table, age: Age, mark: Mark) -> int:
        """Let the rows go that are too old, in one commit that notes `mark`; how many they were.

        Files that hold some are written anew without them, so that no engine has to read delete files.
        """
        target = self.load(str(table))
        with self._site.errors():
            old = age.files(target)
        if not old:
            return 0
        added = self._write_all(target, age.kept(target, old))
        with self._site.errors(), _conflicts(table):
            _commit(target, [task.file for task in old], added, mark=mark)
        return sum(task.file.record_count for task in old) - sum(file.record_count for file in added)

    def _write_all(self, target: IcebergTable, batches: Iterator[pa.RecordBatch]) -> list[DataFile]:
        """Data files that no snapshot knows yet, one written while the rows of the next come in.

        None is left behind when the batches fail.
        """
        added: list[DataFile] = []

        def write(chunk: pa.Table) -> None:
            with self._site.errors():
                added.extend(_write_files(target, chunk))

        try:
            with ThreadPoolExecutor(1, thread_name_prefix="lake") as pool:
                writing: Future[None] | None = None
                for chunk in gathered(batches):
                    if writing is not None:
                        writing.result()
                    writing = pool.submit(write, chunk)
                if writing is not None:
                    writing.result()
        except BaseException:
            for file in added:
                with suppress(OSError):  # the reason why the batches failed is what must be told
                    target.io.delete(file.file_path)
            raise
        return added

    def lock(self) -> AbstractContextManager[None]:
        """Held by whoever writes: one run at a time."""
        return self._site.lock()

    def history(self, table: str) -> tuple[Snapshot, ...]:
        """The table's states that can still be read, oldest first."""
        return history_of(self.load(table))

    def scan_at(self, table: str, snapshot_id: int) -> Scan:
        """How to read the table as it was (see `history`)."""
        with self._site.errors():
            return scan_of(self.load(table), snapshot_id)

    def expire(self, keep: int) -> None:
        """Let go all but the newest `keep` states of every table, with their files; hold the lock."""
        with self._site.errors():
            for name in self.tables():
                self._site.sweep(self._catalogue.load_table(self._identifier(name)), keep)


def scan_of(table: IcebergTable, snapshot_id: int | None = None) -> Scan:
    """How to read `table` as of a snapshot (now, unless given); as rows where files alone do not suffice."""
    scan = table.scan(snapshot_id=snapshot_id)
    tasks = list(scan.plan_files())
    fields = scan.projection().fields
    schema = arrow_schema(table, fields)
    files = tuple(sorted(local_path(task.file.file_path) for task in tasks))
    if any(task.delete_files for task in tasks) or any("://" in file for file in files):
        return Scan(schema, (), {}, scan.to_arrow_batch_reader())
    return Scan(schema, files, {field.field_id: field.name for field in fields})


def _write_files(target: IcebergTable, chunk: pa.Table) -> Iterator[DataFile]:
    schema = target.schema().select(*chunk.column_names)  # columns the project no longer has are filled with null
    batches = chunk.select([field.name for field in schema.fields]).to_batches()
    task = WriteTask(write_uuid=uuid4(), task_id=0, schema=schema, record_batches=batches)
    return write_file(io=target.io, table_metadata=target.metadata, tasks=iter((task,)))


def _commit(target: IcebergTable, removed: list[DataFile], added: list[DataFile], *, mark: Mark) -> None:
    """The old rows' removal, the new rows and the mark in one commit; no snapshot where no row changes."""
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
        transaction.set_properties({DONE + mark.step: mark.run_id})


@contextmanager
def _conflicts(table: Table) -> Iterator[None]:
    try:
        yield
    except (CommitFailedException, ValidationException):
        raise FatalError(
            f"{table}: another process wrote to the table meanwhile and nothing was committed; "
            "see that one run at a time uses the lake, then run again"
        ) from None
