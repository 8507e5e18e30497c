"""What is kept of an event: its times by our clock, ids that a retry gives again, marks, and no more than allowed."""

import json
from datetime import timedelta
from typing import Any

import pytest

from harness.intakes import NOW, TRACK, Desk
from kumitate.events.bots import is_bot
from kumitate.events.collecting import Key

SENT = {"sentAt": "2026-11-22T11:00:05.000Z"}
"""By a clock that is an hour slow."""


def kept(event: dict[str, Any] | None = None, **rules: Any) -> dict[str, Any]:
    desk = Desk(**rules)
    told = desk.track(event)
    assert told["accepted"] == 1, told
    return desk.lines[0]


@pytest.mark.parametrize(
    ("given", "happened", "flags"),
    [
        ({}, "12:00:00.000", []),
        ({"timestamp": "2026-11-22T11:59:00Z"}, "11:59:00.000", []),
        ({"timestamp": "2026-11-22T20:59:00.5+09:00"}, "11:59:00.500", []),
        ({"timestamp": "2026-11-22T11:59:00"}, "11:59:00.000", []),
        ({"timestamp": 1795348740}, "11:59:00.000", []),
        ({"timestamp": "1795348740000"}, "11:59:00.000", []),
        ({"originalTimestamp": "2026-11-22T11:00:00Z", **SENT}, "11:59:55.000", []),
        ({"timestamp": "1970-01-01T00:00:01Z", "sentAt": "1970-01-01T00:00:11Z"}, "11:59:50.000", ["time.skewed"]),
        ({"timestamp": "2100-01-01T00:00:01Z", "sentAt": "2100-01-01T00:00:11Z"}, "11:59:50.000", ["time.skewed"]),
        ({"timestamp": "2026-11-22T11:59:00Z", "sentAt": "2100-01-01T00:00:00Z"}, "11:59:00.000", ["time.skewed"]),
        ({"timestamp": "yesterday"}, "12:00:00.000", ["time.unreadable"]),
        ({"timestamp": {"at": 1}, "sentAt": [2]}, "12:00:00.000", ["time.unreadable"]),
        ({"timestamp": 1e300}, "12:00:00.000", ["time.unreadable"]),
    ],
)
def test_an_event_happened_when_our_clock_says_so(given: dict[str, Any], happened: str, flags: list[str]) -> None:
    line = kept(given)
    assert line["timestamp"] == f"2026-11-22T{happened}Z"
    assert line["receivedAt"] == "2026-11-22T12:00:00.000Z"
    assert line["_kumitate"].get("flags", []) == flags


def test_what_the_sender_said_stays_beside_it() -> None:
    line = kept({"timestamp": "2026-11-22T20:00:00.123456+09:00", **SENT})
    assert line["originalTimestamp"] == "2026-11-22T20:00:00.123456+09:00"
    assert line["sentAt"] == SENT["sentAt"]


@pytest.mark.parametrize(
    ("year", "flags"),
    [("1970", ["time.past", "replayed"]), ("0001", ["time.past", "replayed"]), ("2100", ["time.future"])],
)
def test_events_of_impossible_times_are_kept_and_marked(year: str, flags: list[str]) -> None:
    line = kept({"timestamp": f"{year}-01-01T00:00:00Z", "sentAt": "2026-11-22T12:00:00Z"})
    assert line["timestamp"].startswith(f"{year}-01-01T00:00:00")
    assert line["_kumitate"]["flags"] == flags


def test_a_late_event_is_marked_by_the_sources_own_measure() -> None:
    at = (NOW - timedelta(hours=2)).isoformat()
    assert "flags" not in kept({"timestamp": at})["_kumitate"]
    assert kept({"timestamp": at}, replayed_after_seconds=3600.0)["_kumitate"]["flags"] == ["replayed"]


def test_a_batch_tells_its_items_when_it_was_sent_and_what_they_share() -> None:
    desk = Desk()
    item = TRACK | {"timestamp": "2026-11-22T11:00:00Z", "context": {"locale": "ja-JP"}}
    shared = {"context": {"locale": "en", "app": {"name": "shop"}}, "integrations": {"All": True}, **SENT}
    desk.post("/v1/batch", {"batch": [item], **shared})
    (line,) = desk.lines
    assert line["timestamp"] == "2026-11-22T11:59:55.000Z"
    assert line["context"] == {"locale": "ja-JP", "app": {"name": "shop"}, "ip": "203.0.113.0"}
    assert line["integrations"] == {"All": True}


