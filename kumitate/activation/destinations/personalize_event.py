"""Amazon Personalize: what people did, one event per row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from pydantic import Field

from kumitate.activation.destinations.aws_messages import one_by_one, text
from kumitate.activation.destinations.base import Destination, Terms
from kumitate.activation.destinations.personalize import BY_HAND, taken_or_refused
from kumitate.errors import RecordError
from kumitate.model.request import AwsCall, Change, Outcome, Request, Response

_MAX_ID = 256
_MAX_PROPERTIES = 1_024
_OWN = frozenset({"user_id", "event_type", "at", "item_id", "session_id", "value"})


class PersonalizeEvent(Destination):
    """`user_id` did `event_type` at `at`, to `item_id`; `value` is a number, every other field a property.

    `session_id` ties events together; without it a user's events are one session.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"append"}),
        is_aws=True,
        idempotent=False,
        seconds_between_requests=0.01,
        needs=frozenset({"user_id", "event_type", "at"}),
        most_rows=1,
        erase_by_hand=BY_HAND,
    )

    tracking_id: str = Field(min_length=1, max_length=256)
    """Of the event tracker."""
    dataset_arn: str | None = None
    """Of the Users dataset, for syncs of users."""
    sync: str

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        return one_by_one(changes, self._call)

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        return taken_or_refused(request, response)

    def _call(self, change: Change) -> AwsCall:
        fields = change.fields
        user = text(fields, "user_id", longest=_MAX_ID)
        event: dict[str, Any] = {
            "eventId": hashlib.sha256(f"{self.sync}\n{change.key}".encode()).hexdigest(),
            "eventType": text(fields, "event_type", longest=_MAX_ID),
            "sentAt": _moment(text(fields, "at", longest=_MAX_ID)),
        }
        if fields.get("item_id") is not None:
            event["itemId"] = text(fields, "item_id", longest=_MAX_ID)
        if fields.get("value") is not None:
            event["eventValue"] = _number(fields["value"])
        properties = _properties(fields)
        if properties:
            event["properties"] = properties
        session = user if fields.get("session_id") is None else text(fields, "session_id", longest=_MAX_ID)
        parameters = {"trackingId": self.tracking_id, "userId": user, "sessionId": session, "eventList": [event]}
        return AwsCall("personalize-events", "put_events", parameters, (change.key,))


def _properties(fields: Mapping[str, Any]) -> str:
    found = {name: value for name, value in fields.items() if name not in _OWN and value is not None}
    written = json.dumps(found, ensure_ascii=False) if found else ""
    if len(written) > _MAX_PROPERTIES:
        raise RecordError("object.too_large", f"more than {_MAX_PROPERTIES} characters of properties")
    return written


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise RecordError("value.invalid", "value: a number is wanted") from None


def _moment(given: str) -> str:
    try:
        datetime.fromisoformat(given)
    except ValueError:
        raise RecordError("time.invalid", "at") from None
    return given
