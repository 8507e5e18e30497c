"""Events as they were delivered: JSON Lines of a file, or what the lake's raw area has of a source."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from kumitate.errors import FatalError
from kumitate.execution.landing import stored_deliveries
from kumitate.ports import RawArea

_GZIP = b"\x1f\x8b"
Event = dict[str, Any]


def events_in(files: Iterable[Path]) -> Iterator[Event]:
    """Every object of the files, one a line, also compressed; FatalError names a broken file or line."""
    for path in files:
        with path.open("rb") as file:
            yield from _objects(file, path.name, is_strict=True)


def delivered_events(raw_area: RawArea, source: str) -> Iterator[Event]:
    """What the source has brought so far, the newest delivery first; lines that are no object are passed over.

    Rows that came back from quarantine came once before, and stand in columns now.
    """
    for delivery in sorted(stored_deliveries(raw_area).values(), key=lambda each: each.id, reverse=True):
        if delivery.source == source and not delivery.is_replay:
            with raw_area.open(delivery.stored) as file:
                yield from _objects(file, delivery.file, is_strict=False)


def _objects(file: IO[bytes], name: str, *, is_strict: bool) -> Iterator[Event]:
    for number, line in enumerate(_lines(file, name, is_strict=is_strict), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            yield found
        elif is_strict:
            raise FatalError(f"{name}:{number}: no JSON object; events are given as JSON Lines, one object a line")


def _lines(file: IO[bytes], name: str, *, is_strict: bool) -> Iterator[bytes]:
    """As far as a compressed file can be read."""
    try:
        yield from _unpacked(file)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        if is_strict:
            raise FatalError(f"{name}: the compressed file is broken or ends too early; fetch it again") from None


def _unpacked(file: IO[bytes]) -> IO[bytes]:
    begins = file.read(2)
    file.seek(0)
    return cast(IO[bytes], gzip.GzipFile(fileobj=file)) if begins == _GZIP else file
