"""Requests one behind the other: the next leaves by itself as soon as the one before has landed well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kumitate.errors import FatalError, RetryableError
from kumitate.execution.flight import Landing
from kumitate.execution.hearing import worse
from kumitate.execution.wire import Wire
from kumitate.model.request import Outcome, Request, Response

Items = Sequence[Request | Outcome]

_STAYS = "the request before it did not land well, or nothing more may leave"


class Meanwhile(Protocol):
    """What there is to do as long as a request is under way."""

    def step(self) -> bool:
        """Do a little of it; False where there is none left."""
        ...

    def following(self) -> Items:
        """What leaves next, where it is ready and may leave before all of this round is over."""
        ...


class Idle:
    """There is nothing to do meanwhile."""

    def step(self) -> bool:
        return False

    def following(self) -> Items:
        return ()


@dataclass(slots=True)
class Round:
    """What is known so far of the rows that are sent together."""

    requests_left: Counter[str]
    """By key: how many of its requests have no answer yet."""
    verdicts: dict[str, Outcome] = field(default_factory=dict)

    @classmethod
    def of(cls, items: Items) -> Round:
        return cls(Counter(key for item in items if not isinstance(item, Outcome) for key in item.keys))

    def found(self, outcomes: Iterable[Outcome]) -> None:
        """Of two outcomes of one row the graver one holds."""
        verdicts = self.verdicts
        for outcome in outcomes:
            before = verdicts.get(outcome.key)
            verdicts[outcome.key] = outcome if before is None else worse(outcome, before)

    def over(self, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """What holds of these rows, without those that another request is to come for."""
        verdicts, left = self.verdicts, self.requests_left
        return [verdicts[outcome.key] for outcome in outcomes if left[outcome.key] <= 0]


@dataclass(slots=True, eq=False)
class Flight:
    """A request that was given to the line; one behind another may turn out to have stayed on the ground."""

    request: Request
    round: Round
    landing: Landing = field(init=False)
    has_left: bool = False
    _answer: Response | None = None
    _landed: Response | Exception | None = None

    def landed(self) -> Response | Exception:
        """The answer, when it is there, or the error there was instead."""
        if self._landed is None:
            try:
                self._landed = self.landing.result()
            except (RetryableError, FatalError) as error:
                self._landed = error
        return self._landed

    def leave(self, wire: Wire) -> None:
        self.landing = wire.line.begin(lambda: self._sent(wire))

    def follow(self, before: Flight, wire: Wire, may_leave: Callable[[Response], bool]) -> None:
        """Leave when `before` has landed, where its answer lets it; asked in the line's own thread.

        So nothing stands between two requests but what must: whoever makes the next ones ready may be busy.
        """

        def in_turn() -> Response:
            if before._answer is None or not may_leave(before._answer):
                raise RetryableError(_STAYS, never_left=True)
            return self._sent(wire)

        self.landing = wire.line.begin(in_turn)

    def _sent(self, wire: Wire) -> Response:
        self.has_left = True
        self._answer = wire.send(self.request)
        return self._answer
