"""Alerts and webhooks in the sandbox: what arrives, what is refused, and what is never taken twice."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from harness.deliveries import Clock, MemoryLedger
from harness.talks import opened, row, sent, transport_to
from kumitate.activation.destinations.talk import Erasing
from kumitate.activation.destinations.teams import MOST_BYTES
from kumitate.config.sync import Destination as Account
from kumitate.execution.accounts import connect
from kumitate.execution.portion import Page
from kumitate.execution.sending import Sender
from kumitate.model.request import Change, HttpRequest, Outcome
from kumitate.sandbox.server import Fault, Sandbox

WEBHOOK = {"path": "/hooks/crm", "sync": "members"}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


def send(sandbox: Sandbox, type_: str, *changes: Change, **settings: Any) -> dict[str, Outcome]:
    destination = opened(type_, **settings)
    return sent(destination, transport_to(sandbox, destination, type_.partition(".")[0]), changes)


def test_a_card_arrives_with_its_facts_and_a_button(sandbox: Sandbox) -> None:
    change = row("p1", text="Tanaka looked", title="Hot", visits=5, link="https://crm.example/1")
    outcomes = send(sandbox, "teams", change, link_title="Open in CRM")
    assert outcomes["p1"].reason == "accepted.unconfirmed"
    (card,) = sandbox.objects("teams", "cards").values()
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "Open in CRM", "url": "https://crm.example/1"}]
    assert card["body"][2] == {"type": "FactSet", "facts": [{"title": "visits", "value": "5"}]}


@pytest.mark.parametrize("text", ["あ" * 40_000, '"\n\\' * 20_000, "x" * 200_000])
def test_a_card_is_cut_to_what_teams_takes(sandbox: Sandbox, text: str) -> None:
    fields = {f"field {number}": "長い値" * 500 for number in range(15)}
    destination = opened("teams")
    (request,) = destination.requests([row("p1", text=text, title="t" * 500, **fields)])
    assert isinstance(request, HttpRequest)
    assert len(request.body) <= MOST_BYTES
    assert send(sandbox, "teams", row("p1", text=text))["p1"].verdict == "accepted"


@pytest.mark.parametrize("type_", ["teams", "slack.webhook"])
def test_an_alert_whose_answer_was_lost_is_unknown_and_not_repeated(sandbox: Sandbox, type_: str) -> None:
    vendor = type_.partition(".")[0]
    sandbox.fault(vendor, Fault(cut=True, works=True))
    destination, clock = opened(type_), Clock()
    ledger = MemoryLedger(clock)
    account = Account(type=vendor)
    sender = Sender(
        connect=lambda: connect(account, destination.terms, sandbox=sandbox, environment={}),
        clock=clock,
        sleep=clock.sleep,
    )
    sender.send(destination, [row("p1", text="hello")], Page(ledger, "r1", "s"))
    (note,) = ledger.notes("r1", "s").values()
    assert isinstance(note, Outcome)
    assert note.verdict == "unknown"
    assert len(sandbox.objects(vendor, "cards" if vendor == "teams" else "incoming")) == 1


def test_slacks_webhook_takes_the_message_and_says_ok(sandbox: Sandbox) -> None:
    outcomes = send(sandbox, "slack.webhook", row("p1", text="<hello>", link="https://crm.example/1?a=1&b=2"))
    assert outcomes["p1"] == Outcome("p1", outcomes["p1"].verdict)
    (message,) = sandbox.objects("slack", "incoming").values()
    assert message["blocks"][-1]["text"]["text"] == "<https://crm.example/1?a=1&amp;b=2|Open>"


@pytest.mark.parametrize("type_", ["slack", "slack.webhook", "teams"])
def test_a_value_reads_as_people_write_it(type_: str) -> None:
    settings = {"channel": "C1", "sync": "s"} if type_ == "slack" else {}
    fields = {"tags": ["赤", None, True], "size": {"幅": 3, "is_new": False}, "rows": [{"a": 1}, 2.5], "vip": True}
    (request,) = opened(type_, **settings).requests([row("p1", text=["a", "b"], title={"名": "x"}, **fields)])
    assert isinstance(request, HttpRequest)
    shown = json.dumps(json.loads(request.body), ensure_ascii=False).replace("\\", "").replace('"', "'")
    for wanted in ("a, b", "{'名': 'x'}", "赤, true", "{'幅': 3, 'is_new': false}", "{'a': 1}, 2.5"):
        assert wanted in shown or wanted.replace("_", "\\_") in shown
    assert not {"True", "False", "None"} & set(shown.replace(",", " ").replace("'", " ").split())


@pytest.mark.parametrize(
    ("status", "error", "outcome"),
    [
        *((200, error, ("retry", "request.refused")) for error in ("restricted_action", "no_permission")),
        *((200, error, ("retry", "request.refused")) for error in ("ekm_access_denied", "team_access_not_granted")),
        (200, "token_revoked", ("retry", "auth.refused")),
        (403, "forbidden_by_policy", ("retry", "request.refused")),
        (404, "unknown_method", ("retry", "request.refused")),
        (400, "invalid_blocks", ("rejected", "vendor.invalid_blocks")),
    ],
)
def test_what_lies_with_the_workspace_is_no_fault_of_a_row(
    sandbox: Sandbox, status: int, error: str, outcome: tuple[str, str]
) -> None:
    sandbox.fault("slack", Fault(status, {"ok": False, "error": error}))
    found = send(sandbox, "slack", row("p1", text="hello"), channel="C1", sync="s")["p1"]
    assert (found.verdict, found.reason) == outcome


@pytest.mark.parametrize("link", ["http://crm.example", "javascript:alert(1)", "https://a b", "https://" + "x" * 2_000])
@pytest.mark.parametrize("type_", ["slack", "slack.webhook", "teams"])
def test_a_link_that_would_lead_nowhere_is_refused(type_: str, link: str) -> None:
    settings = {"channel": "C1", "sync": "s"} if type_ == "slack" else {}
    (found,) = opened(type_, **settings).requests([row("p1", text="hello", link=link)])
    assert isinstance(found, Outcome)
    assert found.reason == "link.invalid"


def test_rows_come_signed_and_are_kept_by_key(sandbox: Sandbox) -> None:
    changes = [row("p1", tier="gold"), row("p2", "update", tier=None), row("p3")]
    outcomes = send(sandbox, "webhook", *changes, **WEBHOOK, rows_per_request=10)
    assert {key: outcome.reason for key, outcome in outcomes.items()} == {"p1": "", "p2": "", "p3": "vendor.refused"}
    assert sandbox.objects("webhook", "rows") == {"p1": {"tier": "gold"}, "p2": {"tier": None}}
    send(sandbox, "webhook", row("p1", "delete"), **WEBHOOK)
    assert set(sandbox.objects("webhook", "rows")) == {"p2"}


def test_one_row_a_request_needs_no_list(sandbox: Sandbox) -> None:
    (request,) = opened("webhook", **WEBHOOK).requests([row("p1", tier="gold")])
    assert isinstance(request, HttpRequest)
    assert json.loads(request.body) == {
        "sync": "members",
        "operation": "create",
        "key": "p1",
        "fields": {"tier": "gold"},
    }
    assert send(sandbox, "webhook", row("p1", tier="gold"), **WEBHOOK)["p1"].verdict == "accepted"


def idempotency_key(change: Change) -> str:
    (request,) = opened("webhook", **WEBHOOK).requests([change])
    assert isinstance(request, HttpRequest)
    return request.headers["Idempotency-Key"]


def test_a_request_is_told_apart_by_what_it_says_and_what_was_there_before() -> None:
    change = row("p1", "update", {"tier": "gold"}, tier="silver")
    assert idempotency_key(change) == idempotency_key(change)
    others = [
        row("p1", "update", {"tier": "bronze"}, tier="silver"),
        row("p1", "update", {"tier": "gold"}, tier="gold"),
        row("p2", "update", {"tier": "gold"}, tier="silver"),
        row("p1", "delete", {"tier": "gold"}, tier="silver"),
    ]
    assert len({idempotency_key(other) for other in [change, *others]}) == 5


def test_what_comes_twice_is_taken_once(sandbox: Sandbox) -> None:
    for _ in range(2):
        send(sandbox, "webhook", row("p1", tier="gold"), row("p2", tier="gold"), **WEBHOOK, rows_per_request=2)
    assert len(sandbox.objects("webhook", "requests")) == 1


def test_a_person_is_erased_by_an_operation_of_its_own(sandbox: Sandbox) -> None:
    destination = opened("webhook", **WEBHOOK)
    assert isinstance(destination, Erasing)
    send(sandbox, "webhook", row("p1", tier="gold"), **WEBHOOK)
    (request,) = destination.erasures([row("p1", tier="gold")])
    assert isinstance(request, HttpRequest)
    assert json.loads(request.body)["fields"] == {}
    assert transport_to(sandbox, destination, "webhook").send(request).status == 200
    assert sandbox.objects("webhook", "rows") == {}


def test_large_rows_are_split_before_a_megabyte() -> None:
    changes = [row(f"p{number}", note="あ" * 100_000) for number in range(5)]
    requests = list(opened("webhook", **WEBHOOK, rows_per_request=100).requests(changes))
    assert [len(request.keys) for request in requests] == [3, 2]  # type: ignore[union-attr]  # its kind is known


def test_a_wrong_signature_is_refused(sandbox: Sandbox) -> None:
    answer = urllib3.PoolManager().request("POST", sandbox.url("webhook") + "/hooks/crm", body=b"{}")
    assert answer.status == 401


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault(400, {"error": "no"}), ("rejected", "vendor.http_400")),
        (Fault(404, b"<html>"), ("retry", "request.refused")),
        (Fault(200, b"<html>sign in</html>"), ("retry", "answer.unreadable")),
        (Fault(204), ("accepted", "")),
        (Fault(200, {"results": "all fine"}), ("accepted", "")),
        (Fault(409), ("accepted", "accepted.before")),
    ],
)
def test_whatever_a_receiver_answers_the_row_has_an_outcome(
    sandbox: Sandbox, fault: Fault, outcome: tuple[str, str]
) -> None:
    sandbox.fault("webhook", fault)
    found = send(sandbox, "webhook", row("p1", tier="gold"), **WEBHOOK)["p1"]
    assert (found.verdict, found.reason) == outcome
