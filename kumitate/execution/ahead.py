"""Portions made into requests while others are under way, so that nobody waits for the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from kumitate.activation.portions import is_removal
from kumitate.execution.departures import Items
from kumitate.model.request import Change, Outcome, Request


@dataclass(slots=True)
class Ahead:
    """Portions and the requests they become, one of them made ready before it is asked for."""

    portions: Iterator[Sequence[Change]]
    render: Callable[[Sequence[Change]], Iterable[Request | Outcome]]
    _portion: Sequence[Change] = ()
    _items: list[Request | Outcome] = field(default_factory=list)
    _rendering: Iterator[Request | Outcome] | None = None
    _is_ready: bool = False
    _last: Sequence[Change] = ()
    """The portion that was taken last."""

    def step(self) -> bool:
        """One request made ready, or a piece of a portion read; False where nothing is left to do."""
        if self._is_ready:
            return False
        if self._rendering is None:
            return self._begun()
        item = next(self._rendering, None)
        if item is None:
            self._is_ready, self._rendering = True, None
            return False
        self._items.append(item)
        return True

    def take(self) -> tuple[Sequence[Change], Items] | None:
        """The next portion and its requests; None after the last."""
        while self.step():
            pass
        if not self._is_ready:
            return None
        ready = self._portion, self._items
        self._last = self._portion
        self._portion, self._items, self._is_ready = (), [], False
        return ready

    def following(self) -> Items:
        """The requests of the next portion, where it is ready; all removals are over before anything else leaves."""
        if not self._is_ready or is_removal(self._portion[0]) != is_removal(self._last[0]):
            return ()
        return self._items

    def _begun(self) -> bool:
        portion = next(self.portions, None)
        if portion:
            self._portion, self._rendering = portion, iter(self.render(portion))
        return portion is not None
