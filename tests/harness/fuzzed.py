"""Calls that nobody should make: good bodies with something changed in their JSON or their bytes, or bytes alone."""

import gzip
import json
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from harness.intakes import NOW, PUBLIC, Desk, MemoryIntake, basic
from kumitate.events.collecting import Hook, Intake, Key, Terms
from kumitate.events.reasons import MAX_EVENT_BYTES
from kumitate.ingest.jsonl_reader import parsed
from kumitate.model.event import Answer, Call, Event

PRICED = {"required": ["price"], "properties": {"price": {"type": "number"}, "email": {"format": "email"}}}
HOOK = Hook(
    path="pay", scheme="token", header="x-token", secret="pay", prefix="", tolerance_seconds=300, each="items",
    event="event", id="messageId", time="timestamp", user_id="userId", anonymous_id=None, email="traits.email",
    properties={},
)  # fmt: skip
INTAKES = (
    Intake(
        source="web",
        keys=(PUBLIC, Key("limited", "slow-key", origins=("https://shop.example.jp",))),
        contracts=(
            Terms("flagged", "track", "Order Completed", {"1.0": PRICED}, "drop_field", {"required": "block"}),
            Terms(
                "known", "identify", None, {"1.0": {"required": ["email"]}, "2.0": {"required": ["name"]}}, "block", {}
            ),
        ),
        consent={"ads": "advertising/ads"},
        allow=("properties", "traits.email", "context.page", "context.traits.email", "context.consent"),
        hook=HOOK,
    ),
)
ITEM = {
    "type": "track",
    "event": "Order Completed",
    "userId": "u1",
    "anonymousId": "a1",
    "messageId": "m1",
    "timestamp": "2026-11-22T11:59:00Z",
    "properties": {"price": 12.5, "email": "a@example.com", "products": [{"sku": "a", "price": 1}]},
    "traits": {"email": "a@example.com"},
    "context": {
        "ip": "198.51.100.7",
        "userAgent": "Mozilla/5.0",
        "page": {"path": "/"},
        "traits": {"email": "a@example.com"},
        "consent": {"categoryPreferences": {"ads": True}},
        "consentManagement": {"allowedConsentIds": ["ads"], "deniedConsentIds": []},
    },
}
JUNK: Sequence[Any] = (
    None, True, False, 0, -1, 1.5, 2**63, 10**308, 1e308, "", " ", "null", "\x00", "a" * 101, "a" * 40_000,
    "2100-01-01", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "now",
    -1e18, "\ud800", "\udcff", [], {}, [[]], [None], {"a": {}}, {"": ""}, {"_kumitate": {"blocked": "x"}}, "::1",
    "' or 1=1 --", "😀", "identify", "page", "screen", "group", "alias", "merge", "TRACK",
)  # fmt: skip
PIECES = (
    b"", b"\x00", b"\xff", b"\xed\xa0\x80", b"NaN", b"Infinity", b"1e999", b"9" * 400, b"9" * 5000, b"\\ud800",
    b"{", b"}", b"[", b"]", b",", b'"', b"\\", b"\n", b"[" * 3000, b'{"a":' * 2000, b"\x1f\x8b",
    "é".encode("cp1252"), b"/**/", b"\xef\xbb\xbf",
)  # fmt: skip
PATHS = (
    "/v1/batch", "/v1/batch", "/v1/batch", "/v1/batch", "/v1/b", "/b", "/beacon/v1/batch", "/v1/track", "/v1/t",
    "/v1/identify", "/v1/page", "/v1/screen", "/v1/group", "/v1/alias", "/v1/merge", "/api/s/track", "/pixel/v1/track",
    "/v1/webhooks/pay", "/sourceConfig/", "/v1/projects/x/settings", "/v1/dance", "/v1/webhooks/none", "",
)  # fmt: skip


@dataclass
class Offered(MemoryIntake):
    """Remembers what it was given last, known or not."""

    last: list[Event] = field(default_factory=list)

    def take(self, events: Sequence[Event]) -> frozenset[int]:
        self.last = list(events)
        return super().take(events)


def desk() -> Desk:
    made = Desk(*INTAKES, secrets={"pay": "s"})
    made.intake = Offered()
    object.__setattr__(made.collector, "intake", made.intake)
    return made


def fuzzed(dice: Random) -> Call:
    path = dice.choice(PATHS)
    headers = {"x-token": "s", "authorization": basic(dice.choice(("web-key",) * 12 + ("slow-key", "other", "\x00")))}
    body = _bytes(dice) if dice.random() < 0.15 else _mutated(dice, path)
    if dice.random() < 0.15:
        body = gzip.compress(body)[: dice.choice((None, None, None, 9, -1))]
    for name, values in {
        "content-encoding": ("gzip", "br", "identity", "\udcff"),
        "content-type": ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=cp932"),
        "origin": ("https://shop.example.jp", "https://evil.example", "null", "é", "x" * 400),
        "authorization": ("", "Basic", "Basic ====", "Bearer x", "Basic /////w=="),
        "user-agent": ("Googlebot/2.1", "", "x" * 10_000),
        "x-token": ("s", "s", "wrong", "é"),
        "sentat": ("2026-11-22T12:00:00Z", "later"),
        "host": ("a.example", '"'),
    }.items():
        if dice.random() < 0.07:
            headers[name] = dice.choice(values)
    query = {
        dice.choice(("writeKey", "event", "data", "properties.a", "properties")): dice.choice(("web-key", "{", "e30="))
    }
    usual = "GET" if path.startswith(("/pixel", "/source", "/v1/projects")) else "POST"
    method = dice.choice((usual,) * 24 + ("POST", "GET", "OPTIONS", "DELETE", "", "post"))
    return Call(method, path, headers, body, dice.choice(("203.0.113.9", "::1", "", "x")), NOW, query)


