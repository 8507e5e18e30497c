"""The function turns API Gateway's events into calls and back, tells counts alone, and loads little."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest

from functions.collector.handler import call_of, counts_of, response_of, told_of
from harness.intakes import TRACK, Desk
from kumitate.events.answering import document, pixel
from kumitate.model.event import Answer

ROOT = Path(__file__).parents[2]
MAX_CPU_MS = 300
EVENT = {
    "version": "2.0",
    "rawPath": "/v1/track",
    "rawQueryString": "writeKey=web-key",
    "cookies": ["a=b"],
    "headers": {"Content-Type": "text/plain", "Origin": "https://shop.example.jp"},
    "queryStringParameters": {"writeKey": "web-key"},
    "requestContext": {"http": {"method": "POST", "path": "/v1/track", "sourceIp": "203.0.113.42"}},
    "body": json.dumps(TRACK),
    "isBase64Encoded": False,
}
MEASURE = """
import json, sys, time
started = time.process_time()
import functions.collector.handler
print(json.dumps({"ms": (time.process_time() - started) * 1000, "modules": sorted(sys.modules)}))
"""
HEAVY = ("boto3", "duckdb", "jsonschema", "numpy", "phonenumbers", "pyarrow", "pydantic", "sqlglot", "yaml")


def test_an_event_of_the_gateway_is_a_call() -> None:
    call = call_of(EVENT)
    assert (call.method, call.path, call.address, dict(call.query)) == (
        "POST", "/v1/track", "203.0.113.42", {"writeKey": "web-key"},
    )  # fmt: skip
    assert call.headers == {"content-type": "text/plain", "origin": "https://shop.example.jp"}
    assert call.body == json.dumps(TRACK).encode()
    assert Desk().collector.answer(call).status == 200


def test_a_binary_body_comes_in_base64_and_a_broken_one_is_none() -> None:
    packed = EVENT | {"isBase64Encoded": True, "body": base64.b64encode(b"\x1f\x8b").decode()}
    assert call_of(packed).body == b"\x1f\x8b"
    assert call_of(packed | {"body": "a"}).body == b""
    bare = {"requestContext": {"http": {"method": "GET", "path": "/health"}}}
    assert (call_of(bare).path, call_of(bare).body) == ("/health", b"")


def test_answers_are_text_and_pictures_are_base64() -> None:
    told = response_of(document({"status": "ok"}))
    assert (told["statusCode"], told["body"], told["isBase64Encoded"]) == (200, '{"status":"ok"}', False)
    picture = response_of(pixel())
    assert (base64.b64decode(picture["body"])[:3], picture["isBase64Encoded"]) == (b"GIF", True)
    assert response_of(Answer(204))["body"] == ""


def test_what_was_taken_and_why_not_is_counted() -> None:
    desk = Desk()
    told = desk.post("/v1/batch", {"batch": [TRACK, {}, {}, {"type": "track", "userId": "u"}]})
    answer = document({name: value for name, value in told.items() if name != "status"})
    assert counts_of(answer) == (1, {"type.missing": 2, "name.missing": 1})
    assert counts_of(desk.ask("POST", "/v1/batch")) == (0, {"body.empty": 1})
    assert counts_of(pixel()) == (1, {})
    assert counts_of(Answer(204)) == (0, {})


def test_a_failure_is_logged_without_the_text_that_may_quote_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        json.loads("{somebody@example.com")
    except ValueError as error:
        told_of(error)
    said = json.loads(capsys.readouterr().out)
    assert (said["kind"], "somebody" in json.dumps(said)) == ("JSONDecodeError", False)
    assert said["where"].startswith("decoder.py:")


def test_the_function_is_loaded_in_its_budget() -> None:
    best = float("inf")
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", MEASURE], capture_output=True, check=True, cwd=ROOT, env={"PATH": "/usr/bin:/bin"}
        )
        told = json.loads(done.stdout)
        assert not set(HEAVY) & set(told["modules"])
        best = min(best, told["ms"])
        if best <= MAX_CPU_MS:
            break
    assert best <= MAX_CPU_MS
