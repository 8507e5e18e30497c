"""A sync's changes cut into pages of a bucket, and what tells of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from kumitate.activation.portions import WHOLE, cut, is_removal
from kumitate.blueprint.names import MANIFEST
from kumitate.cloud.page_messages import folder, page_name
from kumitate.errors import FatalError, RecordError
from kumitate.execution.rows import page_bytes
from kumitate.model.request import Change


class Readable(Protocol):
    """Where pages lie, by name, for who reads them."""

    def get(self, name: str) -> bytes: ...


class Shelf(Readable, Protocol):
    """Where pages lie, for who puts them there."""

    def put(self, name: str, content: bytes) -> None: ...

    def names(self, prefix: str) -> Iterable[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """How a sync's changes were cut into pages in a run; removals stand on the first pages."""

    rows: int
    """At most on a page."""
    pages: int
    removals: int

    def names(self, run_id: str, sync: str) -> tuple[str, ...]:
        """The pages' names, in order."""
        numbers = range(1, self.pages + 1)
        return tuple(page_name(run_id, sync, number, removals=number <= self.removals) for number in numbers)


def write_pages(changes: Iterable[Sequence[Change]], shelf: Shelf, *, run_id: str, sync: str, rows: int) -> int:
    """Put pages of at most `rows` rows, removals on pages of their own, at last what tells of them; returns how many.

    With `rows` WHOLE there is one page, whatever is on it.
    Changes come removals first; a match key may leave with one person and stay with another. Notes are kept by page:
    an earlier try of the run that told of its pages has cut them for good, whatever `rows` is by now.
    """
    place = f"{folder(run_id, sync)}{MANIFEST}"
    if place in shelf.names(place):
        rows = manifest_of(shelf, run_id, sync).rows
    number = removals = 0
    for number, page in enumerate(cut(changes, rows), 1):
        gone = rows != WHOLE and is_removal(page[0])
        removals += gone
        shelf.put(page_name(run_id, sync, number, removals=gone), page_bytes(page))
    manifest = Manifest(rows=rows, pages=number, removals=removals)
    shelf.put(place, json.dumps(asdict(manifest), sort_keys=True).encode())
    return number


def manifest_of(shelf: Readable, run_id: str, sync: str) -> Manifest:
    """What the activation job has put; FatalError where it is not to be read."""
    try:
        return Manifest(**json.loads(shelf.get(f"{folder(run_id, sync)}{MANIFEST}")))
    except (RecordError, ValueError, TypeError):
        raise FatalError(f"{run_id} has no list of pages for sync {sync!r}; run the activation again") from None
