"""Audiences in the sandbox become what their segments are, whenever the process dies on the way."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.talks import AFTER, BEFORE, expected_of, lead, members, opened, row, sent, transport_to
from kumitate.activation.destinations.base import Destination
from kumitate.activation.destinations.talk import Ask, Conversing, Done, Erasing, Reporting, Turn, Wait
from kumitate.model.request import Change, HttpRequest, Outcome, Response
from kumitate.ports import Transport
from kumitate.sandbox.server import Fault, Sandbox

GOOGLE = {"account": {"id": "1"}, "audience_id": "42", "terms_of_service": "accepted", "mode": "rebuild"}
META = {"audience_id": "77", "mode": "rebuild"}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


def filled(sandbox: Sandbox, type_: str, destination: Destination) -> None:
    sent(destination, transport_to(sandbox, destination, type_), BEFORE)


@pytest.mark.slow
@pytest.mark.parametrize("killed_at", [None, *range(5)])
@pytest.mark.parametrize("after_sending", [False, True])
@pytest.mark.parametrize(
    ("type_", "settings"), [("google_data_manager", GOOGLE), ("meta", META)], ids=["google", "meta"]
)
def test_a_rebuilt_audience_is_exactly_the_segment_wherever_the_process_died(
    sandbox: Sandbox, type_: str, settings: dict[str, object], killed_at: int | None, after_sending: bool
) -> None:
    destination = opened(type_, **settings)
    audience = str(settings["audience_id"])
    filled(sandbox, type_, destination)
    stranger = opened(type_, **settings)
    sent(stranger, transport_to(sandbox, stranger, type_), [row("x", email="stranger@example.jp")])
    transport = transport_to(sandbox, destination, type_)
    dies = None if killed_at is None else (killed_at, after_sending)
    done = lead(destination, transport, AFTER, dies=dies)
    assert members(sandbox, type_, audience) == expected_of(type_, destination, audience)
    verdicts = {outcome.key: outcome.verdict.value for outcome in done.outcomes}
    assert verdicts == {**dict.fromkeys(("p0", "p1", "p2", "p3"), "accepted"), "p4": "rejected"}
    assert done.figures.get("received", 3.0) == 3.0


@pytest.mark.parametrize(("type_", "settings"), [("google_data_manager", GOOGLE), ("meta", META)])
def test_no_rebuild_begins_in_another_mode(type_: str, settings: dict[str, object]) -> None:
    destination = opened(type_, **{**settings, "mode": "mirror"})
    assert destination.begins(AFTER, {}) is None  # type: ignore[attr-defined]  # both converse


def test_an_emptied_segment_empties_metas_audience_with_plain_removals(sandbox: Sandbox) -> None:
    destination = opened("meta", **META)
    filled(sandbox, "meta", destination)
    leaving = [Change(change.key, AFTER[0].operation, change.fields) for change in BEFORE]
    assert destination.begins(leaving, {}) is None  # type: ignore[attr-defined]  # it converses
    sent(destination, transport_to(sandbox, destination, "meta"), leaving)
    assert members(sandbox, "meta", "77") == set()


def test_a_session_that_another_one_blocks_is_begun_again_until_meta_lets_it(sandbox: Sandbox) -> None:
    destination = opened("meta", **META)
    blocked = {"error": {"code": 2650, "error_subcode": 1870145, "message": "in progress"}}
    transport = transport_to(sandbox, destination, "meta")
    for _ in range(2):  # the look, then the first batch
        sandbox.fault(
            "meta", Fault(200, {"operation_status": {"code": 200}}, {"Date": "Sun, 22 Nov 2026 01:02:03 GMT"})
        )
        sandbox.fault("meta", Fault(400, blocked))
    done = lead(destination, transport, AFTER)
    assert {outcome.verdict.value for outcome in done.outcomes} == {"accepted", "rejected"}
    assert members(sandbox, "meta", "77") == {"p1", "p2", "p3"}


def test_a_session_that_stays_blocked_is_given_up_and_says_so(sandbox: Sandbox) -> None:
    destination = opened("meta", **META)
    transport = transport_to(sandbox, destination, "meta")
    for number in range(20):
        date = {"Date": f"Sun, 22 Nov 2026 01:{number:02d}:03 GMT"}
        sandbox.fault("meta", Fault(200, {"operation_status": {"code": 200}}, date))
        sandbox.fault("meta", Fault(400, {"error": {"code": 2650, "error_subcode": 1870145, "message": "in progress"}}))
    done = lead(destination, transport, AFTER)
    assert {outcome.verdict.value for outcome in done.outcomes} == {"retry"}
    assert "in progress" in done.outcomes[0].message


@pytest.mark.parametrize("type_", ["google_data_manager", "meta"])
def test_what_the_vendor_made_of_a_request_is_asked_for_later(sandbox: Sandbox, type_: str) -> None:
    destination = opened(type_, **(GOOGLE if type_ != "meta" else META))
    assert isinstance(destination, Reporting)
    transport = transport_to(sandbox, destination, type_)
    (request,) = destination.requests([row("p1", email="a@example.jp"), row("p2", email="b@example.jp")])
    assert not isinstance(request, Outcome)
    receipt = destination.receipt(request, transport.send(request))
    figures = destination.report(receipt, transport.send(destination.inquiry(receipt)))
    assert figures is not None
    expected = (
        {"received": 2.0, "match_rate_high": 1.0} if type_ != "meta" else {"size_low": 2.0, "operation_code": 200.0}
    )
    assert expected.items() <= figures.items()


def test_google_reports_a_conversion_told_twice_and_counts_it_once(sandbox: Sandbox) -> None:
    destination = opened("google_data_manager.event", account={"id": "1"}, conversion_action_id="9")
    assert isinstance(destination, Reporting)
    transport = transport_to(sandbox, destination, "google_data_manager")
    order = {"event_time": "2026-11-20T10:00:00Z", "gclid": "x"}
    sent(destination, transport, [row("o1", **order)])
    (again,) = destination.requests([row("o1", **order), row("o2", **order)])
    assert not isinstance(again, Outcome)
    receipt = destination.receipt(again, transport.send(again))
    figures = destination.report(receipt, transport.send(destination.inquiry(receipt)))
    assert figures is not None
    assert figures["rejected.duplicate_transaction_id"] == 1.0
    assert members(sandbox, "google_data_manager", "9") == {"o1", "o2"}


def test_meta_erases_from_every_audience_of_the_account_when_the_account_is_named(sandbox: Sandbox) -> None:
    transport = transport_to(sandbox, opened("meta", **META), "meta")
    for audience in ("77", "78"):
        sent(
            opened("meta", audience_id=audience),
            transport,
            [row("p1", email="a@example.jp"), row("p2", phone="090-1234-5678")],
        )
    nameless, named = opened("meta", audience_id="77"), opened("meta", audience_id="77", ad_account="5")
    assert isinstance(nameless, Erasing)
    assert isinstance(named, Erasing)
    (refused,) = nameless.erasures([row("p1", email="a@example.jp")])
    assert isinstance(refused, Outcome)
    assert refused.reason == "erase.needs_ad_account"
    (request,) = named.erasures([row("p1", email="a@example.jp")])
    assert not isinstance(request, Outcome)
    assert [outcome.verdict for outcome in named.outcomes(request, transport.send(request))] == ["accepted"]
    assert members(sandbox, "meta", "77") == members(sandbox, "meta", "78") == {"p2"}


def test_meta_takes_events_once_and_names_what_is_too_old_by_its_own_clock(sandbox: Sandbox) -> None:
    destination = opened("meta.conversion", dataset_id="555")
    transport = transport_to(sandbox, destination, "meta")
    old = row("o1", email="a@example.jp", event_time="2001-01-01T00:00:00Z")
    assert {key: outcome.reason for key, outcome in sent(destination, transport, [old]).items()} == {
        "o1": "event.too_old"
    }
    assert members(sandbox, "meta", "555") == set()


def test_googles_stand_in_names_the_member_that_breaks_its_rules(sandbox: Sandbox) -> None:
    destination = opened("google_data_manager", **GOOGLE)
    transport = transport_to(sandbox, destination, "google_data_manager")
    (request,) = destination.requests([row("p1", email="a@example.jp"), row("p2", email="b@example.jp")])
    assert isinstance(request, HttpRequest)
    body = json.loads(request.body)
    body["audienceMembers"][1]["userData"]["userIdentifiers"] = [{"emailAddress": "readable@example.jp"}]
    answer = transport.send(replace(request, body=json.dumps(body).encode()))
    assert [outcome.verdict.value for outcome in destination.outcomes(request, answer)] == ["retry", "rejected"]
    assert members(sandbox, "google_data_manager", "42") == set()


def test_a_request_that_google_does_not_know_yet_is_asked_for_again_and_not_for_ever(sandbox: Sandbox) -> None:
    destination = opened("google_data_manager", **GOOGLE)
    transport = transport_to(sandbox, destination, "google_data_manager")
    unknown = Fault(404, {"error": {"code": 404, "status": "NOT_FOUND", "message": "unknown"}})
    wait = stepped(destination, transport, turns=3, before=(2, unknown), sandbox=sandbox)
    assert isinstance(wait, Wait)
    last = destination.answered(AFTER, {**wait.state, "waits": 96}, Response(404, b"{}"))  # type: ignore[attr-defined]  # its kind is known
    assert isinstance(last, Done)
    assert {outcome.verdict.value for outcome in last.outcomes} == {"retry"}
    assert "two days" in last.outcomes[0].message


@pytest.mark.parametrize("waits", [0, 48])
def test_a_throttled_session_waits_as_often_as_is_sensible(waits: int) -> None:
    destination = opened("meta", **META)
    look = destination.begins(AFTER, {})  # type: ignore[attr-defined]  # it converses
    assert isinstance(look, Ask)
    refused = Response(400, b'{"error": {"code": 80003, "message": "too many"}}')
    turn = destination.answered(AFTER, {**look.state, "waits": waits}, refused)  # type: ignore[attr-defined]  # its kind is known
    assert isinstance(turn, Wait if waits == 0 else Done)


def stepped(
    destination: Destination, transport: Transport, *, turns: int, before: tuple[int, Fault], sandbox: Sandbox
) -> Turn:
    """The turn after so many asks; a fault meets one of them."""
    assert isinstance(destination, Conversing)
    turn = destination.begins(AFTER, {})
    for number in range(turns):
        assert isinstance(turn, Ask)
        if number == before[0]:
            sandbox.fault("google_data_manager", before[1])
        turn = destination.answered(AFTER, turn.state, transport.send(turn.request))
    assert turn is not None
    return turn
