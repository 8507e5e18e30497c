"""Changes as compressed lines of JSON, the same bytes for the same changes."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from kumitate.errors import RecordError
from kumitate.model.request import Change, Operation


def page_bytes(changes: Sequence[Change]) -> bytes:
    lines = (json.dumps(_row(change), ensure_ascii=False, sort_keys=True) + "\n" for change in changes)
    return gzip.compress("".join(lines).encode(), compresslevel=6, mtime=0)


def _row(change: Change) -> dict[str, Any]:
    row: dict[str, Any] = {
        "key": change.key,
        "operation": change.operation,
        "fields": dict(change.fields),
        "person_id": change.person_id,
        "previous": dict(change.previous),
        "since": change.since,
        "shared": change.shared,
    }
    for name in ("since", "shared"):
        if not row[name]:
            del row[name]  # a page of new rows is what it always was
    return row


def _change(row: dict[str, Any]) -> Change:
    return Change(**{**row, "operation": Operation(row["operation"]), "shared": tuple(row.get("shared", ()))})


def changes_on(content: bytes) -> list[Change]:
    """The changes of a page, which may be all of a sync: read line by line; RecordError where it is none."""
    try:
        with gzip.GzipFile(fileobj=BytesIO(content)) as lines:
            return [_change(json.loads(line)) for line in lines if line != b"\n"]
    except (OSError, EOFError, ValueError, TypeError, KeyError, zlib.error):
        raise RecordError("page.unreadable") from None
