"""What a reader hands on: rows for the raw table, rows for quarantine, a word about the whole file."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import UTC

import pyarrow as pa

from kumitate.ingest.delivery import FILE_TRUNCATED, FILE_UNREADABLE, Delivery
from kumitate.ingest.lines import LINE_LIMIT, Break, LongLine
from kumitate.ingest.tables import QUARANTINE
from kumitate.model.step import Run


@dataclass(frozen=True, slots=True)
class Rejection:
    """One row that could not be read: where it begins, why, and what was delivered."""

    line: int
    reason: str
    field: str = ""
    payload: str = dataclass_field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Portion:
    """A part of a file, read; its rejections stand in the order of their lines."""

    rows: pa.RecordBatch | None = None
    rejections: Sequence[Rejection] = ()
    problem: str = ""

    @property
    def row_count(self) -> int:
        return 0 if self.rows is None else int(self.rows.num_rows)


def line_payload(text: str) -> str:
    """A line of text as delivered."""
    return json.dumps({"line": text.rstrip("\r\n")}, ensure_ascii=False)


def bytes_payload(line: bytes) -> str:
    """A line that is no text."""
    return "base64:" + base64.b64encode(line.rstrip(b"\r\n")).decode()


def too_long(line: LongLine) -> Rejection:
    """The row's whole content stays in the raw area's file; here it is only named."""
    head = line.head.decode("utf-8", errors="replace")
    told = {"begins": head, "bytes": line.size, "sha256": line.sha256, "limit": LINE_LIMIT}
    return Rejection(line.first, "row.too_long", payload=json.dumps(told, ensure_ascii=False))


def broken_off(end: Break) -> Portion:
    """The file could not be read to its end; what was read before stands."""
    reason = FILE_TRUNCATED if end.is_truncated else FILE_UNREADABLE
    rejection = Rejection(end.first, reason, payload=bytes_payload(end.rest))
    return Portion(rejections=(rejection,), problem=f"{reason}: from line {end.first} on")


def quarantine_batch(rejections: Sequence[Rejection], delivery: Delivery, run: Run) -> pa.RecordBatch:
    """Rejections as rows of `quarantine.rows`."""
    count = len(rejections)
    columns = {
        "source": [delivery.source] * count,
        "delivery_id": [delivery.id] * count,
        "file": [delivery.file] * count,
        "line": [rejection.line for rejection in rejections],
        "reason": [rejection.reason for rejection in rejections],
        "field": [rejection.field or None for rejection in rejections],
        "payload": [rejection.payload for rejection in rejections],
        "run_id": [run.id] * count,
        "found_at": [run.as_of.astimezone(UTC).replace(tzinfo=None)] * count,
    }
    return pa.RecordBatch.from_pydict(columns, schema=QUARANTINE.schema)
