"""X, Criteo and TikTok in the sandbox keep what they are told, forget what leaves, and refuse what they refuse."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.talks import AFTER, BEFORE, expected_of, lead, members, opened, row, sent, transport_to
from kumitate.activation.destinations.talk import Reporting
from kumitate.execution.accounts import at
from kumitate.model.request import Change, HttpRequest, Operation
from kumitate.sandbox.server import Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


def known(change: Change) -> tuple[tuple[str, str], ...]:
    """The hashed e-mail, as TikTok is given it."""
    return (("email", hashlib.sha256(str(change.fields["email"]).encode()).hexdigest()),)


def sent_alone(type_: str, audience: str, **settings: Any) -> set[str]:
    return expected_of(type_, opened(type_, **settings), audience)


def test_x_keeps_and_forgets_what_operations_say_and_reads_them_signed(sandbox: Sandbox) -> None:
    destination = opened("x", account_id="a1", audience_id="b2")
    transport = transport_to(sandbox, destination, "x")
    sent(destination, transport, BEFORE)
    outcomes = sent(destination, transport, AFTER)
    assert {key: outcome.verdict.value for key, outcome in outcomes.items()}["p4"] == "rejected"
    wanted = sent_alone("x", "b2", account_id="a1", audience_id="b2")
    assert members(sandbox, "x", "b2") == wanted
    assert {status for *_, status in sandbox.calls("x")} == {200}


def test_one_bad_operation_spoils_the_batch_at_x_and_is_named(sandbox: Sandbox) -> None:
    destination = opened("x", account_id="a1", audience_id="b2")
    transport = transport_to(sandbox, destination, "x")
    (request,) = destination.requests([row("p1", email="a@example.jp"), row("p2", email="b@example.jp")])
    assert isinstance(request, HttpRequest)
    operations = json.loads(request.body)
    operations[0]["params"]["users"][0]["email"] = ["readable@example.jp"]
    answer = transport.send(replace(request, body=json.dumps(operations).encode()))
    found = [(outcome.verdict.value, outcome.reason) for outcome in destination.outcomes(request, answer)]
    assert found == [("rejected", "vendor.refused"), ("retry", "batch.refused")]
    assert members(sandbox, "x", "b2") == set()


def test_criteo_keeps_and_forgets_identifiers_and_tells_its_match_rate(sandbox: Sandbox) -> None:
    destination = opened("criteo", audience_id="12")
    assert isinstance(destination, Reporting)
    transport = transport_to(sandbox, destination, "criteo")
    sent(destination, transport, BEFORE)
    sent(destination, transport, AFTER)
    assert members(sandbox, "criteo", "12") == sent_alone("criteo", "12", audience_id="12")
    figures = destination.report("12", transport.send(destination.inquiry("12")))
    assert figures == {"received": 3.0, "matched": 3.0, "match_rate": 1.0}


def test_criteo_names_the_identifier_that_it_could_not_use(sandbox: Sandbox) -> None:
    destination = opened("criteo", audience_id="12")
    transport = transport_to(sandbox, destination, "criteo")
    unusable = "a" * 64
    outcomes = sent(destination, transport, [row("p1", email="a@example.jp"), row("p2", email=unusable)])
    assert [outcome.reason for outcome in outcomes.values()] == ["", "accepted.unconfirmed"]


TIKTOK = {"advertiser_id": "700", "audience_id": "900"}
CROWD = [row(f"c{number}", email=f"crowd{number}@example.jp") for number in range(1_000)]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["mirror", "rebuild"])
@pytest.mark.parametrize("dies", [None, (0, True), (1, True), (3, True)])
def test_tiktoks_audience_is_the_segment_wherever_the_process_died(
    sandbox: Sandbox, mode: str, dies: tuple[int, bool] | None
) -> None:
    destination = opened("tiktok", **TIKTOK)
    transport = transport_to(sandbox, destination, "tiktok")
    lead(destination, transport, [*CROWD, *BEFORE])
    kept = [Change(change.key, Operation.KEEP, change.fields) for change in CROWD] if mode == "rebuild" else []
    done = lead(opened("tiktok", **TIKTOK, mode=mode), transport, [*AFTER, *kept], dies=dies)
    assert {outcome.verdict.value for outcome in done.outcomes[:4]} == {"accepted"}
    assert done.outcomes[4].verdict == "rejected"
    held = members(sandbox, "tiktok", "audience 900")
    assert len(held) == 1_003
    gone = {identifier for change in (BEFORE[0], BEFORE[1]) for _, identifier in known(change)}
    assert not held & gone


def test_tiktok_keeps_no_audience_below_its_least_and_says_so(sandbox: Sandbox) -> None:
    destination = opened("tiktok", **TIKTOK)
    done = lead(destination, transport_to(sandbox, destination, "tiktok"), BEFORE)
    assert {(outcome.verdict.value, outcome.reason) for outcome in done.outcomes} == {("retry", "audience.too_small")}
    assert members(sandbox, "tiktok", "audience 900") == set()


def test_an_emptied_segment_is_removed_from_tiktok_not_replaced_by_nothing(sandbox: Sandbox) -> None:
    destination = opened("tiktok", **TIKTOK, mode="rebuild")
    transport = transport_to(sandbox, destination, "tiktok")
    lead(destination, transport, [*CROWD, *BEFORE])
    leaving = [Change(change.key, Operation.DELETE, change.fields) for change in BEFORE]
    lead(destination, transport, leaving)
    assert len(members(sandbox, "tiktok", "audience 900")) == 1_000


def test_tiktok_tells_the_size_it_matched(sandbox: Sandbox) -> None:
    destination = opened("tiktok", **TIKTOK)
    done = lead(destination, transport_to(sandbox, destination, "tiktok"), CROWD)
    assert done.figures == {"size": 1_000.0, "is_valid": 1.0}


@pytest.mark.parametrize(("type_", "settings"), [("tiktok", TIKTOK), ("x", {"account_id": "a1", "audience_id": "b2"})])
def test_a_wrong_token_opens_nothing_in_the_sandbox(sandbox: Sandbox, type_: str, settings: dict[str, object]) -> None:
    terms = opened(type_, **settings).terms
    secret = (
        "wrong"
        if type_ == "tiktok"
        else json.dumps(dict.fromkeys(("consumer_key", "consumer_secret", "token", "token_secret"), "wrong"))
    )
    transport = at(sandbox.url(type_), terms, secret=lambda: secret)
    answer = transport.send(HttpRequest("POST", "/12/accounts/a1/custom_audiences/b2/users", b"[]", ()))
    told = json.loads(answer.body)
    assert answer.status == 401 or told["code"] == 40105
