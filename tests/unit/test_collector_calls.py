"""Calls as SDKs make them are taken; what cannot be taken is said with a reason, and costs nothing else."""

import base64
import gzip
import json
import time
import tracemalloc
from typing import Any

import pytest

from harness.intakes import NOW, PUBLIC, TRACK, Desk, basic, reasons
from kumitate.events.collecting import Intake, Key
from kumitate.events.reasons import REASONS


@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("/v1/track", "track"),
        ("/v1/t", "track"),
        ("/t", "track"),
        ("/v1/p", "page"),
        ("/v1/page/", "page"),
        ("/v1/identify", "identify"),
        ("/v1/screen", "screen"),
        ("/api/s/track", "track"),
        ("/api/s/s2s/identify", "identify"),
    ],
)
def test_a_path_names_the_call_whatever_the_body_says(path: str, call: str) -> None:
    desk = Desk()
    assert desk.post(path, TRACK | {"type": "group"})["accepted"] == 1
    assert desk.lines[0]["type"] == call


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b", "/b", "/beacon/v1/batch", "/v1/import"])
def test_a_batch_is_taken_event_by_event(path: str) -> None:
    desk = Desk()
    told = desk.post(path, {"batch": [TRACK, {"type": "page", "anonymousId": "a1", "messageId": "m2"}]})
    assert told == {"status": 200, "success": True, "accepted": 2, "rejected": []}
    assert [(event.source, event.id, event.person) for event in desk.intake.events] == [
        ("web", "m1", "u1"),
        ("web", "m2", "a1"),
    ]


def test_what_is_wrong_with_one_event_of_a_batch_is_told_and_the_others_are_kept() -> None:
    desk = Desk()
    batch: list[Any] = [
        TRACK,
        {"type": "track", "userId": "u1", "messageId": "m2"},
        {"type": "dance", "userId": "u1"},
        {"type": "track", "event": "X"},
        "no object",
        {"type": "group", "userId": "u1"},
        {"type": "alias", "userId": "u1"},
        {"type": "page", "userId": "u1", "properties": "x"},
        {"type": "page", "userId": {"a": 1}},
        {"userId": "u1"},
        {"type": "merge"},
    ]
    told = desk.post("/v1/batch", {"batch": batch})
    assert (told["status"], told["accepted"], len(desk.intake.events)) == (200, 1, 1)
    assert reasons(told) == [
        (1, "name.missing"),
        (2, "type.unknown"),
        (3, "person.missing"),
        (4, "event.no_object"),
        (5, "group.missing"),
        (6, "previous.missing"),
        (7, "field.no_object"),
        (8, "field.no_text"),
        (9, "type.missing"),
        (10, "merge.missing"),
    ]
    assert told["rejected"][0] == {
        "index": 1,
        "reason": "name.missing",
        "message": "a track call names its event",
        "messageId": "m2",
        "field": "event",
    }


def test_a_call_whose_one_event_is_of_no_use_is_refused() -> None:
    told = Desk().post("/v1/track", {"userId": "u1"})
    assert (told["status"], told["success"], told["reason"]) == (400, False, "name.missing")


def test_every_reason_has_a_status_and_a_sentence() -> None:
    assert all(400 <= status <= 503 and sentence for status, sentence in REASONS.values())


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
@pytest.mark.parametrize("encoding", ["gzip", ""])
def test_a_packed_body_is_known_by_its_first_bytes(content_type: str, encoding: str) -> None:
    desk = Desk()
    headers = {"content-type": content_type, "content-encoding": encoding}
    body = json.dumps({"batch": [TRACK]}).encode()
    assert desk.post("/v1/batch", gzip.compress(body[:9]) + gzip.compress(body[9:]), headers=headers)["accepted"] == 1
    assert desk.post("/v1/batch", body, headers=headers)["accepted"] == 1


def test_a_small_body_that_unpacks_to_a_huge_one_costs_no_more_than_the_limit() -> None:
    bomb = gzip.compress(bytes(64 * 2**20))
    tracemalloc.start()
    told = Desk().post("/v1/batch", bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (told["status"], told["reason"]) == (400, "body.too_large")
    assert peak < 4 * 2**20


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "body.empty"),
        (b" \n", "body.empty"),
        (b"nothing", "body.not_json"),
        (b'{"batch": [', "body.not_json"),
        (b"1", "body.no_object"),
        (b"{}", "batch.missing"),
        (b'{"batch": {}}', "batch.missing"),
        (b"\x1f\x8bnothing", "body.broken_gzip"),
        (gzip.compress(b"{}")[:-9], "body.broken_gzip"),
        (b"[" * 100_000, "body.not_json"),
        (b" " * 600_000 + b"{}", "body.too_large"),
        (json.dumps({"batch": [1] * 2501}).encode(), "batch.too_many"),
    ],
)
def test_a_body_of_no_use_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    told = Desk().post("/v1/batch", body)
    assert (told["status"], told["reason"]) == (400, reason)


