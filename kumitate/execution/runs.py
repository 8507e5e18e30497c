"""The run log: which run is under way, so that a killed one is taken up where it stopped."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

_CREATE = """
create table if not exists runs (
  id text primary key, as_of text not null, fingerprint text not null,
  started_at text not null, finished_at text, until_stage text, released text,
  delivering_at text, note text
)
"""
_ADDED = ("released", "delivering_at", "note")
"""Columns that the file of an older version has not."""


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """One run as the log has it; `finished_at` is None while it is under way or was interrupted."""

    id: str
    as_of: datetime
    fingerprint: str
    started_at: datetime
    finished_at: datetime | None
    until_stage: str | None
    released: str = ""
    """Why it activates people although quality rules hold it, in the words of who let it go."""

    delivering_at: datetime | None = None
    """When it began to deliver: from then on it is closed after a kill, and not gone on with."""
    note: str = ""
    """`interrupted` where it was killed while delivering, and closed later."""


class RunLog:
    """Runs in a SQLite file beside the lake; ids count up: r000001, r000002, …"""

    def __init__(self, path: Path) -> None:
        self._path = path

    def last(self) -> LoggedRun | None:
        """The newest run, finished or not."""
        with self._connection() as connection:
            row = connection.execute("select * from runs order by id desc limit 1").fetchone()
        return _logged(row) if row else None

    def all(self) -> tuple[LoggedRun, ...]:
        """Every run, newest first."""
        with self._connection() as connection:
            rows = connection.execute("select * from runs order by id desc").fetchall()
        return tuple(_logged(row) for row in rows)

    def begin(self, as_of: datetime, fingerprint: str, now: datetime) -> LoggedRun:
        """A new run, or the last one again when it was interrupted (with its own clock)."""
        last = self.last()
        if last is not None and last.finished_at is None:
            return last
        number = int(last.id[1:]) + 1 if last else 1
        run = LoggedRun(f"r{number:06d}", as_of, fingerprint, now, None, None)
        with self._connection() as connection:
            connection.execute(
                "insert into runs values (?, ?, ?, ?, null, null, null, null, null)",
                (run.id, as_of.isoformat(), fingerprint, now.isoformat()),
            )
        return run

    def release(self, run: LoggedRun, reason: str) -> LoggedRun:
        """The run, which no quality rule of level `hold` holds any more; also after it was interrupted."""
        with self._connection() as connection:
            connection.execute("update runs set released = ? where id = ?", (reason, run.id))
        return replace(run, released=reason)

    def delivering(self, run_id: str, now: datetime) -> None:
        """Note, before anything leaves, that the run delivers from now on."""
        with self._connection() as connection:
            connection.execute("update runs set delivering_at = ? where id = ?", (now.isoformat(), run_id))

    def finish(self, run_id: str, now: datetime, until_stage: str | None, *, note: str = "") -> None:
        with self._connection() as connection:
            connection.execute(
                "update runs set finished_at = ?, until_stage = ?, note = ? where id = ?",
                (now.isoformat(), until_stage, note, run_id),
            )

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=30)
        try:
            with connection:
                connection.execute(_CREATE)
                there = {row[1] for row in connection.execute("pragma table_info(runs)")}
                for column in (name for name in _ADDED if name not in there):
                    connection.execute(f"alter table runs add column {column} text")
                yield connection
        finally:
            connection.close()


def _logged(row: tuple[str | None, ...]) -> LoggedRun:
    id_, as_of, fingerprint, started_at, finished_at, until_stage, released, delivering_at, note = row
    return LoggedRun(
        str(id_),
        datetime.fromisoformat(str(as_of)),
        str(fingerprint),
        datetime.fromisoformat(str(started_at)),
        datetime.fromisoformat(finished_at) if finished_at else None,
        until_stage,
        released or "",
        datetime.fromisoformat(delivering_at) if delivering_at else None,
        note or "",
    )
