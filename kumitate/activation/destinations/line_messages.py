"""LINE messages of a row: texts, or message objects as LINE's own JSON; up to five, checked before they leave."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from kumitate.activation.destinations.readable import readable
from kumitate.errors import RecordError

TEXTS = ("text", "text_2", "text_3", "text_4", "text_5")
FIELDS = frozenset({*TEXTS, "messages"})
MOST_MESSAGES = 5
MOST_CHARACTERS = 5_000
"""Of a text message, counted in UTF-16 code units as LINE counts them: `𠮷` and most emoji are two."""
_TYPES = frozenset(
    {"text", "textV2", "sticker", "image", "video", "audio", "location", "imagemap", "template", "flex", "coupon"}
)
_RETRY_KEYS = uuid.UUID("0d3c1d58-54b5-5d0a-8a35-1d1d5d1b8f10")

Message = Mapping[str, Any]


def messages_of(fields: Mapping[str, Any]) -> list[Message]:
    """1–5 message objects; RecordError says what is wrong with the row's own."""
    given = fields.get("messages")
    found = _objects(given) if given else _texts(fields)
    if not found:
        raise RecordError("field.missing", "text")
    if len(found) > MOST_MESSAGES:
        raise RecordError("messages.too_many", "messages")
    for message in found:
        _check(message)
    return found


def retry_key(*parts: str) -> str:
    """The X-Line-Retry-Key of what these parts name: the same each time it is sent again."""
    return str(uuid.uuid5(_RETRY_KEYS, "\x1f".join(parts)))


def _texts(fields: Mapping[str, Any]) -> list[Message]:
    texts = (readable(fields.get(name)) for name in TEXTS)
    return [{"type": "text", "text": text} for text in texts if text.strip()]


def _objects(given: Any) -> list[Message]:
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            raise RecordError("messages.not_json", "messages") from None
    found = given if isinstance(given, Sequence) else [given]
    if not all(isinstance(message, Mapping) for message in found):
        raise RecordError("messages.not_objects", "messages")
    return [dict(message) for message in found]


def _check(message: Message) -> None:
    if message.get("type") not in _TYPES:
        raise RecordError("message.type_unknown", "messages")
    if message["type"] in ("text", "textV2"):
        text = str(message.get("text") or "")
        if not text:
            raise RecordError("field.missing", "text")
        if len(text.encode("utf-16-le")) // 2 > MOST_CHARACTERS:
            raise RecordError("message.too_long", "text")
