"""What syncs remember on a laptop: an SQLite file of JSON by sync and name, and files of conversations' changes."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kumitate.errors import RecordError
from kumitate.execution.rows import changes_on, page_bytes
from kumitate.model.request import Change

_CREATE = """
create table if not exists memories (
  sync text not null, name text not null, state text not null, primary key (sync, name)
) without rowid
"""


class SqliteMemory:
    """A Memory for several threads; a note is on the disk before the call returns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._connection() as connection:
            connection.execute("pragma journal_mode = wal")
            connection.execute(_CREATE)

    def recall(self, sync: str) -> Mapping[str, Mapping[str, Any]]:
        select = "select name, state from memories where sync = ? order by name"
        with self._connection() as connection:
            rows = connection.execute(select, (sync,)).fetchall()
        return {name: json.loads(state) for name, state in rows}

    def remember(self, sync: str, name: str, state: Mapping[str, Any] | None) -> None:
        with self._connection() as connection:
            if state is None:
                connection.execute("delete from memories where sync = ? and name = ?", (sync, name))
                return
            text = json.dumps(state, ensure_ascii=False, sort_keys=True)
            connection.execute(
                "insert or replace into memories (sync, name, state) values (?, ?, ?)", (sync, name, text)
            )

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=30)
        try:
            connection.execute("pragma synchronous = full")
            connection.execute("pragma secure_delete = on")  # what was told of rows may quote personal data
            with connection:
                yield connection
        finally:
            connection.close()


class SentFiles:
    """The changes of conversations under way, one compressed file each; gone when the conversation has ended."""

    def __init__(self, folder: Path, sync: str) -> None:
        self._folder = folder
        self._sync = sync

    def keep(self, name: str, changes: Sequence[Change]) -> Mapping[str, Any]:
        self._folder.mkdir(parents=True, exist_ok=True)
        file = f"{self._sync}.{name}.jsonl.gz"
        written = self._folder / f"{file}.part"
        with written.open("wb") as target:
            target.write(page_bytes(changes))
            target.flush()
            os.fsync(target.fileno())
        written.replace(self._folder / file)
        return {"file": file}

    def read(self, place: Mapping[str, Any]) -> list[Change]:
        try:
            return changes_on((self._folder / place["file"]).read_bytes())
        except FileNotFoundError:
            raise RecordError("page.missing") from None

    def drop(self, place: Mapping[str, Any]) -> None:
        if place:
            (self._folder / place["file"]).unlink(missing_ok=True)
