"""Calls as SDKs make them are taken; what cannot be taken is said with a reason, and costs nothing else."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from harness.intakes import NOW, TRACK, Desk, basic, reasons
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


BAD: list[Any] = [
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


def test_what_is_wrong_with_one_event_of_a_batch_is_told_and_the_others_are_kept() -> None:
    desk = Desk()
    told = desk.post("/v1/batch", {"batch": BAD})
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


def test_every_reason_has_a_status_a_sentence_and_a_place_in_the_docs() -> None:
    assert all(400 <= status <= 503 and sentence for status, sentence in REASONS.values())
    page = (Path(__file__).parents[2] / "docs/concepts/collector.md").read_text(encoding="utf-8")
    assert [reason for reason in REASONS if f"`{reason}`" not in page] == []


def test_what_is_no_route_or_no_method_of_it_is_said() -> None:
    desk = Desk()
    assert [desk.ask("POST", path).status for path in ("/v1/dance", "/v2/batch", "/v1/webhooks/x")] == [404] * 3
    assert [desk.ask("GET", path).status for path in ("/v1/batch", "/v1/webhooks/x")] == [405] * 2
    assert desk.ask("GET", "/v1/batch").headers["allow"] == "POST, OPTIONS"
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
    assert desk.ask("HEAD", "/pixel/v1/track", query=query).status == 405  # a look whether it is there is no event
    assert len(desk.lines) == 2
    places = {"context.page.path": "/", "context.page.url": "u", "properties.a": "1", "properties.a.b": "2"}
    desk.ask("GET", "/pixel/v1/track", query=query | places, at=NOW.replace(minute=2))
    assert desk.lines[2]["context"]["page"] == {"path": "/", "url": "u"}
    assert desk.lines[2]["properties"] == {"campaign": "c1", "a": "1"}
    data = base64.b64encode(json.dumps(TRACK | {"writeKey": "web-key"}).encode()).decode()
    assert desk.ask("GET", "/v1/pixel/track", query={"data": data}).status == 200
    assert desk.ask("GET", "/v1/pixel/track", query={"data": "%%"}).status == 400
    assert desk.ask("GET", "/pixel/v1/track", query={"writeKey": "web-key"}).status == 400


@pytest.mark.parametrize("place", ["properties", "data"])
def test_a_picture_brings_no_number_that_no_other_call_may_bring(place: str) -> None:
    desk, told = Desk(), '{"a":' + "9" * 400 + "}"
    query = {"writeKey": "web-key", "event": "Email Opened", "userId": "u1", "properties": told}
    if place == "data":
        whole = '{"writeKey":"web-key","event":"Email Opened","userId":"u1","properties":' + told + "}"
        query = {"data": base64.b64encode(whole.encode()).decode()}
    answer = desk.ask("GET", "/pixel/v1/track", query=query)
    assert (answer.status, json.loads(answer.body)["reason"]) == (400, "event.number")
    assert desk.lines == []
