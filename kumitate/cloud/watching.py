"""Records of a stream go to the processor: what cannot be used is set aside, and what failed comes again, no more."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kumitate.errors import RetryableError

Process = Callable[[Sequence[bytes]], Sequence[tuple[int, str]]]
"""Takes in lines; the places of those that cannot be used, with the reason of each."""
UNREADABLE = "record.no_base64"


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that cannot be used: where it stands, and why; nothing of what it says."""

    stream: str
    shard: str
    sequence: str
    line: int
    """From 1, within its record."""
    reason: str


@dataclass(frozen=True, slots=True)
class Watched:
    """What became of a batch: `again` is the sequence number from which on it must come again, or empty."""

    lines: int = 0
    refused: tuple[Refused, ...] = ()
    again: str = ""


def watch(records: Sequence[Mapping[str, Any]], process: Process) -> Watched:
    """All records at once; where that fails, one by one up to the first that fails by itself."""
    try:
        return _together(records, process)
    except RetryableError:
        if len(records) == 1:
            return Watched(again=_sequence(records[0]))
    lines, refused = 0, list[Refused]()
    for record in records:
        found = watch([record], process)
        if found.again:
            return Watched(lines, tuple(refused), found.again)
        lines += found.lines
        refused += found.refused
    return Watched(lines, tuple(refused))


def _together(records: Sequence[Mapping[str, Any]], process: Process) -> Watched:
    lines: list[bytes] = []
    places: list[tuple[Mapping[str, Any], int]] = []
    refused: list[Refused] = []
    for record in records:
        try:
            data = base64.b64decode(record["kinesis"]["data"], validate=True)
        except (binascii.Error, ValueError):
            refused.append(_refused(record, 1, UNREADABLE))
            continue
        for number, line in enumerate(data.split(b"\n"), 1):
            if line.strip():
                lines.append(line)
                places.append((record, number))
    refused += [_refused(*places[place], reason) for place, reason in process(lines)]
    return Watched(len(lines), tuple(refused))


def _refused(record: Mapping[str, Any], line: int, reason: str) -> Refused:
    stream = str(record.get("eventSourceARN", "")).rpartition("/")[2]
    shard = str(record.get("eventID", "")).partition(":")[0]
    return Refused(stream, shard, _sequence(record), line, reason)


def _sequence(record: Mapping[str, Any]) -> str:
    return str(record["kinesis"]["sequenceNumber"])
