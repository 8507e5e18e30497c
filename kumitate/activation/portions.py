"""How many rows are brought to a destination in one go: whole requests, so that no cut costs a call."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from kumitate.activation.destinations.talk import Conversing
from kumitate.activation.destinations.terms import Terms
from kumitate.model.request import Change, Operation

if TYPE_CHECKING:  # a cold start pays for destinations when it knows which
    from kumitate.activation.destinations.base import Destination

WHOLE = sys.maxsize
"""Rows of a portion that is not cut."""
ROWS_AT_ONCE = 2_000
"""Rows of plain requests that are made ready together."""
_TALK_ROWS = 50_000
"""Rows of a conversation, where the destination does not say: jobs are for many."""


def portion_rows(kind: type[Destination], rows: int, most_requests: float = math.inf) -> int:
    """About `rows`, in whole requests: one at least, and not many more than `most_requests`."""
    if issubclass(kind, Conversing):
        return request_rows(kind.terms, kind.terms.talk_rows or _TALK_ROWS)
    return request_rows(kind.terms, rows, most_requests)


def request_rows(terms: Terms, rows: int, most_requests: float = math.inf) -> int:
    """As `portion_rows`, of plain requests."""
    batch = max(1, terms.most_rows)
    return batch * int(max(1, min(rows // batch, most_requests)))


def cut(changes: Iterable[Sequence[Change]], rows: int) -> Iterator[list[Change]]:
    """Portions of `rows` rows, removals apart from all others, whatever pieces the changes come in."""
    return (portion for portion in cut_at_leisure(changes, rows) if portion)


def cut_at_leisure(changes: Iterable[Sequence[Change]], rows: int) -> Iterator[list[Change]]:
    """As `cut`, with an empty list after each piece: whoever reads on may do something else first."""
    portion: list[Change] = []
    for piece in changes:
        for alike in _alike(piece, rows):
            if portion and rows != WHOLE and is_removal(portion[-1]) != is_removal(alike[0]):
                yield portion
                portion = []
            start = 0
            while start < len(alike):
                end = start + rows - len(portion)
                portion += alike[start:end]
                start = end
                if len(portion) == rows:
                    yield portion
                    portion = []
        yield []
    if portion:
        yield portion


def _alike(piece: Sequence[Change], rows: int) -> Iterator[Sequence[Change]]:
    """The piece in runs of removals and of others; most pieces are of one kind."""
    removals = sum(change.operation is Operation.DELETE for change in piece)
    if rows == WHOLE or removals in (0, len(piece)):
        if piece:
            yield piece
        return
    for _, run in groupby(piece, is_removal):
        yield list(run)


def is_removal(change: Change) -> bool:
    """Removals leave before everything else: a match key may leave with one person and stay with another."""
    return change.operation is Operation.DELETE