def test_ids_are_text_and_empty_ones_are_none() -> None:
    line = kept({"userId": 12, "anonymousId": "", "groupId": None, "messageId": 7})
    assert (line["userId"], line["messageId"]) == ("12", "7")
    assert not {"anonymousId", "groupId"} & line.keys()


def test_an_event_without_an_id_gets_the_same_one_when_its_body_comes_again() -> None:
    desk = Desk()
    bare = {name: value for name, value in TRACK.items() if name != "messageId"}
    batch = {"batch": [bare, bare], "sentAt": "2026-11-22T12:00:00Z"}
    for content in (batch, batch, batch | {"sentAt": "2026-11-22T12:00:01Z"}):
        assert desk.post("/v1/batch", content)["accepted"] == 2
    assert len(desk.intake.events) == 4


@pytest.mark.parametrize("given", ["x" * 101, ["m"], {"a": 1}, 1.5, "\x00", "\ufeff", "m\u200b1"])
def test_an_id_that_is_none_is_replaced(given: object) -> None:
    line = kept({"messageId": given})
    assert line["messageId"].startswith("derived-")
    assert line["_kumitate"]["flags"] == ["id.replaced"]


def test_an_id_that_is_too_long_is_replaced_by_the_same_in_whatever_batch_it_comes() -> None:
    desk = Desk()
    long, other = ({**TRACK, "messageId": letter * 5_000} for letter in "xy")
    for batch in ([long, other], [other], [TRACK, long]):
        desk.post("/v1/batch", {"batch": batch, "sentAt": f"2026-11-22T12:00:0{len(batch)}Z"})
    assert len(desk.intake.events) == 3


@pytest.mark.parametrize("time", ["2026-11-22\ud80012:00:00", "2026-11-22T12:00:00." + "0" * 300_000, "٢٠٢٦١١٢٢١٢"])
@pytest.mark.parametrize("name", ["sentAt", "timestamp"])
def test_no_time_that_a_batch_tells_for_all_breaks_or_swells_its_events(name: str, time: str) -> None:
    desk = Desk()
    assert desk.post("/v1/batch", {"batch": [TRACK], name: time})["accepted"] == 1
    assert desk.marks["flags"] == ["time.unreadable"]
    assert len(desk.intake.events[0].line) < 500


@pytest.mark.parametrize(
    ("rule", "given", "stays"),
    [
        ("truncate", None, "203.0.113.0"),
        ("truncate", "198.51.100.77", "198.51.100.0"),
        ("truncate", "2001:db8:1:2::3", "2001:db8:1::"),
        ("truncate", "::ffff:198.51.100.77", "198.51.100.0"),
        ("truncate", "fe80::1%eth0", "fe80::"),
        ("truncate", "no address", None),
        ("keep", "198.51.100.77", "198.51.100.77"),
        ("drop", "198.51.100.77", None),
    ],
)
def test_no_more_of_an_address_is_kept_than_the_source_says(rule: str, given: str | None, stays: str | None) -> None:
    for event in ({"context": {"ip": given}}, {"request_ip": given}) if given else ({},):
        line = kept(event, ip=rule)
        assert (line.get("context", {}).get("ip"), "request_ip" in line) == (stays, False)


def test_a_servers_address_is_nobodys() -> None:
    desk = Desk(keys=(Key("server", sha256="2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"),))
    desk.track(key="secret")
    assert "context" not in desk.lines[0]


def test_who_is_identified_stands_at_one_place_whichever_sdk_tells_it() -> None:
    told, known = {"email": "a@example.com", "plan": "x"}, {"plan": "y"}
    desk = Desk(allow=("context.traits.*",))
    for content in ({"traits": told}, {"context": {"traits": told}}, {"traits": told, "context": {"traits": known}}):
        desk.post("/v1/identify", {"userId": "u1", **content})
    assert [line["context"]["traits"] for line in desk.lines] == [told, told, told | known]
    desk.post("/v1/group", {"userId": "u1", "groupId": "g", "traits": told})
    assert "traits" not in desk.lines[-1].get("context", {}), "a group's traits are nobody's"


