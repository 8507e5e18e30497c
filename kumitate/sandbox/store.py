"""What the stand-ins remember, in an SQLite file: records by vendor, kind and key, and the calls they had."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_CREATE = """
create table if not exists records (
  place integer primary key autoincrement, vendor text not null, kind text not null, key text not null,
  record text not null, unique (vendor, kind, key)
);
create table if not exists calls (
  place integer primary key autoincrement, vendor text not null, method text not null, path text not null,
  status integer not null
);
"""
_PUT = """
insert into records (vendor, kind, key, record) values (?, ?, ?, ?)
on conflict (vendor, kind, key) do update set record = excluded.record
"""


class StateFile:
    """The file, for one process; calls from several threads take turns."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        self._lock = threading.RLock()
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = off")
        self._connection.executescript(_CREATE)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of what happens within."""
        with self._lock:
            self._connection.execute("begin")
            try:
                yield
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()


class Store:
    """One vendor's part of the state."""

    def __init__(self, file: StateFile, vendor: str, clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._vendor = vendor
        self.now = clock
        """Unix seconds."""

    def put(self, kind: str, key: str, record: Mapping[str, Any]) -> None:
        self._file.execute(_PUT, self._vendor, kind, key, json.dumps(record, ensure_ascii=False))

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        statement = "select record from records where vendor = ? and kind = ? and key = ?"
        rows = self._file.execute(statement, self._vendor, kind, key)
        return json.loads(rows[0][0]) if rows else None

    def remove(self, kind: str, key: str) -> bool:
        """Whether there was such a record."""
        statement = "delete from records where vendor = ? and kind = ? and key = ? returning key"
        return bool(self._file.execute(statement, self._vendor, kind, key))

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        """Records by key, in the order they came."""
        statement = "select key, record from records where vendor = ? and kind = ? order by place"
        return {key: json.loads(record) for key, record in self._file.execute(statement, self._vendor, kind)}

    def kinds(self) -> tuple[str, ...]:
        rows = self._file.execute("select distinct kind from records where vendor = ? order by kind", self._vendor)
        return tuple(kind for (kind,) in rows)

    def next_number(self) -> int:
        """A number larger than any given before in this file."""
        rows = self._file.execute("select coalesce(max(seq), 0) + 1 from sqlite_sequence where name = 'records'")
        return int(rows[0][0])

    def note_call(self, method: str, path: str, status: int) -> None:
        statement = "insert into calls (vendor, method, path, status) values (?, ?, ?, ?)"
        self._file.execute(statement, self._vendor, method, path, status)

    def calls(self) -> tuple[tuple[str, str, int], ...]:
        """(method, path, status) of every call, in order."""
        statement = "select method, path, status from calls where vendor = ? order by place"
        rows = self._file.execute(statement, self._vendor)
        return tuple((method, path, status) for method, path, status in rows)
