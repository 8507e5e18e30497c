"""A sync's portions brought to its destination, whatever kind it is: by requests or conversations, with receipts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kumitate.activation.destinations.talk import Conversing, Reporting
from kumitate.execution.conversing import Sent, Talks
from kumitate.execution.portion import Notes, Way
from kumitate.execution.receipts import Receipts
from kumitate.model.request import Change, Outcome
from kumitate.ports import Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Bringing:
    """One sync's way with what it remembers; the same on a laptop and in a function."""

    way: Way
    memory: Memory
    sent: Sent
    is_whole: bool = False
    is_first: bool = True
    """Whether this worker takes up what earlier runs left: conversations, receipts that are due."""

    def bring(self, portions: Iterable[tuple[int, Sequence[Change]]], notes: Notes) -> Outcome | None:
        """Numbered portions, in order; returns the trouble that makes going on useless, if any."""
        way, destination = self.way, self.way.destination
        if isinstance(destination, Reporting):
            receipts = self._receipts(destination)
            way = replace(way, answered=receipts.taken)
            if self.is_first:
                receipts.ask()
        if not isinstance(destination, Conversing):
            return way.stream((changes for _, changes in portions), notes)
        talks = self._talks(way, destination)
        trouble = talks.earlier()
        for number, changes in portions if trouble is None else ():
            trouble = talks.bring(number, changes, notes) if changes else None
            if trouble is not None:
                break
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
            takes_up=self.is_first,
        )
