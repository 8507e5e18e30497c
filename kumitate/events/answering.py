"""What a collector answers: JSON that tells what became of each event, and headers by which SDKs wait."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kumitate.events.reasons import meaning_of, status_of
from kumitate.model.event import Answer

JSON = {"content-type": "application/json", "cache-control": "no-store"}
_GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")


@dataclass(frozen=True, slots=True)
class Rejected:
    """An event that was not taken: its place in the batch, and why."""

    index: int
    reason: str
    field: str = ""
    id: str = ""

    def told(self) -> dict[str, Any]:
        more = {"messageId": self.id, "field": self.field}
        named = {name: value for name, value in more.items() if value}
        return {"index": self.index, "reason": self.reason, "message": meaning_of(self.reason), **named}


def taken(accepted: int, rejected: Sequence[Rejected]) -> Answer:
    """200, whatever was rejected: an SDK would send the whole batch again."""
    told = {"success": True, "accepted": accepted, "rejected": [each.told() for each in rejected]}
    return Answer(200, _written(told), JSON)


def not_taken(only: Rejected) -> Answer:
    """A call that brought one event, which is of no use."""
    told = {"success": False, "reason": only.reason, "message": meaning_of(only.reason), "accepted": 0}
    return Answer(status_of(only.reason), _written({**told, "rejected": [only.told()]}), JSON)


def refused(reason: str, field: str = "") -> Answer:
    """A call that is of no use as a whole."""
    told = {"success": False, "reason": reason, "message": meaning_of(reason)}
    return Answer(status_of(reason), _written({**told, **({"field": field} if field else {})}), JSON)


def otherwise(methods: Sequence[str]) -> Answer:
    """The route is right, and takes these methods."""
    answer = refused("method.not_allowed")
    return Answer(answer.status, answer.body, {**JSON, "allow": ", ".join((*methods, "OPTIONS"))})


def later(reason: str, seconds: float) -> Answer:
    """Nothing is lost if the same body is sent again after that; both headers hold seconds from now."""
    wait = str(max(1, math.ceil(min(seconds, 3600.0))))
    answer = refused(reason)
    return Answer(answer.status, answer.body, {**JSON, "retry-after": wait, "x-ratelimit-reset": wait})


def document(content: Any) -> Answer:
    return Answer(200, _written(content), JSON)


def pixel() -> Answer:
    """One transparent point, for mails and pages that can load nothing but pictures."""
    return Answer(200, _GIF, {"content-type": "image/gif", "cache-control": "no-store"})


def _written(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()
