"""The sandbox's vendors take what our destinations send, keep it, and refuse what the real ones refuse."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.deliveries import Clock, MemoryLedger
from kumitate.activation.destinations.abilities import Recollecting
from kumitate.activation.destinations.registry import REGISTRY, destination_class, vendor_of
from kumitate.config.sync import Destination as Account
from kumitate.execution.accounts import connect
from kumitate.execution.portion import Page
from kumitate.execution.sending import Sender
from kumitate.model.request import Change, HttpRequest, Operation, Outcome, Response
from kumitate.sandbox.server import Fault, Sandbox
from kumitate.sandbox.vendors import VENDORS

SETTINGS: dict[str, dict[str, Any]] = {
    "connect_customer_profiles": {"domain": "shop", "object": "Traits"},
    "criteo": {"audience_id": "12"},
    "google_data_manager": {"account": {"id": "1"}, "audience_id": "42", "terms_of_service": "accepted"},
    "meta": {"audience_id": "77"},
    "salesforce": {"object": "Contact", "external_id": "Key__c"},
    "ses": {"from_address": "a@example.jp", "template": "t", "unsubscribe_url": "https://example.jp/{key}"},
    "slack": {"channel": "C1", "sync": "s"},
    "x": {"account_id": "a1", "audience_id": "b2"},
}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


class Wire:
    """One destination, its sandbox and its ledger."""

    def __init__(self, sandbox: Sandbox, type_: str, **settings: Any) -> None:
        self.clock = Clock()
        self.ledger = MemoryLedger(self.clock)
        self.destination = destination_class(type_).model_validate(SETTINGS[type_] | settings)
        self.sender = Sender(
            connect=lambda: connect(Account(type=type_), self.destination.terms, sandbox=sandbox, environment={}),
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    def send(self, *changes: Change) -> Mapping[str, Outcome]:
        self.sender.send(self.destination, changes, Page(self.ledger, "r1", "s"))
        notes = self.ledger.notes("r1", "s")
        return {key: note for key, note in notes.items() if isinstance(note, Outcome)}


def create(key: str, **fields: Any) -> Change:
    return Change(key, Operation.CREATE, fields)


def delete(key: str, **fields: Any) -> Change:
    return Change(key, Operation.DELETE, fields)


def verdicts(outcomes: Mapping[str, Outcome]) -> dict[str, str]:
    return {key: outcome.verdict.value for key, outcome in outcomes.items()}


def test_every_registered_destination_has_a_stand_in() -> None:
    assert set(VENDORS) == {vendor_of(type_) for type_ in REGISTRY}


def test_salesforce_creates_updates_and_deletes_by_external_id(sandbox: Sandbox) -> None:
    wire = Wire(sandbox, "salesforce")
    wire.send(create("p1", LastName="山田", Email="y@example.jp"), create("p2", LastName="Ito"))
    first = sandbox.objects("salesforce", "Contact")
    wire.send(create("p1", LastName="高田"), delete("p2"), delete("nobody"))
    then = sandbox.objects("salesforce", "Contact")
    assert then.keys() == {"p1"}
    assert then["p1"]["LastName"] == "高田"
    assert then["p1"]["Email"] == "y@example.jp"
    assert then["p1"]["Id"] == first["p1"]["Id"]


def test_salesforce_refuses_rows_by_the_rules_of_its_fields_and_takes_the_rest(sandbox: Sandbox) -> None:
    outcomes = Wire(sandbox, "salesforce").send(
        create("p1", LastName="Ito", Email="nobody"),
        create("p2", LastName="x" * 81),
        create("p3", LastName=None),
        create("p4", LastName="Ito", Shoe="42"),
        create("p5", LastName="Ito", Shoe__c="42", Email="ito@example.jp"),
    )
    assert {key: outcome.reason for key, outcome in outcomes.items()} == {
        "p1": "vendor.invalid_email_address",
        "p2": "vendor.string_too_long",
        "p3": "vendor.required_field_missing",
        "p4": "vendor.invalid_field",
        "p5": "",
    }
    assert sandbox.objects("salesforce", "Contact").keys() == {"p5"}


def test_salesforce_signs_in_again_when_the_token_has_expired(sandbox: Sandbox) -> None:
    wire = Wire(sandbox, "salesforce")
    sandbox.fault("salesforce", Fault(429))
    wire.send(create("p1", LastName="Ito"))
    sandbox.fault("salesforce", Fault(401, [{"errorCode": "INVALID_SESSION_ID"}]))
    assert verdicts(wire.send(create("p2", LastName="Ito"))) == {"p1": "accepted", "p2": "accepted"}
    signed_in = [path for _, path, _ in sandbox.calls("salesforce") if path.endswith("/token")]
    assert len(signed_in) == 2


def test_google_adds_forgets_and_removes_identifiers(sandbox: Sandbox) -> None:
    wire = Wire(sandbox, "google_data_manager")
    wire.send(create("p1", email="old@example.jp", phone="090-1234-5678"), create("p2", email="b@example.jp"))
    assert len(sandbox.objects("google_data_manager", "42")) == 3
    moved = Change("p1", Operation.UPDATE, {"email": "new@example.jp"}, previous={"email": "old@example.jp"})
    before = set(sandbox.objects("google_data_manager", "42"))
    wire.send(moved, delete("p2", email="b@example.jp"))
    after = set(sandbox.objects("google_data_manager", "42"))
    assert (len(before - after), len(after - before)) == (2, 1)


def test_google_refuses_a_whole_request_for_one_member_and_the_rest_goes_again(sandbox: Sandbox) -> None:
    wire = Wire(sandbox, "google_data_manager")
    place = {"field": "audience_members.audience_members[1].user_data", "description": "INVALID_POSTAL_CODE"}
    detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [place]}
    refused = {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "no", "details": [detail]}}
    sandbox.fault("google_data_manager", Fault(400, refused))
    outcomes = wire.send(*(create(f"p{number}", email=f"p{number}@example.jp") for number in (1, 2, 3)))
    assert verdicts(outcomes) == {"p1": "accepted", "p2": "rejected", "p3": "accepted"}
    assert outcomes["p2"].message == "INVALID_POSTAL_CODE"
    assert len(sandbox.objects("google_data_manager", "42")) == 2


def test_meta_keeps_rows_by_our_id_and_counts(sandbox: Sandbox) -> None:
    wire = Wire(sandbox, "meta")
    outcomes = wire.send(create("p1", email="a@example.jp"), create("p2", phone="110"))
    assert verdicts(outcomes) == {"p1": "accepted", "p2": "rejected"}
    assert outcomes["p1"].reason == "accepted.unconfirmed"
    assert sandbox.objects("meta", "77").keys() == {"p1"}
    wire.send(delete("p1", email="a@example.jp"))
    assert sandbox.objects("meta", "77") == {}


def test_slack_keeps_messages_with_the_rows_key_and_finds_them_again(sandbox: Sandbox) -> None:
    wire = Wire(sandbox, "slack")
    wire.send(create("p1", text="hello"), create("p2", text="<again>"))
    messages = list(sandbox.objects("slack", "C1").values())
    assert [message["text"] for message in messages] == ["hello", "&lt;again&gt;"]
    assert isinstance(wire.destination, Recollecting)
    changes = [create(key, text="x") for key in ("p1", "p2", "p3")]
    found = wire.sender.recollect(wire.destination, changes, wire.clock.now)
    assert [outcome.verdict for outcome in found] == ["accepted", "accepted", "retry"]


def test_a_history_that_was_not_read_to_its_end_says_nothing_about_the_absent() -> None:
    destination = destination_class("slack").model_validate(SETTINGS["slack"])
    assert isinstance(destination, Recollecting)
    (question,) = destination.inquiries([create("p1", text="x")], Clock().now)
    answer = Response(200, b'{"ok": true, "messages": [], "has_more": true}')
    assert [outcome.verdict for outcome in destination.recollections(question, answer)] == ["unknown"]


def test_slack_cut_off_after_the_effect_is_found_in_its_history(sandbox: Sandbox) -> None:
    wire = Wire(sandbox, "slack")
    sandbox.fault("slack", Fault(cut=True, works=True))
    assert verdicts(wire.send(create("p1", text="hello"))) == {"p1": "unknown"}
    assert len(sandbox.objects("slack", "C1")) == 1
    assert isinstance(wire.destination, Recollecting)
    (found,) = wire.sender.recollect(wire.destination, [create("p1", text="hello")], wire.clock.now)
    assert found.verdict == "accepted"


def test_slack_refuses_blocks_beyond_its_sizes_and_what_it_does_not_know(sandbox: Sandbox) -> None:
    wire = Wire(sandbox, "slack")
    transport = wire.sender.connect()
    for body, error in (
        (b'{"channel":"C1","text":""}', b"no_text"),
        (b'{"channel":"C1","text":"a","blocks":[{"type":"video"}]}', b"invalid_blocks"),
        (b'{"channel":"C1","text":"a","as_admin":true}', b"invalid_arguments"),
        (b"{", b"invalid_json"),
    ):
        answer = transport.send(HttpRequest("POST", "/api/chat.postMessage", body, ()))
        assert (answer.status, error in answer.body) == (200, True)


def test_alerts_longer_than_slack_takes_are_cut_to_what_it_takes(sandbox: Sandbox) -> None:
    fields = {f"field {number}": "<" * 3_000 for number in range(12)}
    wire = Wire(sandbox, "slack")
    outcomes = wire.send(create("p1", text="&" * 5_000, title="t" * 200, **fields))
    assert verdicts(outcomes) == {"p1": "accepted"}


def test_ses_sends_templated_mail_with_unsubscribe_and_answers_per_entry(sandbox: Sandbox) -> None:
    changes = [create(f"p{number}", to=f"p{number}@example.jp", items=["tea"]) for number in range(60)]
    outcomes = Wire(sandbox, "ses").send(*changes, create("bad", to="nobody"))
    assert verdicts(outcomes) == dict.fromkeys((change.key for change in changes), "accepted") | {"bad": "rejected"}
    messages = list(sandbox.objects("ses", "messages").values())
    assert len(messages) == 60
    assert messages[0]["values"] == {"items": ["tea"]}
    assert messages[0]["headers"]["List-Unsubscribe"] == "<https://example.jp/p0>"
    assert len(sandbox.calls("ses")) == 2


def test_ses_cut_off_after_the_effect_is_not_repeated(sandbox: Sandbox) -> None:
    sandbox.fault("ses", Fault(cut=True, works=True))
    assert verdicts(Wire(sandbox, "ses").send(create("p1", to="p1@example.jp"))) == {"p1": "unknown"}
    assert len(sandbox.objects("ses", "messages")) == 1


def test_connect_takes_ten_objects_a_call(sandbox: Sandbox) -> None:
    wire = Wire(sandbox, "connect_customer_profiles")
    wire.send(*(create(f"p{number}", score=number, gone=None) for number in range(12)))
    objects = sandbox.objects("connect_customer_profiles", "Traits")
    assert objects["p3"] == {"score": 3, "kumitate_key": "p3"}
    assert [status for *_, status in sandbox.calls("connect_customer_profiles")] == [200, 200]


@pytest.mark.parametrize("type_", ["ses", "connect_customer_profiles"])
def test_aws_throttling_is_waited_out(sandbox: Sandbox, type_: str) -> None:
    fault = Fault(429, {"message": "slow"}, {"x-amzn-errortype": "TooManyRequestsException", "Retry-After": "3"})
    sandbox.fault(type_, fault)
    wire = Wire(sandbox, type_)
    assert verdicts(wire.send(create("p1", to="p1@example.jp"))) == {"p1": "accepted"}
    assert wire.clock.slept == [3.0]


@pytest.mark.parametrize(("type_", "verdict"), [("ses", "unknown"), ("connect_customer_profiles", "retry")])
def test_an_aws_answer_that_is_none_settles_nothing(sandbox: Sandbox, type_: str, verdict: str) -> None:
    sandbox.fault(type_, Fault(200, b"<html>maintenance</html>", {"Content-Type": "text/html"}))
    outcomes = Wire(sandbox, type_).send(create("p1", to="p1@example.jp"))
    assert verdicts(outcomes) == {"p1": verdict}
    assert outcomes["p1"].reason == "answer.unreadable"


@pytest.mark.parametrize("type_", sorted(type_ for type_ in SETTINGS if destination_class(type_).terms.idempotent))
def test_a_row_that_may_be_repeated_leaves_the_same_state_the_second_time(sandbox: Sandbox, type_: str) -> None:
    wire = Wire(sandbox, type_)
    rows = [create(f"p{n}", LastName="Ito", email=f"p{n}@example.jp") for n in range(3)]
    rows = rows if type_ != "salesforce" else [create(f"p{n}", LastName="Ito") for n in range(3)]
    wire.send(*rows)
    kinds = sandbox.kinds(type_)
    once = [sandbox.objects(type_, kind) for kind in kinds]
    wire.send(*rows)
    assert [sandbox.objects(type_, kind) for kind in kinds] == once
