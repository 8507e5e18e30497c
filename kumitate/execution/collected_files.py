"""Collected events become files that a run takes in, each event in one file once, wherever a kill strikes.

What a file holds is settled in the database first (a landing: source, first and last number), then the file is
written, then its events are let go. Whoever finds a landing under way writes the very same file again.
"""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import get_native_id
from typing import IO

from kumitate.blueprint.names import STREAMED
from kumitate.errors import RetryableError
from kumitate.execution.collected import COLLECTED, Collected, portions_of

EVENTS_A_FILE = 50_000
PROCESSOR = "processor"
"""The reader of all events that fires triggers: they stay in the database until it has seen them."""
_LEVEL = 5
_LEFT_BEHIND_SECONDS = 3600
_WAITING = """
select source from events group by source
having max(seq) > coalesce((select seq from cursors where name = 'landed#' || source), 0)
union select source from landings order by source
"""
_SETTLE = """
insert into landings (source, first, last, folder)
select :source, min(seq), max(seq), :folder from (
  select seq from events
  where source = :source and seq > coalesce((select seq from cursors where name = 'landed#' || :source), 0)
  order by seq limit :most
) having count(*) > 0
on conflict (source) do nothing
"""
_LINES = "select line from events where source = ? and seq between ? and ? order by seq"
_LANDED = """
insert into cursors (name, seq) values ('landed#' || ?, ?)
on conflict (name) do update set seq = max(seq, excluded.seq)
"""
_LET_GO = """
delete from events where seq in (
  select seq from events where source = :source
    and seq <= (select seq from cursors where name = 'landed#' || :source)
    and seq <= coalesce((select seq from cursors where name = :reader), seq)
  order by seq limit :most)
"""
_LET_GO_AT_ONCE = 10_000
_LINES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class _Landing:
    """The events of one file, settled before it is written."""

    source: str
    first: int
    last: int
    folder: str

    @property
    def file(self) -> str:
        return f"{STREAMED}/{self.source}/{self.folder}/{self.first}-{self.last}.jsonl.gz"


def land_collected(collected: Collected) -> int:
    """Write what has not been written yet to files below the lake's folder; return how many events there were."""
    with collected.reading() as connection:
        sources = [source for (source,) in connection.execute(_WAITING)]
    landed = sum(_land_source(collected, source) for source in sources)
    _let_go(collected)
    return landed


def land_before_a_run(folder: Path, *, clock: Callable[[], datetime]) -> int:
    """The same for whoever does not collect; nothing is made in the lake's `folder` where nobody ever has."""
    if not (folder / COLLECTED).exists():
        return 0
    collected = Collected(folder, clock=clock)
    try:
        return land_collected(collected)
    finally:
        collected.close()


def _let_go(collected: Collected) -> None:
    """Delete events that are in files and that no reader waits for, in portions, so that nobody has to wait."""
    with collected.reading() as connection:
        sources = [source for (source,) in connection.execute("select distinct source from events")]
    for source in sources:
        said = {"source": source, "reader": PROCESSOR, "most": _LET_GO_AT_ONCE}
        gone = _LET_GO_AT_ONCE
        while gone == _LET_GO_AT_ONCE:
            with collected.writing() as connection:
                gone = connection.execute(_LET_GO, said).rowcount


def _land_source(collected: Collected, source: str) -> int:
    """One file after the other, until nothing waits."""
    total = 0
    while _settle(collected, source):
        landing, count = _write(collected, source)
        if landing is not None:
            with collected.writing() as connection:
                connection.execute(_LANDED, (source, landing.last))
                connection.execute("delete from landings where source = ? and last <= ?", (source, landing.last))
        total += count
    return total


def _settle(collected: Collected, source: str) -> bool:
    """Whether there is a landing of the source to write: one under way, or a new one."""
    hour = collected.clock().astimezone(UTC).strftime("%Y/%m/%d/%H")
    with collected.writing() as connection:
        connection.execute(_SETTLE, {"source": source, "folder": hour, "most": EVENTS_A_FILE})
        return connection.execute("select 1 from landings where source = ?", (source,)).fetchone() is not None


def _write(collected: Collected, source: str) -> tuple[_Landing | None, int]:
    """The landing and its events are read as of one moment: where somebody else has landed it meanwhile, there is
    none, and where there is one, all of its events are there.
    """
    with collected.reading() as connection:
        row = connection.execute(
            "select source, first, last, folder from landings where source = ?", (source,)
        ).fetchone()
        if row is None:
            return None, 0
        landing = _Landing(*row)
        lines = connection.execute(_LINES, (source, landing.first, landing.last))
        try:
            return landing, _write_file(collected.folder / landing.file, (line for (line,) in lines))
        except OSError as error:
            raise RetryableError(
                f"{collected.folder / landing.file}: could not be written ({error.strerror}); the events are safe in"
                f" {COLLECTED}; check the space on the disk and the folder's rights"
            ) from error


def _write_file(target: Path, lines: Iterable[bytes]) -> int:
    """A whole file or none; the same lines make the same bytes. Another process may write it at the same time."""
    _make_folder(target.parent)
    part = target.with_name(f"{target.name}.{os.getpid()}-{get_native_id()}.part")
    try:
        with open(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            count = _pack(lines, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(target.parent)
    return count


def _pack(lines: Iterable[bytes], file: IO[bytes]) -> int:
    count = 0
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=_LEVEL, mtime=0) as packed:
        for portion in portions_of(lines, _LINES_AT_ONCE):
            packed.write(b"\n".join(portion) + b"\n")
            count += len(portion)
    return count


def _make_folder(folder: Path) -> None:
    """Without what killed processes have left behind in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in folder.glob("*.part"):
        with suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > _LEFT_BEHIND_SECONDS:
                part.unlink()


def _sync_folder(folder: Path) -> None:
    """The file's name is on the disk, too, before its events are let go."""
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
