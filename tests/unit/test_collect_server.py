"""The server of a collector keeps its limits, whoever calls, and answers who is under way when it ends."""

import gzip
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kumitate.errors import FatalError
from kumitate.execution.collect_server import Calls, Limits, answering, bound
from kumitate.model.event import Answer, Call

LIMITS = Limits(
    body=1000, thrown_away=5000, body_seconds=0.3, header_seconds=0.3, idle_seconds=1, connections=8, threads=4
)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def echo(call: Call) -> Answer:
    told = {"method": call.method, "path": call.path, "bytes": len(call.body), "at": call.at.isoformat()}
    return Answer(200, json.dumps(told | {"query": dict(call.query), "headers": dict(call.headers)}).encode())


@contextmanager
def server(answer: Callable[[Call], Answer] = echo, limits: Limits = LIMITS) -> Iterator[tuple[int, Calls]]:
    listening = bound("127.0.0.1", 0)
    with answering(listening, answer, clock=lambda: NOON, limits=limits) as calls:
        yield listening.getsockname()[1], calls


def ask(port: int, text: bytes, *more: bytes, pause: float = 0) -> bytes:
    """Whatever comes back until the server hangs up, which it does in time."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for part in (text, *more):
            connection.sendall(part)
            time.sleep(pause)
        told = b""
        while part := connection.recv(65536):
            told += part
        return told


def test_an_answer_without_a_body_tells_no_length() -> None:
    with server(lambda _: Answer(204)) as (port, _):
        told = ask(port, b"OPTIONS / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 204 ")
    assert b"content-length" not in told.lower()


def test_a_call_comes_in_whole_and_its_answer_goes_out() -> None:
    with server() as (port, calls):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for _ in range(2):  # the connection is kept
            connection.request("POST", "/v1/t%20x?a=1&b=", body=gzip.compress(b"{}"), headers={"X-Thing": "é"})
            told = json.loads(connection.getresponse().read())
        connection.close()
    assert (told["method"], told["path"], told["query"]) == ("POST", "/v1/t x", {"a": "1", "b": ""})
    assert (told["bytes"], told["headers"]["x-thing"]) == (len(gzip.compress(b"{}")), "é")
    assert told["at"] == NOON.isoformat()
    assert calls.by_status == {200: 2}


@pytest.mark.parametrize("size", [1001, 4999])
def test_a_body_that_is_too_large_is_refused_once_it_is_sent(size: int) -> None:
    with server() as (port, _):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("POST", "/", body=b"x" * size)
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["reason"]) == (413, "body.too_large")
        connection.request("POST", "/", body=b"x")
        assert connection.getresponse().status == 200
        connection.close()


def test_a_body_that_is_far_too_large_is_refused_before_it_is_sent() -> None:
    with server() as (port, _):
        told = ask(port, b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n")
        chunk = b"2000\r\n" + b"x" * 8192 + b"\r\n"
        chunked = ask(port, b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" + chunk)
    for each in (told, chunked):
        assert each.startswith(b"HTTP/1.1 413")
        assert b"connection: close" in each


@pytest.mark.slow
def test_a_slow_body_is_not_waited_for() -> None:
    with server() as (port, calls):
        begun = time.monotonic()
        told = ask(port, b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n", b"a", b"a", pause=0.1)
        assert time.monotonic() - begun < 3
    assert told.startswith(b"HTTP/1.1 408")
    assert calls.by_status == {408: 1}


@pytest.mark.slow
def test_slow_headers_are_not_waited_for_also_on_a_connection_that_was_kept() -> None:
    whole = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
    with server() as (port, calls):
        assert ask(port, b"POST / HT") == b""
        assert ask(port, whole, b"POST / HT", pause=0.05).count(b"HTTP/1.1 200") == 1
    assert calls.by_status == {200: 1}


@pytest.mark.parametrize(
    "text",
    [
        b"GET / HTTP/1.1\r\n" + b"x-long: " + b"y" * LIMITS.headers + b"\r\n" * 2,
        b"NONSENSE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: many\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n",
    ],
    ids=["headers too long", "no request", "TLS", "no length", "no path"],
)
def test_what_is_no_http_is_answered_in_json_with_a_reason_and_counted(text: bytes) -> None:
    with server() as (port, calls):
        head, _, body = ask(port, text).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert b"content-type: application/json" in head.lower()
    assert json.loads(body)["reason"] == "http.invalid"
    assert calls.by_status == {400: 1}


def test_connections_beyond_their_limit_are_asked_to_come_later() -> None:
    with server(limits=replace(LIMITS, header_seconds=60)) as (port, calls):
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(LIMITS.connections)]
        told = ask(port, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert told.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 1" in told
        assert b'"reason":"intake.unavailable"' in told
        for each in idle:
            each.close()
    assert calls.by_status == {503: 1}


def test_what_fails_inside_is_answered_without_telling_how() -> None:
    def fails(call: Call) -> Answer:
        raise ZeroDivisionError(f"secret of {call.path}")

    with server(fails) as (port, _):
        told = ask(port, b"GET /secret HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 500")
    assert b"secret" not in told
    assert b"Zero" not in told


def test_calls_under_way_are_answered_when_the_server_ends() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(call: Call) -> Answer:
        begun.set()
        go_on.wait(5)
        return echo(call)

    told: list[bytes] = []
    with server(slow) as (port, calls):
        client = threading.Thread(target=lambda: told.append(ask(port, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")))
        client.start()
        begun.wait(5)
        threading.Timer(0.1, go_on.set).start()
    client.join()
    assert told[0].startswith(b"HTTP/1.1 200")
    assert calls.by_status == {200: 1}


def test_a_port_that_is_taken_is_named() -> None:
    with server() as (port, _), pytest.raises(FatalError, match=f"127.0.0.1:{port}: cannot be listened to"):
        bound("127.0.0.1", port)