def test_what_is_not_allowed_is_dropped_and_counted() -> None:
    event = {
        "properties": {"price": 1, "card": "4111", "products": [{"sku": "a", "note": "x"}, {"note": "y"}, 3]},
        "traits": {"email": "a@example.com"},
        "context": {"page": {"path": "/", "title": "t"}, "library": {"name": "js"}, "ip": "198.51.100.77"},
        "name": "n",
        "email": "a@example.com",
        "app": {"user": "a@example.com"},
    }
    line = kept(event, allow=("properties.price", "properties.products.sku", "context.page.*", "context.page.path"))
    assert line["properties"] == {"price": 1, "products": [{"sku": "a"}, {}, None]}
    assert (line["traits"], line["context"], line["name"]) == ({}, {"page": {"path": "/", "title": "t"}}, "n")
    assert not {"email", "app"} & line.keys()
    assert line["_kumitate"]["dropped"] == {"event": 2, "properties": 4, "traits": 1, "context": 2}


@pytest.mark.parametrize(
    ("context", "consent"),
    [
        ({"consent": {"categoryPreferences": {"mail": True, "ads": False, "other": True}}}, (True, False)),
        ({"consentManagement": {"allowedConsentIds": ["mail"], "deniedConsentIds": ["ads"]}}, (True, False)),
        ({"consent": {"categoryPreferences": {"mail": True, "news": False}}}, (False, None)),
        ({"consent": {"categoryPreferences": {"mail": "yes"}}}, (None, None)),
        ({"consent": "all", "consentManagement": [1]}, (None, None)),
    ],
)
def test_consent_is_carried_by_what_it_stands_for(context: dict[str, Any], consent: tuple[bool | None, ...]) -> None:
    purposes = {"mail": "marketing/email", "news": "marketing/email", "ads": "advertising/ads"}
    found = kept({"context": context}, consent=purposes)["_kumitate"].get("consent", {})
    assert (found.get("marketing/email"), found.get("advertising/ads")) == consent


CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
PERSON = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 16_6_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6"
)


def test_bots_are_marked_or_refused_as_the_source_says() -> None:
    said = {"context": {"userAgent": CRAWLER}}
    assert kept(said)["_kumitate"]["flags"] == ["bot"]
    assert Desk(bots="reject").track(said)["reason"] == "event.bot"
    desk = Desk()
    desk.track(headers={"user-agent": CRAWLER})
    desk.track({"messageId": "m2", "context": {"userAgent": PERSON}}, headers={"user-agent": CRAWLER})
    assert [line["_kumitate"].get("flags") for line in desk.lines] == [["bot"], None]


@pytest.mark.parametrize(
    "agent",
    [
        PERSON,
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0",
        "Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0.4430.91",
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)",
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36 Line/14.9.0/IAB",
        "analytics-python/2.4.0",
        "python-requests/2.34.2",
        "okhttp/4.9.2",
        "",
    ],
)
def test_browsers_of_people_and_libraries_of_servers_are_no_bots(agent: str) -> None:
    assert not is_bot(agent)


@pytest.mark.parametrize(
    "agent",
    [
        CRAWLER,
        "Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)",
        "DuckDuckBot/1.0; (+http://duckduckgo.com/duckduckbot.html)",
        "Twitterbot/1.0",
        "facebookexternalhit/1.1",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        "Mozilla/5.0 (X11; Linux x86_64) Chrome/117.0 Safari/537.36 PTST/230918",
    ],
)
def test_programs_that_look_at_pages_are_bots(agent: str) -> None:
    assert is_bot(agent)


def test_a_line_is_one_line_of_utf8() -> None:
    desk = Desk()
    desk.track({"properties": {"name": "山田\n太郎\u2028"}})
    (event,) = desk.intake.events
    assert event.line.count(b"\n") == 0
    assert "山田".encode() in event.line
    assert json.loads(event.line)["properties"]["name"] == "山田\n太郎\u2028"
