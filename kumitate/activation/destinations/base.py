"""What every destination is: frozen settings that turn changes into requests and answers into outcomes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from kumitate.activation.destinations.terms import Terms
from kumitate.model.request import Change, Operation, Outcome, Request, Response
from kumitate.model.section import Section

if TYPE_CHECKING:  # a delivery function needs no shape of a project's files
    from kumitate.config.sync import NullPolicy

__all__ = ["Destination", "Terms", "batches", "packed", "split"]


class Destination(Section):
    """One sync's end: the settings of account and sync, validated, and what they make of changes."""

    terms: ClassVar[Terms]
    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Templates of the usual fields, by the destination's names, for syncs with `default_fields: true`: the first
    whose attributes the project has (`usual_fields.py`)."""
    missing: ClassVar[NullPolicy] = "keep"
    """What a missing value does where the sync's `nulls` do not say: a message has nothing to keep, so it is told."""
    caution: ClassVar[str] = ""
    """What `kumitate check` says of every account of this kind, though nothing is wrong with it."""

    @abstractmethod
    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        """Requests of at most the vendor's size, removals first; an Outcome for a row that cannot be sent.

        A key may be in several requests: it is accepted when all of them are.
        """

    @abstractmethod
    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        """One outcome per key of `request`."""


def batches(changes: Sequence[Change], size: int) -> Iterator[Sequence[Change]]:
    """`changes` in runs of at most `size`."""
    for start in range(0, len(changes), size):
        yield changes[start : start + size]


def packed(
    changes: Sequence[Change], *, most: int, most_bytes: int, size: Callable[[Change], int]
) -> Iterator[Sequence[Change]]:
    """`changes` in runs of at most `most` rows and `most_bytes` of `size`; one row too large stands alone."""
    start, held = 0, 0
    for place, change in enumerate(changes):
        own = size(change)
        if place > start and (place - start == most or held + own > most_bytes):
            yield changes[start:place]
            start, held = place, 0
        held += own
    if start < len(changes):
        yield changes[start:]


def split(changes: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """Removals, and all the others that say something new."""
    removals = [change for change in changes if change.operation is Operation.DELETE]
    others = changes if not removals else (change for change in changes if change.operation is not Operation.DELETE)
    return removals, list(others)
