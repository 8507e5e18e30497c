"""What real time remembers on this machine: persons' states and timers, beside the events in `collected.db`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from kumitate.execution.collected import Collected, portions_of
from kumitate.model.event import State

_AT_ONCE = 500
_READ = "select key, data, version from states where key in (select value from json_each(?))"
_PUT_NEW = "insert into states (key, data, version, expires_at) values (?, ?, 1, ?) on conflict (key) do nothing"
_PUT_AGAIN = "update states set data = ?, version = version + 1, expires_at = ? where key = ? and version = ?"
_PUBLISH = """
insert into states (key, data, version, expires_at) values (?, ?, 1, ?)
on conflict (key) do update set data = excluded.data, version = version + 1, expires_at = excluded.expires_at
"""
_SET = "insert or replace into timers (name, at, payload) values (?, ?, ?)"
_DUE = "select name, at, payload from timers where at <= ? order by at, name limit ?"


@dataclass(frozen=True, slots=True)
class SqliteStates:
    """A StateStore for several threads and processes; a document is on the disk before the call returns."""

    collected: Collected

    def read(self, keys: Sequence[str]) -> Mapping[str, State]:
        with self.collected.reading() as connection:
            rows = connection.execute(_READ, (json.dumps(list(keys)),)).fetchall()
        return {key: State(json.loads(data), version) for key, data, version in rows}

    def write(self, key: str, data: Mapping[str, Any] | None, *, instead_of: int) -> bool:
        with self.collected.writing() as connection:
            return _written(connection, key, data, instead_of=instead_of)

    def publish(self, entries: Iterable[tuple[str, Mapping[str, Any] | None]]) -> None:
        """In many small transactions: who collects meanwhile waits for one of them at most."""
        for portion in portions_of(entries, _AT_ONCE):
            with self.collected.writing() as connection:
                gone = ((key,) for key, data in portion if data is None)
                connection.executemany("delete from states where key = ?", gone)
                put = ((key, _text(data), data.get("expires_at")) for key, data in portion if data is not None)
                connection.executemany(_PUBLISH, put)


def _written(connection: sqlite3.Connection, key: str, data: Mapping[str, Any] | None, *, instead_of: int) -> bool:
    if data is None:
        gone = connection.execute("delete from states where key = ? and version = ?", (key, instead_of)).rowcount
        return gone == 1 or (instead_of == 0 and not _exists(connection, key))
    if instead_of == 0:
        return connection.execute(_PUT_NEW, (key, _text(data), data.get("expires_at"))).rowcount == 1
    return connection.execute(_PUT_AGAIN, (_text(data), data.get("expires_at"), key, instead_of)).rowcount == 1


def _exists(connection: sqlite3.Connection, key: str) -> bool:
    return connection.execute("select 1 from states where key = ?", (key,)).fetchone() is not None


def _text(data: Mapping[str, Any]) -> str:
    return json.dumps(data, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Due:
    """A timer whose time has come; it stays until `SqliteTimers.done`."""

    name: str
    at: float
    payload: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SqliteTimers:
    """Timers in a table: whoever collects asks what is due, and wakes the processor at least once."""

    collected: Collected

    def set(self, name: str, at: datetime, payload: Mapping[str, Any]) -> None:
        with self.collected.writing() as connection:
            connection.execute(_SET, (name, at.astimezone(UTC).timestamp(), json.dumps(payload)))

    def cancel(self, name: str) -> None:
        with self.collected.writing() as connection:
            connection.execute("delete from timers where name = ?", (name,))

    def due(self, *, most: int = 100) -> Sequence[Due]:
        """Those whose time has come, the earliest first."""
        with self.collected.reading() as connection:
            rows = connection.execute(_DUE, (self.collected.clock().timestamp(), most)).fetchall()
        return [Due(name, at, json.loads(payload)) for name, at, payload in rows]

    def done(self, due: Due) -> None:
        """It has woken the processor; one that was moved meanwhile stays."""
        with self.collected.writing() as connection:
            connection.execute("delete from timers where name = ? and at = ?", (due.name, due.at))

    def postpone(self, due: Due, by: timedelta) -> None:
        """It is due again so much later than now, unless it was moved meanwhile."""
        later = (self.collected.clock() + by).timestamp()
        with self.collected.writing() as connection:
            connection.execute("update timers set at = ? where name = ? and at = ?", (later, due.name, due.at))


@dataclass(frozen=True, slots=True)
class SqliteBus:
    """An EventBus whose messages wait in a table until they have been heard, in the order they were told."""

    collected: Collected

    def put(self, detail_type: str, detail: Mapping[str, Any]) -> None:
        with self.collected.writing() as connection:
            connection.execute(
                "insert into told (detail_type, detail) values (?, ?)", (detail_type, json.dumps(detail))
            )

    def waiting(self, detail_type: str, *, after: int = 0, most: int = 100) -> Sequence[tuple[int, Mapping[str, Any]]]:
        """What has not been heard yet, by number, from the one `after` on."""
        with self.collected.reading() as connection:
            rows = connection.execute(
                "select seq, detail from told where detail_type = ? and seq > ? order by seq limit ?",
                (detail_type, after, most),
            ).fetchall()
        return [(seq, json.loads(detail)) for seq, detail in rows]

    def heard(self, seq: int) -> None:
        with self.collected.writing() as connection:
            connection.execute("delete from told where seq = ?", (seq,))


@dataclass(frozen=True, slots=True)
class Backlog:
    """Events of all sources in the order they were kept, for one reader that remembers how far it is."""

    collected: Collected
    reader: str

    def begin(self) -> None:
        """From now on events stay until this reader has seen them."""
        with self.collected.writing() as connection:
            first = "select ?, coalesce((select min(seq) - 1 from events), 0)"
            connection.execute(f"insert into cursors (name, seq) {first} on conflict do nothing", (self.reader,))

    def end(self) -> None:
        """Events need not wait for this reader any more."""
        with self.collected.writing() as connection:
            connection.execute("delete from cursors where name = ?", (self.reader,))

    def next(self, most: int) -> Sequence[tuple[int, bytes]]:
        """Number and line of what comes next."""
        with self.collected.reading() as connection:
            after = "coalesce((select seq from cursors where name = ?), 0)"
            rows = connection.execute(
                f"select seq, line from events where seq > {after} order by seq limit ?", (self.reader, most)
            ).fetchall()
        return [(seq, bytes(line)) for seq, line in rows]

    def seen(self, through: int) -> None:
        """This reader is done with everything up to this number; a kill before brings it again."""
        with self.collected.writing() as connection:
            connection.execute("update cursors set seq = max(seq, ?) where name = ?", (through, self.reader))
