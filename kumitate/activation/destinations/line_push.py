"""LINE push: one request a person with one to five messages, never twice while LINE remembers the request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from kumitate.activation.destinations.base import Destination, Terms
from kumitate.activation.destinations.line_answers import LINE_USER, row_refusal
from kumitate.activation.destinations.line_messages import FIELDS, messages_of, retry_key
from kumitate.activation.matchkeys import LINE_V2, match_keys
from kumitate.errors import RecordError
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

REMEMBERED_SECONDS = 24 * 3_600.0
"""https://developers.line.biz/en/docs/messaging-api/retrying-api-request/"""


class LinePush(Destination):
    """`line_user_id` is who gets it; `text` (and `text_2` … `text_5`) are text messages, or `messages` are LINE
    message objects as JSON (a flex message, an image, buttons).

    A text of more than 5,000 characters is refused rather than cut. Every message counts against the month's
    quota of the LINE Official Account; when it is used up the rest waits.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"append"}),
        base_url="https://api.line.me",
        idempotent=False,
        repeatable_seconds=REMEMBERED_SECONDS,
        seconds_between_requests=0.001,
        needs=frozenset({"line_user_id"}),
        accepts=FIELDS | {"line_user_id"},
        most_rows=1,
        erase_by_hand="LINE holds no list of whom this destination wrote to; messages stay in the person's own chat, "
        "and the account's side of it is deleted in LINE Official Account Manager (Chats).",
    )

    defaults: ClassVar[Mapping[str, tuple[str, ...]]] = {"line_user_id": LINE_USER}

    notification_disabled: bool = False
    """The person gets the message without being notified."""
    aggregation_unit: str | None = Field(None, pattern=r"^[A-Za-z0-9_]{1,30}$")
    """LINE's statistics are kept by this name (accounts that LINE has allowed it)."""
    sync: str

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        for change in changes:
            try:
                yield self._message(change)
            except RecordError as error:
                yield Outcome(change.key, Verdict.REJECTED, error.reason, error.field)

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        (key,) = request.keys
        if response.status < 300:
            return (Outcome(key, Verdict.ACCEPTED),)
        if response.status == 409:
            return (Outcome(key, Verdict.ACCEPTED, "accepted.before"),)
        return (row_refusal(key, response),)

    def _message(self, change: Change) -> HttpRequest:
        keys = match_keys(LINE_V2, change.fields, country="JP")
        if "line_user_id" not in keys.values:
            raise RecordError(keys.dropped.get("line_user_id", "field.missing"), "line_user_id")
        body: dict[str, Any] = {"to": keys.values["line_user_id"], "messages": messages_of(change.fields)}
        if self.notification_disabled:
            body["notificationDisabled"] = True
        if self.aggregation_unit is not None:
            body["customAggregationUnits"] = [self.aggregation_unit]
        headers = {"Content-Type": "application/json", "X-Line-Retry-Key": retry_key(self.sync, change.key)}
        content = json.dumps(body, ensure_ascii=False).encode()
        return HttpRequest("POST", "/v2/bot/message/push", content, (change.key,), headers)
