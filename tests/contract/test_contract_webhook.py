"""The receiver's code on the webhooks' page is real: it takes what is sent, and nothing else."""

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.destinations import CASES
from harness.talks import opened, row
from kumitate.execution.signing import auth_headers
from kumitate.model.request import HttpRequest, Response, Verdict
from kumitate.sandbox.contract import violations

PAGE = (Path(__file__).parents[2] / "docs/destinations/webhook.md").read_text(encoding="utf-8")
ROW = {"operation": "create", "key": "p1", "fields": {}}


def receiver() -> Callable[[str, str, bytes], bool]:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "webhook.md", "exec"), names)  # noqa: S102 (our own page)
    found: Callable[[str, str, bytes], bool] = names["is_from_kumitate"]
    return found


def signed(secret: str, *, at: float) -> tuple[str, bytes]:
    destination = opened("webhook", path="/h", sync="members")
    (request,) = destination.requests([row("p1", name="山田")])
    assert isinstance(request, HttpRequest)
    now = datetime.fromtimestamp(at, UTC)
    headers = auth_headers(destination.terms.auth, secret, request, url="https://hooks.example/h", now=now)
    return headers["X-Kumitate-Signature"], request.body


def test_the_pages_receiver_takes_what_kumitate_signs() -> None:
    signature, body = signed("s3cret", at=time.time())
    assert receiver()("s3cret", signature, body) is True


def test_the_pages_receiver_refuses_another_secret_another_body_and_a_replay() -> None:
    signature, body = signed("s3cret", at=time.time())
    assert receiver()("other", signature, body) is False
    assert receiver()("s3cret", signature, body + b" ") is False
    assert receiver()("s3cret", *signed("s3cret", at=time.time() - 600)) is False


def test_the_pages_answer_is_read_row_by_row() -> None:
    (answer,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    destination = opened("webhook", path="/h", sync="members", rows_per_request=2)
    (request,) = destination.requests([row("p1"), row("p2")])
    found = destination.outcomes(request, Response(200, answer.encode()))  # type: ignore[arg-type]  # fake
    assert [(outcome.verdict, outcome.message) for outcome in found] == [("accepted", ""), ("rejected", "no such tier")]


@pytest.mark.parametrize("type_", ["webhook", "webhook.once"])
def test_recorded_requests_have_the_documented_shape(type_: str) -> None:
    cases = json.loads((CASES / f"{type_}.json").read_text(encoding="utf-8"))["cases"]
    bodies = [item["body"] for case in cases for item in case["renders"]]
    assert bodies
    assert all(violations("webhook_rows", body) == [] for body in bodies)


@pytest.mark.parametrize(
    "body",
    [
        {"sync": "s"},
        {"sync": "s", "rows": []},
        {"sync": "s", "rows": [ROW] * 1_001},
        {"sync": "s", **ROW, "operation": "keep"},
        {"sync": "s", **ROW, "person_id": "p"},
        {"sync": "s", "rows": [{**ROW, "key": ""}]},
        {**ROW},
    ],
)
def test_what_is_not_of_the_documented_shape_is_refused(body: dict[str, Any]) -> None:
    assert violations("webhook_rows", body) != []


@pytest.mark.parametrize(
    ("type_", "verdict"), [("webhook", Verdict.RETRY), ("webhook.once", Verdict.UNKNOWN)], ids=["again", "once"]
)
def test_an_answer_that_breaks_off_may_have_told_of_rows(type_: str, verdict: Verdict) -> None:
    destination = opened(type_, path="/h", sync="members")
    (request,) = destination.requests([row("p1")])
    assert isinstance(request, HttpRequest)
    (found,) = destination.outcomes(request, Response(200, b' {"results": [{"key": "p1", "status": "reje'))
    assert (found.verdict, found.reason) == (verdict, "answer.unreadable")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"detail": "no such tier"}', "HTTP 422: no such tier"),
        (b"no such tier\n", "HTTP 422: no such tier"),
        (b'{"errors": [1]}', "HTTP 422"),
        (b"<p>no such tier", "HTTP 422"),
        (b"", "HTTP 422"),
    ],
)
def test_a_refusal_keeps_the_receivers_own_words(body: bytes, message: str) -> None:
    destination = opened("webhook", path="/h", sync="members")
    (request,) = destination.requests([row("p1")])
    assert isinstance(request, HttpRequest)
    (found,) = destination.outcomes(request, Response(422, body))
    assert (found.verdict, found.message) == (Verdict.REJECTED, message)
