"""Slack: one message per row to a channel, carrying the row's key so that it can be found again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from pydantic import Field

from kumitate.activation.destinations.answers import (
    AUTH_REFUSED,
    REQUEST_REFUSED,
    THROTTLED,
    UNAVAILABLE,
    for_all,
    json_of,
)
from kumitate.activation.destinations.base import Destination, Terms
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

EVENT_TYPE = "kumitate_row"
_MAX_TEXT = 3_000
_MAX_HEADER = 150
_MAX_FIELDS = 10
_MAX_FIELD = 1_800
_HISTORY = 999
_HALF_ENTITY = re.compile(r"&[a-z]*$")
_CLOCKS_MAY_DIFFER = timedelta(minutes=10)
_LATER = {
    "ratelimited": THROTTLED,
    "rate_limited": THROTTLED,
    "internal_error": UNAVAILABLE,
    "service_unavailable": UNAVAILABLE,
    "invalid_auth": AUTH_REFUSED,
    "not_authed": AUTH_REFUSED,
    "token_expired": AUTH_REFUSED,
    "token_revoked": AUTH_REFUSED,
    "account_inactive": AUTH_REFUSED,
    "channel_not_found": REQUEST_REFUSED,
    "not_in_channel": REQUEST_REFUSED,
    "is_archived": REQUEST_REFUSED,
    "missing_scope": REQUEST_REFUSED,
}
_MAY_HAVE_ARRIVED = frozenset({"internal_error", "service_unavailable", "fatal_error"})


class Slack(Destination):
    """`text` is the message; `title` becomes its header, every other field a line of a table below.

    What exceeds Slack's sizes is cut with `…`: an alert that is too long is worth more than none.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"append"}),
        base_url="https://slack.com",
        idempotent=False,
        seconds_between_requests=1.0,
        needs=frozenset({"text"}),
        most_rows=1,
    )

    channel: str = Field(min_length=1)
    """The channel's id (`C…`): names may change, and history is asked by id."""
    sync: str

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        for change in changes:
            if change.fields.get("text"):
                yield self._message(change)
            else:
                yield Outcome(change.key, Verdict.REJECTED, "field.missing", "text")

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        answer = json_of(response)
        if answer.get("ok"):
            return for_all(request, Verdict.ACCEPTED)
        error = str(answer.get("error", "unknown_error"))
        if error in _MAY_HAVE_ARRIVED:
            return for_all(request, Verdict.UNKNOWN, UNAVAILABLE, message=error)
        if error in _LATER:
            return for_all(request, Verdict.RETRY, _LATER[error], message=error)
        return for_all(request, Verdict.REJECTED, f"vendor.{error}", message=error)

    def inquiries(self, changes: Sequence[Change], since: datetime) -> Iterable[Request]:
        oldest = (since - _CLOCKS_MAY_DIFFER).timestamp()
        query = urlencode(
            {
                "channel": self.channel,
                "include_all_metadata": "true",
                "limit": _HISTORY,
                "oldest": f"{oldest:.6f}",
            }
        )
        yield HttpRequest("GET", f"/api/conversations.history?{query}", b"", tuple(change.key for change in changes))

    def recollections(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        answer = json_of(response)
        if response.status >= 300 or not answer.get("ok"):
            return for_all(request, Verdict.UNKNOWN, UNAVAILABLE, message=str(answer.get("error", "")))
        there = {self._key_of(message) for message in answer.get("messages", [])}
        absent = Verdict.UNKNOWN if answer.get("has_more") else Verdict.RETRY
        return tuple(
            Outcome(key, Verdict.ACCEPTED, "found.in_history") if key in there else Outcome(key, absent, UNAVAILABLE)
            for key in request.keys
        )

    def _key_of(self, message: Mapping[str, Any]) -> str:
        metadata = message.get("metadata", {})
        payload = metadata.get("event_payload", {})
        ours = metadata.get("event_type") == EVENT_TYPE and payload.get("sync") == self.sync
        return str(payload.get("key", "")) if ours else ""

    def _message(self, change: Change) -> HttpRequest:
        text = _escaped(change.fields["text"], _MAX_TEXT)
        body = {
            "channel": self.channel,
            "text": text,
            "blocks": _blocks(change.fields, text),
            "unfurl_links": False,
            "metadata": {"event_type": EVENT_TYPE, "event_payload": {"sync": self.sync, "key": change.key}},
        }
        headers = {"Content-Type": "application/json; charset=utf-8"}
        content = json.dumps(body, ensure_ascii=False).encode()
        return HttpRequest("POST", "/api/chat.postMessage", content, (change.key,), headers)


def _blocks(fields: Mapping[str, Any], text: str) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if fields.get("title"):
        header = _cut(str(fields["title"]), _MAX_HEADER)
        blocks.append({"type": "header", "text": {"type": "plain_text", "text": header}})
    blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": text}})
    rows = [(name, value) for name, value in fields.items() if name not in ("text", "title") and value is not None]
    if rows:
        blocks.append({"type": "section", "fields": [_field(name, value) for name, value in rows[:_MAX_FIELDS]]})
    return blocks


def _field(name: str, value: Any) -> dict[str, str]:
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return {"type": "mrkdwn", "text": f"*{_escaped(name, 100)}*\n{_escaped(shown, _MAX_FIELD)}"}


def _escaped(value: Any, longest: int) -> str:
    """Slack's three control signs as entities, so that no one's name becomes a link or a mention."""
    safe = str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return safe if len(safe) <= longest else _HALF_ENTITY.sub("", safe[: longest - 1]) + "…"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
