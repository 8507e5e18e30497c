"""Mails through SES: whom it can write to, one address that spoils a call, and answers that do not say what became."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.deliveries import Clock, MemoryLedger
from harness.talks import opened, row, transport_to
from kumitate.execution.portion import Page
from kumitate.execution.sending import Sender
from kumitate.model.request import AwsCall, Outcome, Response
from kumitate.sandbox.server import Sandbox

MAIL = {"from_address": "a@example.jp", "template": "t", "unsubscribe_url": "https://example.jp/{key}"}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("yamada@例え.jp", "yamada@xn--r8jz45g.jp"),
        ("first.last+x@example.jp", "first.last+x@example.jp"),
        ("..dots.@docomo.example.jp", "..dots.@docomo.example.jp"),
        ("山田@example.jp", "email.invalid"),
        ("a@例え..jp", "email.invalid"),
        (f"a@{'例' * 64}.jp", "email.invalid"),
    ],
)
def test_a_mail_goes_to_ascii_before_the_at_and_punycode_behind_it(given: str, sent: str) -> None:
    (item,) = opened("ses", **MAIL).requests([row("p1", to=given)])
    if isinstance(item, Outcome):
        assert item.reason == sent
    else:
        assert isinstance(item, AwsCall)
        assert item.parameters["BulkEmailEntries"][0]["Destination"] == {"ToAddresses": [sent]}


def test_one_address_that_ses_alone_finds_wrong_does_not_hold_up_the_others(sandbox: Sandbox) -> None:
    destination, clock = opened("ses", **MAIL), Clock()
    ledger = MemoryLedger(clock)
    sender = Sender(connect=lambda: transport_to(sandbox, destination, "ses"), clock=clock, sleep=clock.sleep)
    rows = [*(row(f"p{n}", to=f"p{n}@example.jp") for n in range(9)), row("bad", to="bad@exa_mple.jp")]
    sender.send(destination, rows, Page(ledger, "r1", "s"))
    notes = {key: note for key, note in ledger.notes("r1", "s").items() if isinstance(note, Outcome)}
    assert {key: note.reason for key, note in notes.items() if note.reason} == {"bad": "row.spoils_batch"}
    assert sorted(each["to"][0] for each in sandbox.objects("ses", "messages").values()) == [
        f"p{n}@example.jp" for n in range(9)
    ]


@pytest.mark.parametrize("result", [{}, {"Status": "QUEUED_SOMEWHERE"}, {"Status": None}])
def test_a_result_that_says_nothing_known_is_held_and_not_called_refused(result: dict[str, str]) -> None:
    destination = opened("ses", **MAIL)
    (call,) = destination.requests([row("p1", to="a@example.jp")])
    assert isinstance(call, AwsCall)
    answer = Response(200, json.dumps({"BulkEmailEntryResults": [result]}).encode())
    (outcome,) = destination.outcomes(call, answer)
    assert (outcome.verdict, outcome.reason) == ("unknown", "answer.unreadable")
