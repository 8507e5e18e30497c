"""The ad platforms' stand-ins refuse what the platforms refuse, in the shapes that the destinations read."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.talks import lead, members, opened, row, sent, transport_to
from kumitate.activation.destinations.google_answers import figures_of
from kumitate.activation.destinations.talk import Ask, Conversing, Done, Erasing, Reporting
from kumitate.execution.accounts import at
from kumitate.model.request import HttpRequest, Outcome, Response
from kumitate.sandbox.server import Sandbox

SETTINGS: dict[str, dict[str, Any]] = {
    "criteo": {"audience_id": "12"},
    "google_data_manager": {"account": {"id": "1"}, "audience_id": "42", "terms_of_service": "accepted"},
    "meta": {"audience_id": "77"},
    "tiktok": {"advertiser_id": "700", "audience_id": "900"},
    "x": {"account_id": "a1", "audience_id": "b2"},
}
CRITEO = "/2027-01/marketing-solutions/audience-segments/12/contact-list"
TIKTOK = "/open_api/v1.3/dmp/custom_audience"
X = "/12/accounts/a1/custom_audiences/b2/users"
HASH = "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


def asked(sandbox: Sandbox, type_: str, request: HttpRequest) -> Response:
    return transport_to(sandbox, opened(type_, **SETTINGS[type_]), type_).send(request)


def body(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


REFUSED: list[tuple[str, str, str, Any, int]] = [
    ("google_data_manager", "POST", "/v1/audienceMembers:empty", {}, 404),
    ("google_data_manager", "POST", "/v1/audienceMembers:ingest", b"<html>", 400),
    ("google_data_manager", "GET", "/v1/requestStatus:retrieve?requestId=nobody", b"", 404),
    ("meta", "POST", "/v26.0/77/followers", {}, 400),
    ("meta", "GET", "/me", b"", 400),
    ("meta", "POST", "/v26.0/77/users", b"{", 400),
    ("meta", "POST", "/v26.0/act_5/users", {"payload": {"schema": ["EXTERN_ID"], "data": [["p1"]]}}, 400),
    ("meta", "POST", "/v26.0/77/users", {"payload": {"schema": ["EXTERN_ID", "EMAIL"], "data": [["p1"]]}}, 400),
    ("meta", "POST", "/v26.0/77/users", {"payload": {"schema": ["EXTERN_ID", "SHOE"], "data": [["p1", HASH]]}}, 400),
    ("meta", "POST", "/v26.0/77/usersreplace", {"payload": {"schema": ["EXTERN_ID"], "data": [["p1"]]}}, 400),
    ("meta", "POST", "/v26.0/5/events", {"data": []}, 400),
    ("criteo", "PATCH", CRITEO + "/nothing", {}, 404),
    ("criteo", "DELETE", CRITEO, b"", 404),
    ("criteo", "PATCH", CRITEO, b"{", 400),
    ("criteo", "PATCH", CRITEO, {"data": {}}, 400),
    ("x", "POST", "/12/accounts/a1/nothing", [], 404),
    ("x", "POST", X, b"[", 400),
    ("x", "POST", X, [], 400),
    ("x", "POST", X, b" " * 5_000_001, 413),
]


@pytest.mark.parametrize(("type_", "method", "path", "sent_body", "status"), REFUSED)
def test_what_a_platform_does_not_know_or_take_is_refused(
    sandbox: Sandbox, type_: str, method: str, path: str, sent_body: Any, status: int
) -> None:
    response = asked(sandbox, type_, HttpRequest(method, path, body(sent_body), ("p1", "p2")))
    assert response.status == status
    destination = opened(type_, **SETTINGS[type_])
    told = destination.outcomes(HttpRequest(method, path, body(sent_body), ("p1", "p2")), response)
    assert {outcome.verdict.value for outcome in told} == {"retry"}


@pytest.mark.parametrize(
    ("path", "sent_body", "code"),
    [
        ("/nothing/", {}, 40007),
        ("/update/", b"{", 40002),
        ("/update/", {"advertiser_id": "700", "custom_audience_id": "900", "file_paths": ["f"]}, 40002),
        ("/update/", {**SETTINGS["tiktok"], "action": "APPEND"}, 40002),
        (
            "/update/",
            {"advertiser_id": "700", "custom_audience_id": "900", "action": "APPEND", "file_paths": ["nowhere"]},
            40007,
        ),
        ("/file/upload/", {"file": "no form"}, 40002),
        ("/get/", {}, 40002),
    ],
)
def test_tiktok_refuses_with_a_code_and_http_200(sandbox: Sandbox, path: str, sent_body: Any, code: int) -> None:
    request = HttpRequest("POST", TIKTOK + path, body(sent_body), ("p1",))
    response = asked(sandbox, "tiktok", request)
    assert (response.status, json.loads(response.body)["code"]) == (200, code)
    (outcome,) = opened("tiktok", **SETTINGS["tiktok"]).outcomes(request, response)
    assert (outcome.verdict, outcome.reason) == ("retry", "request.refused")


def test_tiktok_refuses_a_file_whose_signature_or_hashes_are_wrong(sandbox: Sandbox) -> None:
    destination = opened("tiktok", **SETTINGS["tiktok"])
    assert isinstance(destination, Conversing)
    turn = destination.begins([row("p1", email="a@example.jp")], {})
    assert isinstance(turn, Ask)
    good = turn.request
    assert isinstance(good, HttpRequest)
    hashed = good.body.split(b"\r\n\r\n")[4][:64]
    for bad in (hashed[::-1], b"readable@example.jp".ljust(64, b"x")):
        request = HttpRequest("POST", good.path, good.body.replace(hashed, bad), (), good.headers)
        assert json.loads(asked(sandbox, "tiktok", request).body)["code"] == 40002


@pytest.mark.parametrize("type_", ["google_data_manager", "meta", "criteo"])
def test_a_wrong_bearer_token_opens_nothing(sandbox: Sandbox, type_: str) -> None:
    terms = opened(type_, **SETTINGS[type_]).terms
    transport = at(sandbox.url(type_), terms, secret=lambda: "wrong")
    assert transport.send(HttpRequest("GET", "/v26.0/77", b"", ())).status == 401


def test_metas_sessions_go_in_order_and_end_once(sandbox: Sandbox) -> None:
    def batch(session: int, number: int, *, is_last: bool = False) -> int:
        told = {"session_id": session, "batch_seq": number, "last_batch_flag": is_last}
        rows = {"schema": ["EXTERN_ID", "EMAIL"], "data": [[f"p{session}{number}", HASH]]}
        request = HttpRequest("POST", "/v26.0/77/usersreplace", body({"session": told, "payload": rows}), ())
        answer = json.loads(asked(sandbox, "meta", request).body)
        return int(answer.get("error", {}).get("error_subcode", 0))

    assert batch(1, 2) == 1870147
    assert batch(1, 1) == 0
    assert batch(1, 1) == 0
    assert batch(1, 3) == 1870148
    assert batch(2, 1) == 1870145
    assert members(sandbox, "meta", "77") == set()
    assert batch(1, 2, is_last=True) == 0
    assert batch(1, 2, is_last=True) == 1870159
    assert members(sandbox, "meta", "77") == {"p11", "p12"}


def test_meta_counts_an_event_once_however_often_it_comes(sandbox: Sandbox) -> None:
    destination = opened("meta.conversion", dataset_id="555")
    transport = transport_to(sandbox, destination, "meta")
    now = datetime.now(UTC).isoformat()
    for value in (1, 2):
        outcomes = sent(destination, transport, [row("o1", email="a@example.jp", event_time=now, value=value)])
        assert {outcome.verdict.value for outcome in outcomes.values()} == {"accepted"}
    (event,) = sandbox.objects("meta", "555").values()
    assert event["custom_data"]["value"] == 1.0


@pytest.mark.parametrize("type_", ["google_data_manager", "meta"])
def test_a_rebuild_without_the_platforms_clock_does_not_begin(type_: str) -> None:
    destination = opened(type_, **SETTINGS[type_], mode="rebuild")
    assert isinstance(destination, Conversing)
    rows = [row("p1", email="a@example.jp")]
    look = destination.begins(rows, {})
    assert isinstance(look, Ask)
    done = destination.answered(rows, look.state, Response(200, b"{}"))
    assert isinstance(done, Done)
    assert [(outcome.verdict, outcome.reason) for outcome in done.outcomes] == [("retry", "answer.unreadable")]


def test_a_violation_of_the_request_itself_lies_with_the_account() -> None:
    destination = opened("google_data_manager", **SETTINGS["google_data_manager"])
    (request,) = destination.requests([row("p1", email="a@example.jp"), row("p2", email="b@example.jp")])
    assert isinstance(request, HttpRequest)
    violation = {"field": "destinations[0].operating_account", "description": "something new"}
    error = {"code": 400, "status": "INVALID_ARGUMENT", "message": "no", "details": [{"fieldViolations": [violation]}]}
    outcomes = destination.outcomes(request, Response(400, body({"error": error})))
    assert {outcome.reason for outcome in outcomes} == {"request.refused"}


def test_a_place_beyond_the_request_names_nobody() -> None:
    destination = opened("google_data_manager", **SETTINGS["google_data_manager"])
    (request,) = destination.requests([row("p1", email="a@example.jp"), row("p2", email="b@example.jp")])
    assert isinstance(request, HttpRequest)
    violation = {"field": "audience_members.audience_members[7]", "description": "INVALID_AUDIENCE_MEMBER"}
    error = {"code": 400, "status": "INVALID_ARGUMENT", "message": "no", "details": [{"fieldViolations": [violation]}]}
    outcomes = destination.outcomes(request, Response(400, body({"error": error})))
    assert {outcome.reason for outcome in outcomes} == {"batch.spoiled"}


def test_google_tells_how_many_it_removed(sandbox: Sandbox) -> None:
    destination = opened("google_data_manager", **SETTINGS["google_data_manager"])
    assert isinstance(destination, Reporting)
    transport = transport_to(sandbox, destination, "google_data_manager")
    (request,) = destination.requests([row("p1", "delete", email="a@example.jp")])
    assert not isinstance(request, Outcome)
    receipt = destination.receipt(request, transport.send(request))
    assert figures_of(json.loads(transport.send(destination.inquiry(receipt)).body)) == {"failed": 0.0, "removed": 1.0}


@pytest.mark.parametrize("type_", ["criteo", "x", "google_data_manager"])
def test_who_is_erased_is_on_the_list_under_no_name(sandbox: Sandbox, type_: str) -> None:
    destination = opened(type_, **SETTINGS[type_])
    assert isinstance(destination, Erasing)
    transport = transport_to(sandbox, destination, type_)
    audience = str(SETTINGS[type_]["audience_id"])
    sent(
        destination,
        transport,
        [row("p1", email="old@example.jp", phone="090-1234-5678"), row("p2", email="b@example.jp")],
    )
    person = row("p1", "delete", {"email": "old@example.jp", "phone": "090-1234-5678"}, email="new@example.jp")
    for item in destination.erasures([person]):
        assert not isinstance(item, Outcome)
        assert {outcome.verdict.value for outcome in destination.outcomes(item, transport.send(item))} == {"accepted"}
    assert len(members(sandbox, type_, audience)) == 1


def test_criteo_leaves_a_receipt_where_it_has_added_somebody(sandbox: Sandbox) -> None:
    destination = opened("criteo", audience_id="12")
    assert isinstance(destination, Reporting)
    transport = transport_to(sandbox, destination, "criteo")
    changes = [row("p0", "delete", email="a@example.jp"), row("p1", email="b@example.jp")]
    requests = [item for item in destination.requests(changes) if not isinstance(item, Outcome)]
    assert [destination.receipt(request, transport.send(request)) for request in requests] == ["", "12"]
    nothing = Response(200, b'{"data": {"attributes": {"matchRate": null}}}')
    assert destination.report("12", nothing) is None


def test_a_state_that_says_where_a_conversation_was_holds_nothing_personal() -> None:
    destination = opened("tiktok", **SETTINGS["tiktok"])
    assert isinstance(destination, Conversing)
    turn = destination.begins([row("p1", email="secret@example.jp")], {})
    assert isinstance(turn, Ask)
    assert "secret" not in repr(turn)
    assert "secret" not in json.dumps(dict(turn.state))


def test_a_platform_that_is_unwell_is_left_alone_and_then_given_up(sandbox: Sandbox) -> None:
    unwell = Response(200, b'{"code": 50002, "message": "internal"}')
    destination = opened("tiktok", **SETTINGS["tiktok"])
    assert isinstance(destination, Conversing)
    rows = [row("p1", email="a@example.jp")]
    turn = destination.begins(rows, {})
    waits = 0
    while not isinstance(turn, Done):
        turn = (
            destination.answered(rows, turn.state, unwell)
            if isinstance(turn, Ask)
            else destination.resumed(rows, turn.state)
        )
        waits += not isinstance(turn, Ask | Done)
        assert waits < 10
    assert [outcome.reason for outcome in turn.outcomes] == ["unavailable"]
    assert (
        lead(destination, transport_to(sandbox, destination, "tiktok"), rows).outcomes[0].reason == "audience.too_small"
    )