def test_an_encoding_that_nobody_sends_is_refused() -> None:
    told = Desk().post("/v1/batch", b"\x00", headers={"content-encoding": "br"})
    assert told["reason"] == "body.unknown_encoding"


def deep(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (b'"x": 1e400', "event.number"),
        (b'"x": -Infinity', "event.number"),
        (b'"x": NaN', "event.number"),
        (b'"x": ' + b"9" * 400, "event.number"),
        (b'"x": -' + b"9" * 5000, "event.number"),
        (rb'"x": "\ud83d"', "event.half_character"),
        (rb'"\udc00": 1', "event.half_character"),
        (b'"x": "\xff"', "event.undecodable"),
        (b'"x": "\xed\xa0\x80"', "event.undecodable"),
        (b'"x": "' + b"a" * 33_000 + b'"', "event.too_large"),
        (b'"x": ' + deep(33).encode(), "event.too_deep"),
        (b'"x": ' + deep(5000).encode(), "event.too_deep"),
        (b'"x": [' * 1 + b"[" * 20_000 + b"]" * 20_001, "event.too_deep"),
        (b'"x": nothing', "event.not_json"),
        (b'"x": "a\nb"', "event.not_json"),
    ],
)
def test_what_nobody_could_read_later_costs_its_own_event_only(member: bytes, reason: str) -> None:
    desk = Desk()
    good, bad = json.dumps(TRACK).encode(), b'{"type": "page", "userId": "u\xc3\xa9, {[ \\" ", ' + member + b"}"
    body = b'{"sentAt": "2026-11-22T12:00:00Z", "batch": [' + bad + b", " + good + b'], "writeKey": "web-key"}'
    told = desk.post("/v1/batch", body, key="")
    assert (told["status"], told["accepted"], reasons(told)) == (200, 1, [(0, reason)])
    assert [event.id for event in desk.intake.events] == ["m1"]


def test_an_event_may_be_as_deep_and_as_large_as_is_said() -> None:
    desk = Desk()
    assert desk.track({"properties": json.loads(deep(30))})["accepted"] == 1
    assert desk.track({"messageId": "m2", "properties": {"x": "a" * 32_000, "n": 10**300}})["accepted"] == 1


@pytest.mark.parametrize(
    ("context", "reason"),
    [
        ({"a": "x" * 4_100}, "batch.context_too_large"),
        ({"a": float("nan")}, "event.number"),
        (json.loads(deep(900)), "event.too_deep"),
    ],
)
def test_what_a_batch_says_for_all_its_events_has_limits_too(context: Any, reason: str) -> None:
    told = Desk().post("/v1/batch", {"batch": [TRACK], "context": context, "sentAt": [[[]]]})
    assert (told["status"], told["reason"]) == (400, reason)


@pytest.mark.parametrize(
    "body",
    [
        b'{"batch":["' + b'\\"' * 200_000,
        b'{"batch":["' + b'\\"' * 200_000 + b"\\",
        b'{"batch":[' + (b"1" * 308 + b",") * 1_600,
        b'{"batch":[' + b'"batch":[' * 50_000,
        b'{"batch"' + b" " * 450_000,
        b'{"batch":[' + b"{" * 400_000,
    ],
)
def test_no_body_keeps_the_collector_busy(body: bytes) -> None:
    began = time.process_time()
    assert Desk().post("/v1/batch", body)["reason"] == "body.not_json"
    assert time.process_time() - began < 1


def test_a_key_is_told_as_basic_authorisation_header_body_or_query() -> None:
    desk = Desk()
    ways: list[dict[str, Any]] = [
        {"headers": {"authorization": basic("web-key")}},
        {"headers": {"x-write-key": "web-key:"}},
        {"headers": {"authorization": "Bearer token"}, "content": {"writeKey": "web-key"}},
        {"query": {"writeKey": "web-key"}},
        {"headers": {"authorization": basic("a proxy's own")}, "content": {"writeKey": "web-key"}},
    ]
    for way in ways:
        assert desk.post("/v1/track", {**TRACK, **way.pop("content", {})}, key="", **way)["accepted"] == 1
    assert "web-key" not in json.dumps(desk.lines)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "write_key.missing"),
        ({"authorization": basic("other")}, "write_key.unknown"),
        ({"authorization": "Basic !!!"}, "write_key.missing"),
        ({"authorization": "Basic /w=="}, "write_key.missing"),
    ],
)
def test_without_a_key_of_ours_nothing_is_taken(headers: dict[str, str], reason: str) -> None:
    desk = Desk()
    told = desk.post("/v1/track", TRACK, key="", headers=headers)
    assert (told["status"], told["reason"], desk.intake.events) == (401, reason, [])


