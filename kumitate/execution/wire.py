"""One account's wire: its requests leave as its budget allows, and it says how long it wants to be left alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from kumitate.errors import RetryableError
from kumitate.execution.budget import Budget, retry_after
from kumitate.execution.flight import Direct, Line
from kumitate.model.request import Request, Response
from kumitate.ports import Transport

SPENT = "the account's requests of the day are used up"


@dataclass(slots=True, kw_only=True)
class Wire:
    """For one thread; `connect` opens the transport when the first request leaves."""

    connect: Callable[[], Transport]
    clock: Callable[[], datetime]
    budget: Budget
    line: Line = field(default_factory=Direct)
    asked_to_wait: float = field(default=0.0, init=False)
    is_spent: bool = field(default=False, init=False)
    _transport: Transport | None = field(default=None, init=False)

    def await_slot(self) -> bool:
        """Wait for the account's next slot; False where nothing more leaves today."""
        self.is_spent = not self.budget.await_slot()
        return not self.is_spent

    def exchange(self, request: Request) -> Response:
        """A question and its answer, with nothing else on the way; RetryableError where there was none."""
        if not self.await_slot():
            raise RetryableError(SPENT, never_left=True)
        return self.heard(self.line.begin(lambda: self.send(request)).result())

    def heard(self, response: Response) -> Response:
        self.asked_to_wait = retry_after(response, self.clock())
        return response

    def send(self, request: Request) -> Response:
        """Send the request in the slot that was awaited; in the line's thread."""
        if self._transport is None:
            self._transport = self.connect()
        return self._transport.send(request)
