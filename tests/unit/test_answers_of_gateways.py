"""Answers that are none of the vendor's: a gateway's page, a body cut short, one too large for somebody before it."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from harness.deliveries import RUN, Clock, MemoryLedger
from harness.talks import lead, opened, row
from kumitate.errors import RetryableError
from kumitate.execution.portion import Page
from kumitate.execution.sending import Sender
from kumitate.execution.transport import Credentials, HttpTransport
from kumitate.model.request import HttpRequest, Outcome, Request, Response, Verdict

PAGE = b"<html><head><title>413 Request Entity Too Large</title></head></html>"


@dataclass
class Gateway:
    """Stands before a vendor that takes everything, and lets no body of more than `most` bytes through."""

    most: int
    answer: bytes
    taken: list[str] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        assert isinstance(request, HttpRequest)
        if len(request.body) > self.most:
            return Response(413, PAGE, {"Content-Type": "text/html"})
        self.taken += request.keys
        return Response(200, self.answer)


def test_a_request_that_a_gateway_finds_too_large_is_halved_until_it_passes_and_a_row_that_never_does_is_refused() -> (
    None
):
    rows = [row(f"p{number}", text="x" * (9_000 if number == 7 else 10)) for number in range(40)]
    gateway, clock = Gateway(2_000, b'{"message": "success"}'), Clock()
    ledger = MemoryLedger(clock)
    Sender(connect=lambda: gateway, clock=clock, sleep=clock.sleep).send(
        opened("braze"), rows, Page(ledger, RUN.id, "s")
    )
    notes = {key: note for key, note in ledger.notes(RUN.id, "s").items() if isinstance(note, Outcome)}
    assert {key for key, note in notes.items() if note.verdict is Verdict.REJECTED} == {"p7"}
    assert "larger than the destination takes" in notes["p7"].message
    assert sorted(gateway.taken) == sorted({change.key for change in rows} - {"p7"})


@pytest.mark.parametrize(
    ("type_", "settings", "answer"),
    [
        ("kintone", {"app": 1, "key_field": "key"}, b'{"records": []}'),
        ("marketo", {"lookup_field": "kumitateKey"}, b'{"success": true, "result": []}'),
        ("hubspot", {"id_property": "key"}, b'{"status": "COMPLETE", "results": [], "numErrors": 0}'),
    ],
)
def test_a_question_that_a_gateway_finds_too_large_is_asked_in_halves(
    type_: str, settings: dict[str, object], answer: bytes
) -> None:
    leavers = [row(f"p{number:03}", "delete") for number in range(40)] + [row("k" * 900, "delete")]
    done = lead(opened(type_, **settings), Gateway(800, answer), leavers)
    verdicts = {outcome.key: outcome.verdict for outcome in done.outcomes}
    assert verdicts.pop("k" * 900) is Verdict.REJECTED
    assert set(verdicts.values()) == {Verdict.ACCEPTED}
    assert len(verdicts) == 40


@contextmanager
def serving(body: bytes, headers: dict[str, str]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


WHOLE = gzip.compress(json.dumps({"message": "success", "padding": "x" * 500}).encode(), mtime=0)


@pytest.mark.parametrize(
    ("body", "length"),
    [
        (WHOLE[:-12], len(WHOLE) - 12),
        (WHOLE[:12], 12),
        (WHOLE[:-4], len(WHOLE) - 4),
        (WHOLE[:-12], len(WHOLE)),
        (b"no gzip at all", 14),
    ],
    ids=["cut short", "cut to nothing", "cut in its check sum", "shorter than said", "no gzip"],
)
def test_a_gzip_that_is_cut_short_never_reads_as_an_answer(body: bytes, length: int) -> None:
    headers = {"Content-Encoding": "gzip", "Content-Length": str(length), "Connection": "close"}
    destination = opened("braze")
    (request,) = destination.requests([row("p1")])
    assert isinstance(request, HttpRequest)
    with serving(body, headers) as url:
        sender_saw = _seen(HttpTransport(url, Credentials(token="t")), request)
    assert sender_saw in ("no answer", "unreadable")


def test_a_packed_answer_is_read_whole_also_in_two_pieces() -> None:
    (request,) = opened("braze").requests([row("p1")])
    assert isinstance(request, HttpRequest)
    body = gzip.compress(b'{"message": ', mtime=0) + gzip.compress(b'"success"}', mtime=0)
    with serving(body, {"Content-Encoding": "gzip", "Content-Length": str(len(body)), "Connection": "close"}) as url:
        assert HttpTransport(url, Credentials(token="t")).send(request).body == b'{"message": "success"}'


def _seen(transport: HttpTransport, request: HttpRequest) -> str:
    try:
        response = transport.send(request)
    except RetryableError:
        return "no answer"
    try:
        json.loads(response.body)
    except ValueError:
        return "unreadable"
    return response.body.decode()


def test_an_answer_of_slack_that_slack_never_gave_may_have_posted_the_message() -> None:
    slack = opened("slack", channel="C1", sync="s")
    (request,) = slack.requests([row("p1", text="hello")])
    assert not isinstance(request, Outcome)
    for body in (b"[]", b"{}", b'{"error": {"code": "X"}}', b"null"):
        assert [outcome.verdict for outcome in slack.outcomes(request, Response(200, body))] == [Verdict.UNKNOWN]
    (refused,) = slack.outcomes(request, Response(200, b'{"ok": false, "error": "invalid_blocks"}'))
    assert (refused.verdict, refused.reason) == (Verdict.REJECTED, "vendor.invalid_blocks")
