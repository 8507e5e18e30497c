"""Slack: one message per row to a channel, carrying the row's key so that it can be found again."""

from __future__ import annotations

import json
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
    UNREADABLE,
    for_all,
    json_of,
)
from kumitate.activation.destinations.base import Destination, Terms
from kumitate.activation.destinations.readable import readable
from kumitate.activation.destinations.slack_blocks import MAX_TEXT, blocks, escaped
from kumitate.errors import RecordError
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

EVENT_TYPE = "kumitate_row"
_HISTORY = 999
_CLOCKS_MAY_DIFFER = timedelta(minutes=10)
_PASSING = frozenset({"ratelimited", "rate_limited"})
_TOKEN = frozenset({"invalid_auth", "not_authed", "token_expired", "token_revoked", "account_inactive"})
_ACCOUNT = frozenset(
    {
        "accesslimited",
        "access_denied",
        "as_user_not_supported",
        "channel_not_found",
        "deprecated_endpoint",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "is_archived",
        "messages_tab_disabled",
        "method_deprecated",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_in_channel",
        "org_login_required",
        "posting_to_general_channel_denied",
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_read_only_channel",
        "restricted_action_thread_locked",
        "restricted_action_thread_only_channel",
        "team_access_not_granted",
        "team_added_to_org",
        "team_not_found",
        "two_factor_setup_required",
    }
)
"""Lies with app, channel or workspace (https://docs.slack.dev/reference/methods/chat.postMessage): rows wait."""
_LATER = {
    **dict.fromkeys(_PASSING, THROTTLED),
    **dict.fromkeys(_TOKEN, AUTH_REFUSED),
    **dict.fromkeys(_ACCOUNT, REQUEST_REFUSED),
}
_ROW_STATUSES = frozenset({400, 413, 422})
_MAY_HAVE_ARRIVED = frozenset({"internal_error", "service_unavailable", "fatal_error"})


class Slack(Destination):
    """`text` is the message; `title` becomes its header, `link` (https) a link to follow up, every other field a
    line of a table below.

    What exceeds Slack's sizes is cut with `…`: an alert that is too long is worth more than none.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"append"}),
        base_url="https://slack.com",
        idempotent=False,
        seconds_between_requests=1.0,
        needs=frozenset({"text"}),
        most_rows=1,
        erase_by_hand="Slack keeps messages: search the channel for the person and delete the messages that name them.",
    )

    channel: str = Field(min_length=1)
    """The channel's id (`C…`): names may change, and history is asked by id."""
    link_title: str = "Open"
    """What the field `link` is called in the message."""
    sync: str

    def requests(self, changes: Sequence[Change]) -> Iterable[Request | Outcome]:
        for change in changes:
            if not readable(change.fields.get("text")).strip():
                yield Outcome(change.key, Verdict.REJECTED, "field.missing", "text")
                continue
            try:
                yield self._message(change)
            except RecordError as error:
                yield Outcome(change.key, Verdict.REJECTED, error.reason, "link")

    def outcomes(self, request: Request, response: Response) -> tuple[Outcome, ...]:
        answer = json_of(response)
        said = answer if isinstance(answer, dict) else {}
        if said.get("ok"):
            return for_all(request, Verdict.ACCEPTED)
        error = said.get("error")
        if not isinstance(error, str) and response.status < 300:  # no answer of Slack's: the message may be there
            return for_all(request, Verdict.UNKNOWN, UNREADABLE)
        error = error if isinstance(error, str) else "unknown_error"
        verdict, reason = _refusal(error, response.status)
        return for_all(
            request, verdict, reason, message=error if response.status < 300 else f"{response.status} {error}"
        )

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
        text = escaped(change.fields["text"], MAX_TEXT)
        body = {
            "channel": self.channel,
            "text": text,
            "blocks": blocks(change.fields, text, link_title=self.link_title),
            "unfurl_links": False,
            "metadata": {"event_type": EVENT_TYPE, "event_payload": {"sync": self.sync, "key": change.key}},
        }
        headers = {"Content-Type": "application/json; charset=utf-8"}
        content = json.dumps(body, ensure_ascii=False).encode()
        return HttpRequest("POST", "/api/chat.postMessage", content, (change.key,), headers)


def _refusal(error: str, status: int) -> tuple[Verdict, str]:
    if error in _MAY_HAVE_ARRIVED:
        return Verdict.UNKNOWN, UNAVAILABLE
    if error in _LATER:
        return Verdict.RETRY, _LATER[error]
    if status >= 300 and status not in _ROW_STATUSES:
        return Verdict.RETRY, REQUEST_REFUSED
    return Verdict.REJECTED, f"vendor.{error}"
