"""The book of firings on this machine: an SQLite file beside the delivery ledger, safe before a call returns."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from kumitate.model.firing import Firing

FILE = "firings.db"
_CREATE = """
create table if not exists firings (
  sync text not null, fired_id text not null, data text not null, version integer not null, collected integer not null,
  primary key (sync, fired_id)
) without rowid;
create index if not exists firings_open on firings (sync, fired_id) where collected = 0;
"""
_PUT_NEW = """
insert into firings (sync, fired_id, data, version, collected) values (?, ?, ?, 1, ?) on conflict do nothing
"""
_PUT_AGAIN = """
update firings set data = ?, collected = ?, version = version + 1 where sync = ? and fired_id = ? and version = ?
"""


class SqliteFirings:
    """A FiringBook for several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        with self._connection() as connection:
            connection.execute("pragma journal_mode = wal")
            connection.executescript(_CREATE)

    def read(self, sync: str, fired_id: str) -> Firing | None:
        select = "select data, version from firings where sync = ? and fired_id = ?"
        with self._connection() as connection:
            row = connection.execute(select, (sync, fired_id)).fetchone()
        return Firing.from_json(json.loads(row[0]), version=row[1]) if row else None

    def write(self, firing: Firing, *, instead_of: int) -> bool:
        data, place = json.dumps(firing.to_json(), ensure_ascii=False), (firing.sync, firing.fired.id)
        with self._connection() as connection:
            if instead_of == 0:
                done = connection.execute(_PUT_NEW, (*place, data, firing.is_collected))
            else:
                done = connection.execute(_PUT_AGAIN, (data, firing.is_collected, *place, instead_of))
            return done.rowcount == 1

    def uncollected(self, sync: str) -> Iterator[Firing]:
        select = "select data, version from firings where sync = ? and collected = 0 order by fired_id"
        with self._connection() as connection:
            rows = connection.execute(select, (sync,)).fetchall()
        return (Firing.from_json(json.loads(data), version=version) for data, version in rows)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=30)) as connection:
            connection.execute("pragma synchronous = full")
            connection.execute("pragma secure_delete = on")  # what was fired may be personal
            with connection:
                yield connection


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Who sends what was fired waits for whoever does so already, in this process or in another."""
    descriptor = os.open(folder / "firings.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
