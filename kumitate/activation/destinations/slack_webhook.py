"""Slack's incoming webhooks: one message per row to the channel that the address stands for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import ClassVar

from kumitate.activation.destinations.answers import REQUEST_REFUSED, UNREADABLE, for_all
from kumitate.activation.destinations.auth import SecretUrl
from kumitate.activation.destinations.base import Destination, Terms
from kumitate.activation.destinations.readable import readable
from kumitate.activation.destinations.slack_blocks import MAX_TEXT, blocks, escaped
from kumitate.errors import RecordError
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

_ROW_ERRORS = frozenset({"no_text", "invalid_payload", "invalid_blocks", "too_many_attachments"})


class SlackWebhook(Destination):
    """The same message as `slack`, sent to an incoming webhook: no app to install, and no history to ask.

    A row whose answer never came is held as `delivery.unknown`.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"append"}),
        auth=SecretUrl(),
        hosts=frozenset({"hooks.slack.com"}),
        idempotent=False,
        seconds_between_requests=1.0,
        needs=frozenset({"text"}),
        most_rows=1,
        erase_by_hand="Slack keeps messages: search the channel for the person and delete the messages that name them.",
    )

    link_title: str = "Open"
    """What the field `link` is called in the message."""
    channel: str = ""
    """Not used: the webhook's address stands for its channel. Taken because the account may have one."""

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
        words = response.body[:200].decode("utf-8", "replace").strip()
        if response.status < 300:
            taken = words == "ok"
            return for_all(request, Verdict.ACCEPTED if taken else Verdict.UNKNOWN, "" if taken else UNREADABLE)
        if words in _ROW_ERRORS:
            return for_all(request, Verdict.REJECTED, f"vendor.{words}", message=words)
        return for_all(request, Verdict.RETRY, REQUEST_REFUSED, message=words)

    def _message(self, change: Change) -> HttpRequest:
        text = escaped(change.fields["text"], MAX_TEXT)
        body = {"text": text, "blocks": blocks(change.fields, text, link_title=self.link_title), "unfurl_links": False}
        headers = {"Content-Type": "application/json; charset=utf-8", "Accept": "*/*"}
        return HttpRequest("POST", "/", json.dumps(body, ensure_ascii=False).encode(), (change.key,), headers)
