"""From a body as it came in to its events: unpacked within limits, and read one by one where it does not read whole."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kumitate.errors import RecordError
from kumitate.events.reasons import MAX_BATCH_EVENTS, MAX_BODY_BYTES, MAX_DEPTH, MAX_EVENT_BYTES, MAX_SHARED_BYTES

_GZIP = b"\x1f\x8b"
_SHARED = ("context", "integrations")
_TIMES = ("sentAt", "timestamp")
_PLAIN = ("", "identity", "gzip", "x-gzip")
_WITH_HEADER = 31
"""zlib's window bits for gzip."""
_LONG_NUMBER = re.compile(r"(?<![0-9])[0-9]{309}")
"""Digits beyond a double, or in a text: then numbers are looked at one by one."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)
"""A text that does not end goes on to the end: to look for it again from each quote in it would take forever."""
_BATCH = re.compile(r'"batch"\s*:\s*\[')

compact = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Unread:
    """An event that cannot be read, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Body:
    """What a call brought: its events, and the members that stand beside `batch`."""

    items: tuple[Any, ...] = field(repr=False)
    envelope: Mapping[str, Any] = field(default_factory=dict, repr=False)


def body_of(data: bytes, encoding: str, *, is_batch: bool) -> Body:
    """RecordError where nothing of it is of use; an event that cannot be read is an `Unread`."""
    text = _decoded(unpacked(data, encoding))
    try:
        content = loaded(text)
    except RecursionError:
        if not is_batch:
            raise RecordError("event.too_deep") from None
        return _in_pieces(text, is_batch=is_batch)
    except ValueError:
        return _in_pieces(text, is_batch=is_batch)
    return _body(content, is_batch=is_batch)


def unpacked(data: bytes, encoding: str) -> bytes:
    """By its first bytes: some SDKs pack and do not say so, some proxies unpack and do not say so either."""
    if data.startswith(_GZIP):
        data = _gunzipped(data)
    elif encoding.strip().lower() not in _PLAIN:
        raise RecordError("body.unknown_encoding")
    if len(data) > MAX_BODY_BYTES:
        raise RecordError("body.too_large")
    if not data.strip():
        raise RecordError("body.empty")
    return data


def _gunzipped(data: bytes) -> bytes:
    """Stops at the limit, so that a small body that unpacks to a huge one costs no more than that."""
    parts: list[bytes] = []
    left = MAX_BODY_BYTES + 1
    while data.startswith(_GZIP) and left > 0:
        member = zlib.decompressobj(_WITH_HEADER)
        try:
            parts.append(member.decompress(data, left))
        except zlib.error:
            raise RecordError("body.broken_gzip") from None
        left -= len(parts[-1])
        if not member.eof and left > 0:
            raise RecordError("body.broken_gzip")
        data = member.unused_data
    return b"".join(parts)


def _decoded(data: bytes) -> str:
    """Bytes that are no UTF-8 stay recognisable, so that they cost their own event only."""
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")


def loaded(text: str) -> Any:
    """ValueError for a number of more digits than any double has."""
    if _LONG_NUMBER.search(text):
        return json.loads(text, parse_int=_whole)
    return json.loads(text)


def _whole(digits: str) -> float | int:
    """Infinity is refused where the event is written."""
    return float(digits) if len(digits) > len("-") + 308 else int(digits)


def _body(content: Any, *, is_batch: bool) -> Body:
    if not is_batch:
        return Body((content,), content if isinstance(content, dict) else {})
    if isinstance(content, list):
        return _limited(content, {})
    if not isinstance(content, dict):
        raise RecordError("body.no_object")
    items = content.pop("batch", None)
    if not isinstance(items, list):
        raise RecordError("batch.missing", "batch")
    return _limited(items, content)


def _limited(items: list[Any], envelope: Mapping[str, Any]) -> Body:
    if len(items) > MAX_BATCH_EVENTS:
        raise RecordError("batch.too_many", "batch")
    return Body(tuple(items), envelope)


def _in_pieces(text: str, *, is_batch: bool) -> Body:
    """The events that can be read, of a batch that does not read whole: too deep, no JSON somewhere."""
    found = _BATCH.search(text) if is_batch else None
    if found is None:
        raise RecordError("body.not_json")
    pieces, end = _pieces(text, found.end())
    if end < 0:
        raise RecordError("body.not_json")
    if len(pieces) > MAX_BATCH_EVENTS:
        raise RecordError("batch.too_many", "batch")
    try:
        envelope = loaded(text[: found.end()] + text[end:])
    except (ValueError, RecursionError):
        raise RecordError("body.not_json") from None
    body = _body(envelope, is_batch=True)
    if body.items:  # what was gone through is another list of that name, inside something else
        raise RecordError("body.not_json")
    return Body(tuple(_read(piece) for piece in pieces), body.envelope)


def shared_of(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """What a batch says for all its events; RecordError where it is too much to be said of each."""
    shared = {name: envelope[name] for name in _SHARED if isinstance(envelope.get(name), dict)}
    if shared and len(written(shared).encode()) > MAX_SHARED_BYTES:
        raise RecordError("batch.context_too_large", "context")
    told = {name: envelope[name] for name in _TIMES if isinstance(envelope.get(name), str | int | float)}
    return shared | told


def _pieces(text: str, start: int) -> tuple[list[str], int]:
    """What stands between the commas of the list that begins at `start`, and where it ends; -1 where it does not."""
    pieces, depth, begin = [], 0, start
    for token in _TOKEN.finditer(text, start):
        mark = token.group()
        if mark in "[{":
            depth += 1
        elif mark in "]}" and depth:
            depth -= 1
        elif depth == 0 and mark in ",]":
            pieces.append(text[begin : token.start()])
            begin = token.end()
            if mark == "]":
                return ([] if pieces == [""] else pieces), token.start()
    return pieces, -1


def _read(piece: str) -> Any:
    try:
        return loaded(piece)
    except RecursionError:
        return Unread("event.too_deep")
    except ValueError:
        return Unread("event.not_json")


def written(item: Any) -> str:
    """An event as JSON that everybody can read; RecordError says why it is none."""
    if isinstance(item, Unread):
        raise RecordError(item.reason)
    if not isinstance(item, dict):
        raise RecordError("event.no_object")
    try:
        text = compact(item)
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise RecordError(_half(error)) from None
    except ValueError:
        raise RecordError("event.number") from None
    except RecursionError:
        raise RecordError("event.too_deep") from None
    if size > MAX_EVENT_BYTES:
        raise RecordError("event.too_large")
    if text.count("{") + text.count("[") > MAX_DEPTH and _depth(item) > MAX_DEPTH:
        raise RecordError("event.too_deep")
    return text


def _half(error: UnicodeEncodeError) -> str:
    """Bytes that were no UTF-8 stand as U+DC80 … U+DCFF."""
    is_byte = "\udc80" <= error.object[error.start] <= "\udcff"
    return "event.undecodable" if is_byte else "event.half_character"


def _depth(value: Any) -> int:
    """Level by level: recursion would meet its own limit."""
    depth, level = 0, [value]
    while level:
        depth += 1
        inner = [each for each in level if isinstance(each, dict | list)]
        level = [each for one in inner for each in (one.values() if isinstance(one, dict) else one)]
        if not inner:
            return depth - 1
    return depth
