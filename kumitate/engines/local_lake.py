"""The lake in a folder: Iceberg tables in `<folder>/warehouse`, their catalogue in an SQLite file beside them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table as IcebergTable
from sqlalchemy import URL, text
from sqlalchemy.exc import OperationalError

from kumitate.engines.iceberg import IcebergLake, Site
from kumitate.engines.lock import run_lock
from kumitate.engines.snapshots import expire_snapshots, remove_unreferenced
from kumitate.errors import FatalError

_BUSY_SECONDS = 30


def open_local_lake(folder: Path) -> IcebergLake:
    """The lake in `folder`, which is made where it is missing; FatalError where it was copied or moved there."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    uri = URL.create("sqlite", database=str(folder / "catalog.db"), query={"timeout": str(_BUSY_SECONDS)})
    # A path, not a file:// URL: such a URL breaks on '#' and '%' in the folder's name.
    warehouse = str(folder / "warehouse")
    with _catalogue_errors(folder):
        catalogue = SqlCatalog("lake", uri=uri.render_as_string(), warehouse=warehouse)
        _refuse_copy(catalogue, folder, f"{warehouse}/")
    site = Site(errors=partial(_catalogue_errors, folder), lock=partial(run_lock, folder), sweep=_sweep)
    return IcebergLake(catalogue, site)


def _refuse_copy(catalogue: SqlCatalog, folder: Path, warehouse: str) -> None:
    """Iceberg names files by absolute paths: a copy would write into the lake that it was copied from."""
    elsewhere = text("select metadata_location from iceberg_tables where instr(metadata_location, :warehouse) <> 1")
    with catalogue.engine.connect() as connection:
        found = connection.execute(elsewhere, {"warehouse": warehouse}).scalar()
    if found is not None:
        catalogue.close()
        known = str(found).rpartition("/warehouse/")[0] or str(found)
        raise FatalError(
            f"{folder}: this lake was copied or moved, its tables lie in {known}; move it back there, "
            f"or delete {folder} and run again, which makes a lake of its own"
        )


def _sweep(table: IcebergTable, keep: int) -> None:
    if expire_snapshots(table, keep):
        remove_unreferenced(table)


@contextmanager
def _catalogue_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise FatalError(f"{folder / 'catalog.db'}: {error.orig}; the catalogue cannot be used now") from None