def test_a_key_holds_in_its_time_and_a_secret_one_is_known_by_its_digest() -> None:
    now = NOW.timestamp()
    digest = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
    keys = (
        Key("old", "old-key", valid_until=now),
        Key("new", "new-key", valid_from=now),
        Key("next", "next-key", valid_from=now + 1),
        Key("server", sha256=digest),
    )
    desk = Desk(Intake(source="web", keys=keys), Intake(source="app", keys=(Key("app", "app-key"),)))
    told = {key: desk.track(key=key) for key in ("old-key", "new-key", "next-key", "secret", "app-key")}
    assert [each.get("reason") for each in told.values()] == [
        "write_key.expired", None, "write_key.not_yet_valid", None, None,
    ]  # fmt: skip
    assert [(line["_kumitate"]["source"], line["_kumitate"]["key"]) for line in desk.lines] == [
        ("web", "new"),
        ("app", "app"),
    ]


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        ("https://shop.example.jp", True),
        ("https://SHOP.example.jp", True),
        ("https://a.b.example.jp", True),
        ("http://localhost:3000", True),
        ("http://localhost", True),
        ("https://shop.example.jp.evil.example", False),
        ("https://evilshop-example.jp", False),
        ("http://shop.example.jp", False),
        ("https://xexample.jp", False),
        ("http://localhost:3000.evil.example", False),
        ("null", False),
        ("https://shop.example.jp\r\nset-cookie: a=b", False),
    ],
)
def test_pages_of_declared_origins_may_send_and_read_and_no_others(origin: str, is_allowed: bool) -> None:
    key = Key("pages", "web-key", origins=("https://shop.example.jp", "https://*.example.jp", "http://localhost:*"))
    desk = Desk(keys=(key,))
    headers = {"origin": origin, "access-control-request-headers": "authorization,content-type,anonymousid"}
    asked = desk.ask("OPTIONS", "/v1/track", headers=headers)
    sent = desk.post("/v1/track", TRACK, headers={"origin": origin})
    assert asked.status == 204
    assert asked.headers["access-control-allow-headers"] == "authorization,content-type,anonymousid"
    assert (asked.headers.get("access-control-allow-origin") == origin) is is_allowed
    assert ("access-control-allow-credentials" in asked.headers) is is_allowed
    assert sent.get("reason") == (None if is_allowed else "origin.not_allowed")
    assert sent["status"] == (200 if is_allowed else 403)


def test_a_server_has_no_origin_and_a_key_without_origins_is_for_every_page() -> None:
    assert Desk(keys=(Key("pages", "web-key", origins=("https://shop.example.jp",)),)).track()["accepted"] == 1
    answer = Desk().ask("POST", "/v1/track", headers={"origin": "https://anywhere.example"})
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (400, "https://anywhere.example")


def test_who_brings_too_much_is_told_how_long_to_wait() -> None:
    desk = Desk(keys=(Key("pages", "web-key", events_per_second=5),))
    desk.gate.seconds = 2.1
    answer = desk.ask("POST", "/v1/batch", body=json.dumps({"batch": [TRACK] * 3, "writeKey": "web-key"}).encode())
    assert (answer.status, answer.headers["retry-after"], answer.headers["x-ratelimit-reset"]) == (429, "3", "3")
    assert (desk.gate.asked, desk.intake.events) == ([("web/pages", 3, 5)], [])


def test_a_batch_that_is_not_kept_whole_is_asked_for_again_and_then_counted_once() -> None:
    desk = Desk()
    batch = {"batch": [TRACK, TRACK | {"messageId": "m2"}]}
    desk.intake.full = frozenset({1})
    told = desk.post("/v1/batch", batch)
    assert (told["status"], told["reason"]) == (429, "intake.busy")
    desk.intake.full = frozenset()
    assert desk.post("/v1/batch", batch)["accepted"] == 2
    assert [event.id for event in desk.intake.events] == ["m1", "m2"]


