"""Bodies as they really come are read within limits; what cannot be read costs its own event only."""

import gzip
import json
import time
import tracemalloc
from typing import Any

import pytest

from harness.intakes import TRACK, Desk, reasons


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
@pytest.mark.parametrize("encoding", ["gzip", ""])
def test_a_packed_body_is_known_by_its_first_bytes(content_type: str, encoding: str) -> None:
    desk = Desk()
    headers = {"content-type": content_type, "content-encoding": encoding}
    body = json.dumps({"batch": [TRACK]}).encode()
    assert desk.post("/v1/batch", gzip.compress(body[:9]) + gzip.compress(body[9:]), headers=headers)["accepted"] == 1
    assert desk.post("/v1/batch", body, headers=headers)["accepted"] == 1


def test_a_small_body_that_unpacks_to_a_huge_one_costs_no_more_than_the_limit() -> None:
    bomb = gzip.compress(bytes(16 * 2**20))
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
        (gzip.compress(b"{}", mtime=0)[:-9], "body.broken_gzip"),
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


@pytest.mark.parametrize("levels", [33, 5000])
def test_the_only_event_of_a_call_is_told_that_it_is_too_deep(levels: int) -> None:
    body = b'{"userId": "u", "event": "e", "properties": {"x": ' + deep(levels).encode() + b"}}"
    told = Desk().post("/v1/track", body)
    assert (told["status"], told["reason"]) == (400, "event.too_deep")


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


def test_a_broken_list_inside_something_else_hides_no_event() -> None:
    told = Desk().post("/v1/batch", b'{"x": {"batch": [nothing]}, "batch": [' + json.dumps(TRACK).encode() + b"]}")
    assert (told["status"], told["reason"]) == (400, "body.not_json")


def test_a_list_of_nothing_is_refused_before_its_items_are_read() -> None:
    began = time.process_time()
    assert Desk().post("/v1/batch", b'{"batch":[' + b"," * 490_000 + b"]}")["reason"] == "batch.too_many"
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"batch":["' + b'\\"' * 200_000,
        b'{"batch":["' + b'\\"' * 200_000 + b"\\",
        b'{"batch":[' + (b"1" * 308 + b",") * 1_600,
        b'{"batch":[' + b'"batch":[' * 50_000,
        b'{"batch"' + b" " * 450_000,
        b'{"batch":[' + b"{" * 100_000,
    ],
)
def test_no_body_keeps_the_collector_busy(body: bytes) -> None:
    began = time.process_time()
    assert Desk().post("/v1/batch", body)["reason"] == "body.not_json"
    assert time.process_time() - began < 1
