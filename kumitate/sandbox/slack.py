"""Slack's stand-in: messages to channels and their history, refusals with HTTP 200 as Slack does; a webhook."""

from __future__ import annotations

import time
from typing import Any

from kumitate.sandbox.call import TOKEN, Answer, Call
from kumitate.sandbox.contract import Violation, violations
from kumitate.sandbox.store import Store

_MOST_HISTORY = 999
_TEXT = {"Content-Type": "text/html"}


INCOMING = "incoming"
"""Messages that came by an incoming webhook."""


def answer(call: Call, store: Store) -> Answer:
    if call.method == "POST" and call.path == "/":
        return _incoming(call, store)
    if call.bearer != TOKEN:
        return _refused("invalid_auth")
    match call.method, call.path:
        case "POST", "/api/chat.postMessage":
            return _post(call, store)
        case "GET", "/api/conversations.history":
            return _history(call, store)
        case _:
            return _refused("unknown_method")


def _incoming(call: Call, store: Store) -> Answer:
    """A webhook has no token, no JSON in its answers, and statuses of its own."""
    try:
        body = call.json()
    except ValueError:
        return Answer(400, b"invalid_payload", _TEXT)
    if violations("slack_message", {"channel": INCOMING, **body}):
        return Answer(400, b"no_text" if not body.get("text") else b"invalid_blocks", _TEXT)
    store.put(INCOMING, f"{store.next_number():09d}", body)
    return Answer(200, b"ok", _TEXT)


def _refused(error: str) -> Answer:
    return Answer(200, {"ok": False, "error": error})


def _post(call: Call, store: Store) -> Answer:
    try:
        body = call.json()
    except ValueError:
        return _refused("invalid_json")
    broken = violations("slack_message", body)
    if broken:
        return _refused(_error(broken[0]))
    channel = body["channel"]
    last = float(next(reversed(store.all(channel)), "0"))
    ts = f"{max(time.time(), last + 0.000001):.6f}"
    store.put(channel, ts, body)
    return Answer(200, {"ok": True, "channel": channel, "ts": ts, "message": {"text": body["text"], "ts": ts}})


def _error(violation: Violation) -> str:
    match violation.path[:1]:
        case ("blocks",):
            return "invalid_blocks"
        case ("metadata",):
            return "invalid_metadata_format"
        case ("text",):
            return "msg_too_long" if violation.rule == "maxLength" else "no_text"
        case _:
            return "invalid_arguments"


def _history(call: Call, store: Store) -> Answer:
    channel = call.query.get("channel", "")
    if not channel.startswith(("C", "G", "D")):
        return _refused("channel_not_found")
    oldest = float(call.query.get("oldest", "0"))
    limit = min(int(call.query.get("limit", "100")), _MOST_HISTORY)
    found = [(ts, message) for ts, message in store.all(channel).items() if float(ts) > oldest]
    newest = sorted(found, reverse=True)[:limit]
    messages = [_message(ts, message, call.query) for ts, message in newest]
    return Answer(200, {"ok": True, "messages": messages, "has_more": len(found) > limit})


def _message(ts: str, message: dict[str, Any], query: Any) -> dict[str, Any]:
    shown = {"type": "message", "ts": ts, "text": message["text"]}
    if query.get("include_all_metadata") == "true" and "metadata" in message:
        shown["metadata"] = message["metadata"]
    return shown
