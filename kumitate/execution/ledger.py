"""The delivery ledger: an SQLite file that knows, after a kill, which rows were about to leave and which arrived."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from threading import Lock

from kumitate.model.request import Outcome, Verdict

_SAID = attrgetter("verdict", "reason", "message")
_VERDICTS = {verdict.value: verdict for verdict in Verdict}
_NUL = r"\u0000"
_CREATE = """
create table if not exists notes (
  run_id text not null, sync text not null, key text not null, claimed_at text not null,
  verdict text, reason text, message text,
  primary key (run_id, sync, key)
) without rowid
"""
_CLAIM = """
insert into notes (run_id, sync, key, claimed_at) values (?, ?, ?, ?)
on conflict (run_id, sync, key) do update set
  claimed_at = excluded.claimed_at, verdict = null, reason = null, message = null
"""
_SETTLE = """
insert into notes (run_id, sync, key, claimed_at, verdict, reason, message) values (?, ?, ?, ?, ?, ?, ?)
on conflict (run_id, sync, key) do update set
  verdict = excluded.verdict, reason = excluded.reason, message = excluded.message
"""
_SETTLE_ALIKE = """
insert into notes (run_id, sync, key, claimed_at, verdict, reason, message)
select ?, ?, value, ?, ?, ?, ? from json_each(?) where true
on conflict (run_id, sync, key) do update set
  verdict = excluded.verdict, reason = excluded.reason, message = excluded.message
"""
"""One statement for rows of one verdict: the file is written while other threads go on."""


class SqliteLedger:
    """A Ledger for several threads. Claims are on the disk before the call returns, whatever happens to the machine;
    a verdict that a power cut swallows leaves its claim, which is the safe side.
    """

    def __init__(self, path: Path, *, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._clock = clock
        self._idle: list[sqlite3.Connection] = []
        self._lock = Lock()
        with self._connection() as connection:
            connection.execute("pragma journal_mode = wal")
            connection.execute(_CREATE)

    def claim(self, run_id: str, sync: str, keys: Iterable[str]) -> None:
        now = self._clock().isoformat()
        with self._connection(synchronous="full") as connection:
            connection.executemany(_CLAIM, ((run_id, sync, key, now) for key in keys))

    def settle(self, run_id: str, sync: str, outcomes: Iterable[Outcome]) -> None:
        now = self._clock().isoformat()
        with self._connection() as connection:
            for (verdict, reason, message), alike in groupby(outcomes, _SAID):
                said, keys = (now, str(verdict), reason, message), [outcome.key for outcome in alike]
                listed = json.dumps(keys)
                if _NUL in listed:  # where JSON's texts end for SQLite
                    connection.executemany(_SETTLE, ((run_id, sync, key, *said) for key in keys))
                else:
                    connection.execute(_SETTLE_ALIKE, (run_id, sync, *said, listed))

    def notes(self, run_id: str, sync: str) -> Mapping[str, Outcome | datetime]:
        select = "select key, claimed_at, verdict, reason, message from notes where run_id = ? and sync = ?"
        with self._connection() as connection:
            rows = connection.execute(select, (run_id, sync)).fetchall()
        return {
            key: Outcome(key, _VERDICTS[verdict], reason, message) if verdict else datetime.fromisoformat(claimed_at)
            for key, claimed_at, verdict, reason, message in rows
        }

    def syncs(self, run_id: str) -> tuple[str, ...]:
        """The syncs that have notes of this run, by name."""
        with self._connection() as connection:
            rows = connection.execute("select distinct sync from notes where run_id = ? order by sync", (run_id,))
            return tuple(sync for (sync,) in rows)

    def forget(self, run_id: str, syncs: Iterable[str]) -> None:
        """Drop these syncs' notes of this run and earlier ones: their outcomes and states are in the lake."""
        with self._connection() as connection:
            connection.execute("pragma secure_delete = on")  # messages may quote personal data
            connection.executemany("delete from notes where run_id <= ? and sync = ?", ((run_id, s) for s in syncs))

    def drop(self, run_id: str, sync: str) -> None:
        """Drop the notes of this run alone."""
        with self._connection() as connection:
            connection.execute("pragma secure_delete = on")
            connection.execute("delete from notes where run_id = ? and sync = ?", (run_id, sync))

    def close(self) -> None:
        """Let go of the file; a later call opens it again."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    @contextmanager
    def _connection(self, *, synchronous: str = "normal") -> Iterator[sqlite3.Connection]:
        """A connection that no other thread has meanwhile; kept open, since opening costs more than a note."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = sqlite3.connect(self._path, timeout=30, check_same_thread=False)
        try:
            connection.execute(f"pragma synchronous = {synchronous}")
            with connection:
                yield connection
        except BaseException:
            connection.close()
            raise
        with self._lock:
            self._idle.append(connection)
