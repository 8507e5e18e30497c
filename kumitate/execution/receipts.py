"""Receipts of requests that a platform reports on later: noted when it takes them, asked for in later deliveries."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from kumitate.activation.destinations.answers import common_outcomes
from kumitate.activation.destinations.talk import Reporting
from kumitate.errors import FatalError, RecordError, RetryableError
from kumitate.execution.figures import note_figures
from kumitate.execution.sending import Sender
from kumitate.model.request import Request, Response
from kumitate.ports import Memory

_RECEIPT = "receipt."
_FIRST_WAIT = timedelta(minutes=30)
"""Google has no answer earlier, and asks not to be asked before."""
_LONGEST_WAIT = timedelta(hours=24)
_KEPT = timedelta(days=7)
_AT_ONCE = 20
"""Receipts asked for in one delivery: reports must not hold up rows."""
UNREPORTED = "unreported"
"""The figure of a receipt that the platform never told anything of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipts:
    """One sync's receipts: in the memory as `receipt.<digest>`, with the time they are asked for next."""

    sender: Sender
    destination: Reporting
    memory: Memory
    sync: str
    run_id: str
    may_go_on: Callable[[], None]

    def taken(self, request: Request, response: Response) -> None:
        """Note what to ask by later; before the rows are settled, so that no kill loses it."""
        receipt = self.destination.receipt(request, response)
        if receipt:
            now = self.sender.clock()
            note = {"receipt": receipt, "at": now.isoformat(), "next": (now + _FIRST_WAIT).isoformat(), "asked": 0}
            self.memory.remember(self.sync, f"{_RECEIPT}{_digest(receipt)}", note)

    def ask(self) -> None:
        """Ask for the reports that are due, as far as the account lets us."""
        now = self.sender.clock()
        due = [
            (name, note)
            for name, note in self.memory.recall(self.sync).items()
            if name.startswith(_RECEIPT) and datetime.fromisoformat(note["next"]) <= now
        ]
        for name, note in sorted(due, key=lambda pair: pair[1]["next"])[:_AT_ONCE]:
            self.may_go_on()
            try:
                figures = self._reported(note["receipt"])
            except (RetryableError, FatalError):
                return  # the account is in trouble: the rows will tell
            self._told(name, note, figures)

    def _reported(self, receipt: str) -> Mapping[str, float] | None:
        """None where the platform is still at work, refuses the question, or says nothing that can be understood."""
        request = self.destination.inquiry(receipt)
        response = self.sender.wire.exchange(request)
        is_told = common_outcomes(replace(request, keys=("",)), response, idempotent=True) is None
        if not is_told or response.status >= 400:
            return None
        try:
            return self.destination.report(receipt, response)
        except (RecordError, LookupError, TypeError, ValueError, AttributeError):
            return None

    def _told(self, name: str, note: Mapping[str, Any], figures: Mapping[str, float] | None) -> None:
        now = self.sender.clock()
        if figures is None and now - datetime.fromisoformat(note["at"]) > _KEPT:
            figures = {UNREPORTED: 1.0}
        if figures is None:
            wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(10, int(note["asked"])))
            later = {**note, "next": (now + wait).isoformat(), "asked": int(note["asked"]) + 1}
            self.memory.remember(self.sync, name, later)
            return
        told = figures or {UNREPORTED: 1.0}
        note_figures(self.memory, self.sync, note["receipt"], run_id=self.run_id, at=now.isoformat(), figures=told)
        self.memory.remember(self.sync, name, None)


def _digest(receipt: str) -> str:
    return hashlib.sha256(receipt.encode()).hexdigest()[:16]
