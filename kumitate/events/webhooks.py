"""Calls of services: is it theirs (the signature over the body as it came), and which events does it tell?"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from kumitate.errors import RecordError
from kumitate.events.collecting import Hook
from kumitate.events.reasons import MAX_BATCH_EVENTS
from kumitate.model.event import Call

_HEADER = "header:"
_BETWEEN_SECRETS = re.compile(r"[\n,]")
_MAX_ID = 100


def secrets_of(text: str) -> tuple[bytes, ...]:
    """A secret may hold two while it changes, with a comma or a line break between them."""
    return tuple(each.strip().encode() for each in _BETWEEN_SECRETS.split(text) if each.strip())


def verify(hook: Hook, call: Call, secrets: Sequence[bytes]) -> None:
    """RecordError where the call is not the service's."""
    given = call.headers.get(hook.header, "")
    if not given:
        raise RecordError("signature.missing")
    if hook.scheme == "stripe":
        _verify_stripe(given, call, hook.tolerance_seconds, secrets=secrets)
        return
    offered = given.strip().removeprefix(hook.prefix)
    if not any(_is_same(offered, _expected(hook.scheme, secret, call.body)) for secret in secrets):
        raise RecordError("signature.wrong")


def _expected(scheme: str, secret: bytes, body: bytes) -> str:
    if scheme == "token":
        return secret.decode()
    digest = hmac.new(secret, body, sha256)
    return base64.b64encode(digest.digest()).decode() if scheme == "hmac_sha256_base64" else digest.hexdigest()


def _is_same(offered: str, expected: str) -> bool:
    """In a time that tells nothing of where they part."""
    return hmac.compare_digest(offered.encode("utf-8", "surrogatepass"), expected.encode())


def _verify_stripe(given: str, call: Call, tolerance: float, *, secrets: Sequence[bytes]) -> None:
    """`t=1492774577,v1=…,v1=…`: the signature of `<t>.<body>`; several while a secret changes."""
    parts = [part.strip().partition("=") for part in given.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1 or not times[0].isascii() or not times[0].isdigit() or len(times[0]) > 12:
        raise RecordError("signature.wrong")
    signed = times[0].encode() + b"." + call.body
    offered = [value for name, _, value in parts if name == "v1"]
    expected = [hmac.new(secret, signed, sha256).hexdigest() for secret in secrets]
    if not any(_is_same(one, other) for one in offered for other in expected):
        raise RecordError("signature.wrong")
    if abs(call.at.timestamp() - int(times[0])) > tolerance:
        raise RecordError("signature.too_old")


def events_of(hook: Hook, body: Any, headers: Mapping[str, str]) -> list[Any]:
    """Track calls, one for the body or for each item of its list; RecordError where there is no such list."""
    items = [body] if hook.each is None else _below(body, hook.each)
    if not isinstance(items, list):
        raise RecordError("batch.missing", hook.each or "")
    if len(items) > MAX_BATCH_EVENTS:
        raise RecordError("batch.too_many", hook.each or "")
    return [_event(hook, item, headers) if isinstance(item, dict) else item for item in items]


def _event(hook: Hook, item: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    email = _text(_found(hook.email, item, headers))
    given = {
        "messageId": _message_id(hook, item, headers),
        "event": _text(_found(hook.event, item, headers)),
        "userId": _text(_found(hook.user_id, item, headers)),
        "anonymousId": _text(_found(hook.anonymous_id, item, headers)),
        "timestamp": _found(hook.time, item, headers),
    }
    context = {"library": {"name": f"webhook/{hook.path}"}, **({"traits": {"email": email}} if email else {})}
    named = {name: value for name, value in given.items() if value}
    return {**named, "context": context, "properties": dict(_properties(hook, item, headers))}


def _properties(hook: Hook, item: dict[str, Any], headers: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    if not hook.properties:
        yield from item.items()
    for name, path in hook.properties.items():
        value = _found(path, item, headers)
        if value is not None:
            yield name, value


def _message_id(hook: Hook, item: dict[str, Any], headers: Mapping[str, str]) -> str:
    """The same for a call delivered twice; blank, and derived of the content, where the service gives none."""
    given = _text(_found(hook.id, item, headers))
    found = f"{hook.path}:{given}"
    if len(found) > _MAX_ID:
        found = f"{hook.path}:{sha256(given.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
    return found if given else ""


def _found(path: str | None, item: Any, headers: Mapping[str, str]) -> Any:
    if path is None:
        return None
    if path.startswith(_HEADER):
        return headers.get(path.removeprefix(_HEADER).strip().lower())
    return _below(item, path)


def _below(value: Any, path: str) -> Any:
    """`data.object.id`; `line_items.0.sku` is of the first."""
    for step in path.split("."):
        if isinstance(value, list) and step.isascii() and step.isdigit():
            value = value[int(step)] if int(step) < len(value) else None
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value


def _text(value: Any) -> str:
    """Names and ids: text, or a whole number."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int | str):
        return str(value).strip()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else ""
