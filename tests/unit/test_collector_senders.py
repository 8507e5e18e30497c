"""Who may send, how much, and what a sender is told when events cannot be kept now."""

import json
from typing import Any

import pytest

from harness.intakes import NOW, PUBLIC, TRACK, Desk, basic
from kumitate.events.collecting import Intake, Key


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


def test_a_secret_stands_in_no_answer_and_no_line() -> None:
    desk = Desk(keys=(PUBLIC, Key("server", sha256="0" * 64)))
    told = desk.post(
        "/v1/batch", {"batch": [TRACK | {"writeKey": "s3cret", "_kumitate": {"blocked": "x"}}]}, key="s3cret"
    )
    assert (told["status"], "s3cret" in json.dumps(told)) == (401, False)
    desk.track({"writeKey": "s3cret", "_kumitate": {"blocked": "forged"}})
    assert "s3cret" not in json.dumps(desk.lines)
    assert desk.marks == {"source": "web", "key": "pages"}
