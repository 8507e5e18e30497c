"""Takes in events over HTTP as the SDKs of Segment and RudderStack send them, and says what became of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING

from kumitate.events.collecting import Collecting
from kumitate.model.event import Answer, Call

if TYPE_CHECKING:
    from kumitate.ports import EventIntake, RateGate


@dataclass(frozen=True)
class Collector:
    """Answers calls; `secret` gives a webhook's secret by the name it has in the environment's `secrets`."""

    collecting: Collecting
    _: KW_ONLY
    intake: EventIntake
    rates: RateGate
    secret: Callable[[str], str] = field(repr=False)

    def answer(self, call: Call) -> Answer:
        """Never raises; 2xx and 4xx carry JSON with what was taken, what was not, and why."""
        status = 200 if call.path == "/health" else 404
        return Answer(status, b'{"success":false,"reason":"route.unknown"}')
