"""What a collector on this machine has taken in: one SQLite file, in which an event that was acknowledged is safe."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import TypeVar

from kumitate.errors import FatalError, RetryableError
from kumitate.model.event import Event

Thing = TypeVar("Thing")

COLLECTED = "collected.db"
KNOWN_FOR = timedelta(hours=24)
"""For so long an event that comes again is known (the Segment specification asks for a day)."""
_FORGOTTEN_AT_ONCE = 5_000
_CREATE = """
create table if not exists events (
  seq integer primary key autoincrement, source text not null, line blob not null
);
create index if not exists events_of_sources on events (source, seq);
create table if not exists seen (id blob primary key, at real not null) without rowid;
create index if not exists seen_at on seen (at);
create table if not exists cursors (name text primary key, seq integer not null) without rowid;
create table if not exists landings (
  source text primary key, first integer not null, last integer not null, folder text not null
) without rowid;
create table if not exists states (
  key text primary key, data text not null, version integer not null, expires_at real
) without rowid;
create index if not exists states_expiring on states (expires_at) where expires_at is not null;
create table if not exists told (
  seq integer primary key autoincrement, detail_type text not null, detail text not null
);
create table if not exists timers (name text primary key, at real not null, payload text not null) without rowid;
create index if not exists timers_at on timers (at);
"""
_SEE = """
insert into seen (id, at) values (?, ?)
on conflict (id) do update set at = excluded.at where at <= ?
"""
_KEEP = "insert into events (source, line) values (?, ?)"
_FORGET = "delete from seen where id in (select id from seen where at <= ? limit ?)"
_EXPIRE = "delete from states where key in (select key from states where expires_at <= ? limit ?)"


class Collected:
    """The file `<lake>/collected.db`, for several threads and processes; what is committed is on the disk."""

    def __init__(self, folder: Path, *, clock: Callable[[], datetime]) -> None:
        """`folder` is the lake's; both are for their owner alone."""
        self.folder = folder
        self.clock = clock
        self._path = folder / COLLECTED
        self._idle: list[sqlite3.Connection] = []
        self._lock = Lock()
        self._writing = Lock()
        with _told_where(self._path):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))  # SQLite's other files take over its rights
            with self._connection() as connection:
                connection.execute("pragma journal_mode = wal")
                connection.executescript(_CREATE)
            with self.writing() as connection:
                _number_from(connection, clock())

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that is on the disk when the block has ended; RetryableError where it cannot be."""
        with self._writing, self._connection() as connection:
            connection.execute("begin immediate")
            yield connection
            connection.execute("commit")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One state of the file, whatever is written meanwhile."""
        with self._connection() as connection:
            connection.execute("begin")
            yield connection
            connection.execute("commit")

    def forget_old(self) -> int:
        """Ids and states whose time has passed, in portions, so that nobody has to wait; how many there were."""
        now = self.clock().timestamp()
        portions = ((_FORGET, now - KNOWN_FOR.total_seconds()), (_EXPIRE, now))
        return sum(self._forget(statement, until) for statement, until in portions)

    def _forget(self, statement: str, until: float) -> int:
        total = 0
        while True:
            with self.writing() as connection:
                gone = connection.execute(statement, (until, _FORGOTTEN_AT_ONCE)).rowcount
            total += gone
            if gone < _FORGOTTEN_AT_ONCE:
                return total

    def close(self) -> None:
        """Let go of the file; a later call opens it again."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection that no other thread has meanwhile; after a failure it is not used again."""
        try:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            connection = connection or self._opened()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
        except sqlite3.OperationalError as error:
            raise RetryableError(
                f"{self._path}: could not be read or written ({error}); check the space on the disk and the file's"
                " rights, then try again"
            ) from error
        with self._lock:
            self._idle.append(connection)

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=30, check_same_thread=False, isolation_level=None)
        connection.execute("pragma synchronous = full")
        return connection


@contextmanager
def _told_where(path: Path) -> Iterator[None]:
    """FatalError where the file cannot be made, or is none of SQLite's."""
    try:
        yield
    except OSError as error:
        raise FatalError(
            f"{path}: cannot be written ({error.strerror}); check the folder's rights, or name another with --lake"
        ) from error
    except sqlite3.DatabaseError as error:
        raise FatalError(
            f"{path}: is damaged ({error}); put it aside and begin again. What runs have taken in lies in the lake;"
            " it alone holds what came since"
        ) from error


def portions_of(things: Iterable[Thing], most: int) -> Iterator[list[Thing]]:
    """Lists of `most` things, the last one of what is left."""
    rest = iter(things)
    while portion := list(islice(rest, most)):
        yield portion


def _number_from(connection: sqlite3.Connection, now: datetime) -> None:
    """A file's events are numbered from the time it was made, so that one made anew never gives a number again."""
    if connection.execute("select 1 from sqlite_sequence where name = 'events'").fetchone() is None:
        first = int(now.timestamp()) * 1_000_000
        connection.execute("insert into sqlite_sequence (name, seq) values ('events', ?)", (first,))


@dataclass(slots=True)
class _Request:
    """Events that wait to be committed, and what became of them."""

    events: Sequence[Event]
    is_kept: bool = False
    problem: str = field(default="", repr=False)


class SqliteIntake:
    """An EventIntake whose concurrent calls share a commit: a disk takes hundreds of those a second, not thousands."""

    def __init__(self, collected: Collected) -> None:
        self._collected = collected
        self._waiting: list[_Request] = []
        self._lock = Lock()
        self._committing = Lock()
        self.kept = 0
        self.known = 0
        """Events of this process that were new, and that had come before."""

    def take(self, events: Sequence[Event]) -> frozenset[int]:
        request = _Request(events)
        with self._lock:
            self._waiting.append(request)
        with self._committing:
            if not request.is_kept and not request.problem:
                self._commit_all()
        if not request.is_kept:
            raise RetryableError(request.problem or "the events could not be kept; send them again")
        return frozenset()

    def _commit_all(self) -> None:
        """Everything that waits by now, in one transaction; those who called find it done."""
        with self._lock:
            requests, self._waiting = self._waiting, []
        try:
            self._keep([event for request in requests for event in request.events])
        except RetryableError as error:
            for request in requests:
                request.problem = str(error)
            return
        for request in requests:
            request.is_kept = True

    def _keep(self, events: Sequence[Event]) -> None:
        now = self._collected.clock().timestamp()
        ids = [(_id_of(event), now, now - KNOWN_FOR.total_seconds()) for event in events]
        with self._collected.writing() as connection:
            see = connection.execute
            new = [event for event, known in zip(events, ids, strict=True) if see(_SEE, known).rowcount]
            connection.executemany(_KEEP, ((event.source, event.line) for event in new))
        self.kept += len(new)
        self.known += len(events) - len(new)


def _id_of(event: Event) -> bytes:
    """Half a hash: a sender's id may be anything, also what is no text for SQLite."""
    told = f"{event.source}\0{event.id}".encode("utf-8", "surrogatepass")
    return sha256(told).digest()[:16]


class RateOfOneProcess:
    """A RateGate for the one process that collects on a machine: a second's worth may come at once."""

    _BURST = timedelta(seconds=1)

    def __init__(self) -> None:
        self._free_at: dict[str, datetime] = {}
        self._lock = Lock()

    def wait(self, key: str, events: int, *, per_second: float, now: datetime) -> float:
        with self._lock:
            free_at = max(self._free_at.get(key, now - self._BURST), now - self._BURST)
            if free_at > now:
                return (free_at - now).total_seconds()
            self._free_at[key] = free_at + timedelta(seconds=events / per_second)
            return 0.0
