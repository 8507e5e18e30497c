"""Slack's blocks: a header, the text, a table of the other fields, and a link to follow up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kumitate.activation.destinations.readable import readable
from kumitate.errors import RecordError

MAX_TEXT = 3_000
_MAX_HEADER = 150
_MAX_FIELDS = 10
_MAX_FIELD = 1_800
_MAX_LINK = 2_000
_HALF_ENTITY = re.compile(r"&[a-z]*$")
_OWN = frozenset({"text", "title", "link"})
_LINK = re.compile(r"https://[^\s<>|]+")


def blocks(fields: Mapping[str, Any], text: str, *, link_title: str) -> list[dict[str, Any]]:
    """The blocks of a message whose `text` is escaped already; what exceeds Slack's sizes is cut with `…`.

    RecordError where `link` is none that Slack shows: half a link would lead nowhere, in silence.
    """
    found: list[dict[str, Any]] = []
    title = readable(fields.get("title"))
    if title.strip():
        found.append({"type": "header", "text": {"type": "plain_text", "text": cut(title, _MAX_HEADER)}})
    found.append({"type": "section", "text": {"type": "mrkdwn", "text": text}})
    rows = [(name, value) for name, value in fields.items() if name not in _OWN and value is not None]
    if rows:
        found.append({"type": "section", "fields": [_field(name, value) for name, value in rows[:_MAX_FIELDS]]})
    if fields.get("link"):
        link = _link(str(fields["link"]), link_title)
        found.append({"type": "section", "text": {"type": "mrkdwn", "text": link}})
    return found


def escaped(value: Any, longest: int) -> str:
    """Slack's three control signs as entities, so that no one's name becomes a link or a mention."""
    safe = readable(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return safe if len(safe) <= longest else _HALF_ENTITY.sub("", safe[: longest - 1]) + "…"


def cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _field(name: str, value: Any) -> dict[str, str]:
    return {"type": "mrkdwn", "text": f"*{escaped(name, 100)}*\n{escaped(value, _MAX_FIELD)}"}


def _link(url: str, title: str) -> str:
    """A link in text: a button would want an app that answers when it is pressed."""
    if not _LINK.fullmatch(url) or len(url) > _MAX_LINK:
        raise RecordError("link.invalid")
    return f"<{url.replace('&', '&amp;')}|{escaped(title, 100)}>"
