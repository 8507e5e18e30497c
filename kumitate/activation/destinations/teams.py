"""Microsoft Teams: one card per row, posted to a Workflows webhook."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from kumitate.activation.destinations.answers import (
    REQUEST_REFUSED,
    UNCONFIRMED,
    for_all,
    json_of,
)
from kumitate.activation.destinations.auth import SecretUrl
from kumitate.activation.destinations.base import Destination, Terms
from kumitate.activation.destinations.readable import readable
from kumitate.errors import RecordError
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response, Verdict

MOST_BYTES = 28_000
"""Teams cuts a flow's message at 28 KB (Microsoft's limits of Teams messages)."""
_MAX_TITLE = 200
_MAX_FACTS = 10
_MAX_FACT = 300
_SHORT_TEXT = 500
_MAX_LINK = 2_000
_OWN = frozenset({"text", "title", "link"})
_LINK = re.compile(r"https://[^\s<>\"]+")
_MARKDOWN = re.compile(r"([\\*_\[\]`~])")
_FLOW = frozenset({"workflowtriggerisnotenabled", "workflownotfound", "workflowsuspended"})
"""Codes of a 400 that lie with the flow, not with the card."""


class Teams(Destination):
    """`text` is the message; `title` becomes its heading, `link` (https) a button, every other field a fact below.

    The flow answers 202: it has the card, and whether it posted it, it does not say. What exceeds Teams' 28 KB
    is cut with `…`. The secret is the flow's whole address; only addresses of Power Automate are posted to.
    """

    terms: ClassVar[Terms] = Terms(
        modes=frozenset({"append"}),
        auth=SecretUrl(),
        hosts=frozenset({".logic.azure.com", ".environment.api.powerplatform.com"}),
        idempotent=False,
        seconds_between_requests=1.0,
        needs=frozenset({"text"}),
        most_rows=1,
        erase_by_hand="Teams keeps messages: search the channel for the person and delete the messages that name "
        "them; the flow's run history (28 days) holds the cards as well, delete its runs.",
    )

    link_title: str = "Open"
    """What the button of the field `link` says."""

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
        if response.status < 300:
            return for_all(request, Verdict.ACCEPTED, UNCONFIRMED)
        error = _error(response)
        code = str(error.get("code", "")).lower()
        words = f"{response.status} {error.get('code', '')}: {error.get('message', '')}"
        if response.status in (400, 413) and code not in _FLOW:
            return for_all(request, Verdict.REJECTED, f"vendor.{code or response.status}", message=words)
        return for_all(request, Verdict.RETRY, REQUEST_REFUSED, message=words)

    def _message(self, change: Change) -> HttpRequest:
        text, fact = len(readable(change.fields["text"])), _MAX_FACT
        content = self._content(change.fields, text, fact)
        while len(content) > MOST_BYTES:  # the text gives way first, then the facts as well
            fact = fact if text > _SHORT_TEXT else max(1, fact * 3 // 4)
            text = max(1, text * 3 // 4)
            content = self._content(change.fields, text, fact)
        headers = {"Content-Type": "application/json; charset=utf-8", "Accept": "*/*"}
        return HttpRequest("POST", "/", content, (change.key,), headers)

    def _content(self, fields: Mapping[str, Any], text: int, fact: int) -> bytes:
        attachment = {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": self._card(fields, text, fact),
        }
        return json.dumps({"type": "message", "attachments": [attachment]}, ensure_ascii=False).encode()

    def _card(self, fields: Mapping[str, Any], text: int, fact: int) -> dict[str, Any]:
        """The card with at most so many signs of text and of each fact."""
        body: list[dict[str, Any]] = []
        if readable(fields.get("title")).strip():
            title = _plain(fields["title"], _MAX_TITLE)
            body.append({"type": "TextBlock", "text": title, "weight": "Bolder", "size": "Medium", "wrap": True})
        body.append({"type": "TextBlock", "text": _plain(fields["text"], text), "wrap": True})
        facts = [(name, value) for name, value in fields.items() if name not in _OWN and value is not None]
        if facts:
            body.append({"type": "FactSet", "facts": [_fact(name, value, fact) for name, value in facts[:_MAX_FACTS]]})
        card: dict[str, Any] = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": body,
        }
        if fields.get("link"):
            card["actions"] = [
                {"type": "Action.OpenUrl", "title": _cut(self.link_title, 100), "url": _link(str(fields["link"]))}
            ]
        return card


def _fact(name: str, value: Any, longest: int) -> dict[str, str]:
    return {"title": _plain(name, 100), "value": _plain(value, longest)}


def _plain(value: Any, longest: int) -> str:
    """Text that stays text: a card reads Markdown, and a name must not become a link."""
    return _MARKDOWN.sub(r"\\\1", _cut(readable(value), longest))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: max(0, longest - 1)] + "…"


def _link(url: str) -> str:
    if not _LINK.fullmatch(url) or len(url) > _MAX_LINK:
        raise RecordError("link.invalid")
    return url


def _error(response: Response) -> Mapping[str, Any]:
    try:
        error = json_of(response).get("error", {})
    except (RecordError, AttributeError):
        return {}
    return error if isinstance(error, dict) else {}