def test_where_nothing_can_be_kept_the_sender_tries_later() -> None:
    desk = Desk()
    desk.intake.is_down = True
    answer = desk.ask("POST", "/v1/track", headers={"authorization": basic("web-key")}, body=json.dumps(TRACK).encode())
    assert (answer.status, answer.headers["retry-after"]) == (503, "7")
    assert json.loads(answer.body)["reason"] == "intake.unavailable"


def test_a_failure_of_ours_is_told_to_us_and_the_sender_keeps_its_events() -> None:
    broken = Desk(keys=(Key("pages", "web-key", events_per_second=1),))
    object.__setattr__(broken.collector, "rates", None)
    told = broken.track()
    assert (told["status"], told["reason"], len(broken.trouble)) == (500, "internal", 1)
    assert "None" not in told["message"]


def test_what_is_no_route_or_no_method_of_it_is_said() -> None:
    desk = Desk()
    assert [desk.ask("POST", path).status for path in ("/v1/dance", "/v2/batch", "/v1/webhooks/x")] == [404] * 3
    assert [desk.ask("GET", path).status for path in ("/v1/batch", "/v1/webhooks/x")] == [405] * 2
    assert desk.ask("POST", "/com.snowplowanalytics.snowplow/tp2").status == 404


def test_a_browsers_sdk_finds_settings_that_name_this_collector_alone() -> None:
    desk = Desk()
    host = {"host": "events.example.jp", "authorization": basic("web-key")}
    rudder = json.loads(desk.ask("GET", "/sourceConfig/", headers=host).body)["source"]
    assert (rudder["enabled"], rudder["destinations"], rudder["writeKey"]) == (True, [], "web-key")
    segment = json.loads(desk.ask("GET", "/v1/projects/web-key/settings", headers=host).body)
    assert segment["integrations"]["Segment.io"] == {
        "apiKey": "web-key",
        "apiHost": "events.example.jp/v1",
        "protocol": "https",
        "unbundledIntegrations": [],
        "addBundledMetadata": True,
        "maybeBundledConfigIds": {},
    }
    assert desk.ask("GET", "/v1/projects/nobody/settings").status == 401
    local = desk.ask("GET", "/v1/projects/web-key/settings", headers={"host": "127.0.0.1:8080"})
    assert json.loads(local.body)["integrations"]["Segment.io"]["protocol"] == "http"
    forged = desk.ask("GET", "/v1/projects/web-key/settings", headers={"host": 'x"</script>'})
    assert "apiHost" not in json.loads(forged.body)["integrations"]["Segment.io"]


def test_it_says_that_it_is_there() -> None:
    desk = Desk()
    assert json.loads(desk.ask("GET", "/health").body) == {"status": "ok"}
    assert json.loads(desk.ask("GET", "/version").body)["version"]
    assert desk.ask("POST", "/v1/m", body=b"{}").status == 200


def test_a_picture_is_an_event_each_time_it_is_loaded() -> None:
    desk = Desk()
    query = {"writeKey": "web-key", "event": "Email Opened", "userId": "u1", "properties.campaign": "c1"}
    answer = desk.ask("GET", "/pixel/v1/track", query=query)
    assert (answer.status, answer.headers["content-type"]) == (200, "image/gif")
    desk.ask("GET", "/pixel/v1/track", query=query, at=NOW.replace(minute=1))
    assert [line["properties"] for line in desk.lines] == [{"campaign": "c1"}] * 2
    data = base64.b64encode(json.dumps(TRACK | {"writeKey": "web-key"}).encode()).decode()
    assert desk.ask("GET", "/v1/pixel/track", query={"data": data}).status == 200
    assert desk.ask("GET", "/v1/pixel/track", query={"data": "%%"}).status == 400
    assert desk.ask("GET", "/pixel/v1/track", query={"writeKey": "web-key"}).status == 400


def test_a_secret_stands_in_no_answer_and_no_line() -> None:
    desk = Desk(keys=(PUBLIC, Key("server", sha256="0" * 64)))
    told = desk.post(
        "/v1/batch", {"batch": [TRACK | {"writeKey": "s3cret", "_kumitate": {"blocked": "x"}}]}, key="s3cret"
    )
    assert (told["status"], "s3cret" in json.dumps(told)) == (401, False)
    desk.track({"writeKey": "s3cret", "_kumitate": {"blocked": "forged"}})
    assert "s3cret" not in json.dumps(desk.lines)
    assert desk.marks == {"source": "web", "key": "pages"}
