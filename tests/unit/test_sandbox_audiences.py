"""Audiences in the sandbox become what their segments are, whenever the process dies on the way."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.talks import lead, opened, row, sent, transport_to
from kumitate.activation.destinations.base import Destination
from kumitate.activation.destinations.talk import Erasing, Reporting
from kumitate.execution.accounts import at
from kumitate.model.request import Change, HttpRequest, Operation, Outcome
from kumitate.sandbox.server import Fault, Sandbox

GOOGLE = {"account": {"id": "1"}, "audience_id": "42", "terms_of_service": "accepted", "mode": "rebuild"}
META = {"audience_id": "77", "mode": "rebuild"}
BEFORE = [row("p0", email="gone@example.jp"), row("p1", email="old@example.jp"), row("p2", email="b@example.jp")]
AFTER = [
    row("p0", "delete", email="gone@example.jp"),
    row("p1", "update", {"email": "old@example.jp"}, email="new@example.jp"),
    row("p2", "keep", email="b@example.jp"),
    row("p3", email="c@example.jp"),
    row("p4", email="nobody"),
]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


def known(change: Change) -> tuple[tuple[str, str], ...]:
    """The hashed e-mail, as TikTok is given it."""
    return (("email", hashlib.sha256(str(change.fields["email"]).encode()).hexdigest()),)


def sent_alone(type_: str, audience: str, **settings: Any) -> set[str]:
    return expected_of(type_, opened(type_, **settings), audience)


def members(sandbox: Sandbox, type_: str, audience: str) -> set[str]:
    return set(sandbox.objects(type_, audience))


def filled(sandbox: Sandbox, type_: str, destination: Destination) -> None:
    sent(destination, transport_to(sandbox, destination, type_), BEFORE)


def expected_of(type_: str, destination: Destination, audience: str) -> set[str]:
    """The audience as it is when the wanted members alone are put into an empty one."""
    wanted = [Change(change.key, change.operation, change.fields) for change in AFTER[1:4]]
    with Sandbox(Path(":memory:")) as empty:
        sent(destination, transport_to(empty, destination, type_), wanted)
        return members(empty, type_, audience)


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
