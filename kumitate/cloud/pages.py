"""A sync's changes cut into pages: compressed lines of JSON, the same bytes for the same changes."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Protocol

from kumitate.blueprint.names import DELIVERIES
from kumitate.errors import RecordError
from kumitate.model.request import Change, Operation

_NUMBER = re.compile(r"/(\d+)(\.removals)?\.jsonl\.gz$")


class Shelf(Protocol):
    """Where pages lie, by name."""

    def put(self, name: str, content: bytes) -> None: ...
    def get(self, name: str) -> bytes: ...
    def names(self, prefix: str) -> Iterable[str]: ...


def write_pages(changes: Iterable[Sequence[Change]], shelf: Shelf, *, run_id: str, sync: str, rows: int) -> int:
    """Put pages of at most `rows` rows, removals on pages of their own; returns how many there are.

    Changes come removals first; a match key may leave with one person and stay with another.
    """
    number = 0
    for number, page in enumerate(_cut(changes, rows), 1):
        kind = ".removals" if page[0].operation is Operation.DELETE else ""
        shelf.put(f"{folder(run_id, sync)}{number:05d}{kind}.jsonl.gz", page_bytes(page))
    return number


def folder(run_id: str, sync: str) -> str:
    return f"{DELIVERIES}/{run_id}/{sync}/"


def numbered(names: Iterable[str]) -> list[tuple[int, str, bool]]:
    """(number, name, whether it holds removals) of all pages among `names`, in order."""
    found = [(int(match[1]), name, bool(match[2])) for name in names if (match := _NUMBER.search(name))]
    return sorted(found)


def page_bytes(changes: Sequence[Change]) -> bytes:
    lines = (json.dumps(asdict(change), ensure_ascii=False, sort_keys=True) + "\n" for change in changes)
    return gzip.compress("".join(lines).encode(), compresslevel=6, mtime=0)


def changes_on(content: bytes) -> list[Change]:
    """The changes of a page; RecordError where it is none."""
    try:
        rows = [json.loads(line) for line in gzip.decompress(content).decode().split("\n") if line]
        return [Change(**{**row, "operation": Operation(row["operation"])}) for row in rows]
    except (OSError, EOFError, ValueError, TypeError, KeyError):
        raise RecordError("page.unreadable") from None


def _cut(changes: Iterable[Sequence[Change]], rows: int) -> Iterator[list[Change]]:
    page: list[Change] = []
    for change in (change for portion in changes for change in portion):
        turns = page and (page[-1].operation is Operation.DELETE) != (change.operation is Operation.DELETE)
        if turns or len(page) == rows:
            yield page
            page = []
        page.append(change)
    if page:
        yield page