def _bytes(dice: Random) -> bytes:
    return b"".join(dice.choice((dice.randbytes(dice.randrange(60)), *PIECES)) for _ in range(dice.randrange(1, 6)))


def _mutated(dice: Random, path: str) -> bytes:
    items = [deepcopy(ITEM) | {"messageId": f"m{dice.randrange(100_000)}"} for _ in range(dice.randrange(1, 5))]
    content: Any = items[0]
    if path in PATHS[:7]:
        content = {"batch": items, "sentAt": "2026-11-22T12:00:00Z", "writeKey": "web-key", "context": {"locale": "ja"}}
    elif "webhooks" in path:
        content = {"items": items}
    for _ in range(dice.randrange(4)):
        _change(dice, content)
    text = json.dumps(content, ensure_ascii=dice.random() < 0.5).encode("utf-8", "surrogatepass")
    for _ in range(dice.choice((0, 0, 0, 1, 2))):
        at = dice.randrange(len(text) + 1)
        text = text[:at] + dice.choice(PIECES) + text[at + dice.choice((0, 0, 1, 7)) :]
    return text[: dice.randrange(len(text))] if dice.random() < 0.05 else text


def _change(dice: Random, content: Any) -> None:
    """One member or item, somewhere below, is gone, is junk, or is there under another name."""
    while True:
        places = list(content) if isinstance(content, dict) else list(range(len(content)))
        if not places:
            return
        at = dice.choice(places)
        if isinstance(content[at], dict | list) and content[at] and dice.random() < 0.75:
            content = content[at]
            continue
        break
    match dice.randrange(4):
        case 0:
            del content[at]
        case 1 if isinstance(content, dict):
            content[str(dice.choice(JUNK))[:40]] = content.pop(at)
        case 2 if isinstance(content, list):
            content.extend(deepcopy(content) if len(content) < 20 else ())
        case _:
            content[at] = deepcopy(dice.choice(JUNK))


def checked(at: Desk, call: Call) -> Answer:
    """Answered with a reason, nothing lost, nothing told that should not be, and every line readable."""
    assert isinstance(at.intake, Offered)
    at.intake.last = []
    answer = at.collector.answer(call)
    assert at.trouble == []
    assert 200 <= answer.status < 500
    assert b"Traceback" not in answer.body
    assert b'File \\"' not in answer.body
    if answer.headers.get("content-type") != "application/json":
        assert (answer.status, call.method) == (204, "OPTIONS") or answer.body.startswith(b"GIF")
        return answer
    told = json.loads(answer.body)
    if answer.status >= 400:
        assert told["success"] is False
        assert told["reason"]
        assert told["message"]
    blocked = [each for each in told.get("rejected", ()) if each["reason"].startswith("contract.")]
    assert len(at.intake.last) == told.get("accepted", 0) + len(blocked)
    assert all(each["reason"] and each["message"] for each in told.get("rejected", ()))
    sent = _sent(call)
    if sent is not None and "rejected" in told:
        assert told["accepted"] + len(told["rejected"]) == sent
    for event in at.intake.last:
        _check_line(event)
    return answer


def _sent(call: Call) -> int | None:
    """How many events the call brings, where its body is JSON."""
    if call.path not in PATHS[:7]:
        return None
    try:
        body = gzip.decompress(call.body) if call.body.startswith(b"\x1f\x8b") else call.body
        content = json.loads(body.decode("utf-8", "surrogateescape"))
        items = content["batch"] if isinstance(content, dict) else content
    except (ValueError, OSError, EOFError, RecursionError, KeyError):
        return None
    return len(items) if isinstance(items, list) else None


def _check_line(event: Event) -> None:
    assert b"\n" not in event.line
    assert len(event.line) < MAX_EVENT_BYTES + 4096
    line = parsed(event.line.decode())
    blocked = line["_kumitate"].get("blocked")
    assert event.id == (f"{line['messageId']}\n{blocked}" if blocked else line["messageId"])
    assert 0 < len(line["messageId"]) <= 100
    assert event.person
    assert line["_kumitate"]["source"] == event.source
    for name in ("originalTimestamp", "sentAt", "receivedAt", "timestamp"):
        assert isinstance(line[name], str)
    assert datetime.fromisoformat(line["timestamp"]).tzinfo is not None
