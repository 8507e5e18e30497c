"""A sync's portions brought to its destination, whatever kind it is: by requests or conversations, with receipts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from kumitate.activation.destinations.talk import Conversing, Reporting
from kumitate.activation.portions import ROWS_AT_ONCE, cut, request_rows
from kumitate.execution.conversing import Sent, Talks
from kumitate.execution.portion import Notes, Way
from kumitate.execution.receipts import Receipts
from kumitate.execution.suspects import held_back, note_suspects, suspects
from kumitate.model.request import Change, Outcome
from kumitate.ports import Memory

_PIECES_A_PORTION = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Bringing:
    """One sync's way with what it remembers; the same on a laptop and in a function."""

    way: Way
    memory: Memory
    sent: Sent
    is_whole: bool = False
    number: int = 1
    """Of the page that this worker brings; the first takes up what earlier runs left: conversations, due receipts."""

    def bring(self, portions: Iterable[tuple[int, Sequence[Change]]], notes: Notes) -> Outcome | None:
        """Numbered portions, in order; returns the trouble that makes going on useless, if any."""
        way, destination = self.way, self.way.destination
        if isinstance(destination, Reporting):
            receipts = self._receipts(destination)
            way = replace(way, answered=receipts.taken)
            if self.number == 1:
                receipts.ask()
        if not isinstance(destination, Conversing):
            return self._streamed(way, (changes for _, changes in portions), notes)
        talks = self._talks(way, destination)
        trouble = talks.earlier()
        opening = _Opening(talks, _Reading(iter(portions)), notes)
        while trouble is None and not opening.is_over:
            trouble = way.stream(opening.plain(), notes)
            if trouble is None and opening.conversation is not None:
                trouble = opening.conversation()
        return trouble

    def close(self, portions: Iterable[tuple[int, Sequence[Change]]], notes: Notes, left: Outcome) -> Outcome | None:
        """Portions of a run that was interrupted: what left of them is found out, and nothing else leaves.

        Conversations under way stay noted; the next run takes them up.
        """
        destination = self.way.destination
        for _, changes in portions:
            if isinstance(destination, Conversing):
                self._talks(self.way, destination).settle_told(changes, notes)
            trouble = self.way.close(changes, notes, left)
            if trouble is not None:
                return trouble
        return None

    def _streamed(self, way: Way, portions: Iterable[Sequence[Change]], notes: Notes) -> Outcome | None:
        before = suspects(self.memory, way.page.sync)
        trouble = way.stream(held_back(portions, before) if before else portions, notes)
        if before or way.page.spoilt:
            note_suspects(self.memory, way.page, self.number, before=before)
        return trouble

    def _receipts(self, destination: Reporting) -> Receipts:
        page = self.way.page
        return Receipts(
            sender=self.way.sender,
            destination=destination,
            memory=self.memory,
            sync=page.sync,
            run_id=page.run_id,
            may_go_on=page.may_go_on,
        )

    def _talks(self, way: Way, destination: Conversing) -> Talks:
        return Talks(
            way=way,
            talker=destination,
            memory=self.memory,
            sent=self.sent,
            is_whole=self.is_whole,
            takes_up=self.number == 1,
        )


Portion = tuple[int, Sequence[Change]]


@dataclass(slots=True)
class _Reading:
    """Portions read one ahead, piece by piece, whenever whoever sends one has the time."""

    portions: Iterator[Portion]
    _kept: Portion | None = None

    def next(self) -> Portion | None:
        portion, self._kept = self._kept, None
        return portion

    def ahead(self) -> Iterator[Sequence[Change]]:
        """An empty portion per piece that was read, until the next portion is there."""
        while self._kept is None:
            portion = next(self.portions, None)
            if portion is None:
                return
            if portion[1]:
                self._kept = portion
            yield []


@dataclass(slots=True)
class _Opening:
    """Portions as they come to plain requests, one after the other without a break, and to conversations between."""

    talks: Talks
    reading: _Reading
    notes: Notes
    conversation: Callable[[], Outcome | None] | None = None
    """What comes when the plain requests have ended."""
    is_over: bool = False

    def plain(self) -> Iterator[Sequence[Change]]:
        """Rows of plain requests, up to the next conversation; empty ones are pieces that were read meanwhile."""
        self.conversation = None
        rows = request_rows(self.talks.way.destination.terms, ROWS_AT_ONCE)
        while True:
            yield from self.reading.ahead()
            portion = self.reading.next()
            if portion is None:
                self.is_over = True
                return
            opened = self.talks.opened(*portion, self.notes)
            if opened.conversation is not None:
                self.conversation = opened.conversation
                return
            for each in cut([opened.plain], rows):
                yield each
                yield from islice(self.reading.ahead(), _PIECES_A_PORTION)  # spread over all of them
