"""Who calls: the write key as SDKs send it, when it holds, and from which pages it may come."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

from kumitate.errors import RecordError
from kumitate.events.collecting import Intake, Key
from kumitate.model.event import Call

_ORIGIN = re.compile(r"null|[a-z][a-z0-9+.-]{1,30}://[\x21-\x7e]{1,260}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose key it is, and which source it writes to."""

    source: str
    key: Key


class Keyring:
    """All write keys of a project: public ones by value, secret ones by digest."""

    def __init__(self, intakes: Iterable[Intake]) -> None:
        self._public: dict[str, Sender] = {}
        self._digests: dict[str, Sender] = {}
        for intake in intakes:
            for key in intake.keys:
                held, name = (self._public, key.value) if key.value else (self._digests, key.sha256)
                held[name] = Sender(intake.source, key)
        everyone = [sender.key for held in (self._public, self._digests) for sender in held.values()]
        self._patterns = tuple({_pattern(origin) for key in everyone for origin in key.origins})
        self._is_open = any(key.value and not key.origins for key in everyone)

    def sender(self, call: Call, body: Mapping[str, Any], name: str = "") -> Sender:
        """Of the first key that is ours; RecordError where none is, or it does not hold now, or not from there."""
        given = [key for key in (name, *_given(call, body)) if key]
        sender = next((found for key in given if (found := self._found(key))), None)
        if sender is None:
            raise RecordError("write_key.unknown" if given else "write_key.missing")
        _hold(sender.key, call.at)
        origin = call.headers.get("origin", "")
        if origin and sender.key.origins and not any(_pattern(each).fullmatch(origin) for each in sender.key.origins):
            raise RecordError("origin.not_allowed")
        return sender

    def may_read(self, origin: str) -> bool:
        """Whether a page of the origin may call at all: a preflight does not tell which key will come."""
        if not _ORIGIN.fullmatch(origin):
            return False
        return self._is_open or any(pattern.fullmatch(origin) for pattern in self._patterns)

    def _found(self, key: str) -> Sender | None:
        public = self._public.get(key)
        if public is not None or not self._digests:
            return public
        return self._digests.get(sha256(key.encode("utf-8", "surrogatepass")).hexdigest())


def _given(call: Call, body: Mapping[str, Any]) -> Iterator[str]:
    """Basic with the key as the user's name, Jitsu's header, `writeKey` in the body or the query."""
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        yield _user(value)
    yield call.headers.get("x-write-key", "").partition(":")[0]
    in_body = body.get("writeKey")
    if isinstance(in_body, str):
        yield in_body
    yield call.query.get("writeKey", "") or call.query.get("writekey", "")


def _user(value: str) -> str:
    try:
        return base64.b64decode(value.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, ValueError):
        return ""


def _hold(key: Key, at: datetime) -> None:
    now = at.timestamp()
    if key.valid_from is not None and now < key.valid_from:
        raise RecordError("write_key.not_yet_valid")
    if key.valid_until is not None and now >= key.valid_until:
        raise RecordError("write_key.expired")


@lru_cache(maxsize=256)
def _pattern(origin: str) -> re.Pattern[str]:
    """`https://*.example.jp` is any name before it, `http://localhost:*` any port."""
    text = re.escape(origin.rstrip("/").lower())
    text = re.sub(r":\\\*$", r"(?::\\d{1,5})?", text).replace(r"\*", "[a-z0-9.-]+")
    return re.compile(text, re.IGNORECASE)
