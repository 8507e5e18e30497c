"""How many rows are brought to a destination in one go: whole requests, so that no cut costs a call."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Sequence

from kumitate.activation.destinations.base import Destination
from kumitate.activation.destinations.talk import Conversing
from kumitate.model.request import Change, Operation

WHOLE = sys.maxsize
"""Rows of a portion that is not cut."""
_TALK_ROWS = 50_000
"""Rows of a conversation, where the destination does not say: jobs are for many."""


def portion_rows(kind: type[Destination], rows: int, most_requests: float = math.inf) -> int:
    """About `rows`, in whole requests: one at least, and not many more than `most_requests`."""
    terms = kind.terms
    batch = max(1, terms.most_rows)
    if issubclass(kind, Conversing):
        return batch * max(1, (terms.talk_rows or _TALK_ROWS) // batch)
    return batch * int(max(1, min(rows // batch, most_requests)))


def cut(changes: Iterable[Sequence[Change]], rows: int) -> Iterator[list[Change]]:
    """Portions of `rows` rows, removals apart from all others, whatever pieces the changes come in."""
    portion: list[Change] = []
    for change in (change for piece in changes for change in piece):
        turns = rows != WHOLE and portion and is_removal(portion[-1]) != is_removal(change)
        if turns or len(portion) == rows:
            yield portion
            portion = []
        portion.append(change)
    if portion:
        yield portion


def is_removal(change: Change) -> bool:
    """Removals leave before everything else: a match key may leave with one person and stay with another."""
    return change.operation is Operation.DELETE
