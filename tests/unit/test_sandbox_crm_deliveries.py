"""Whole deliveries to the CRMs' stand-ins, through the engine: conversations, faults on the way, calls counted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.deliveries import Clock, Lists, MemoryLedger, bring
from harness.talks import opened, row, transport_to
from kumitate.execution.deliver import Route
from kumitate.execution.sending import Patience, Sender
from kumitate.model.request import Change
from kumitate.sandbox.server import Fault, Sandbox

UNIT = {"business_unit_id": "0Uv000000000001AAA", "key_field": "key__c"}
WAYS: dict[str, tuple[dict[str, Any], str]] = {
    "salesforce": ({"object": "Lead", "external_id": "Key__c", "bulk_above": 3}, "Lead"),
    "hubspot": ({"id_property": "kumitate_key"}, "contacts"),
    "hubspot.list": ({"id_property": "kumitate_key", "list_id": "77"}, "list 77"),
    "marketo": ({"lookup_field": "kumitateKey"}, "leads"),
    "marketo.list": ({"lookup_field": "kumitateKey", "list_id": 1001}, "list 1001"),
    "account_engagement": (UNIT, "prospects"),
    "braze": ({}, "users"),
    "kintone": ({"app": 12, "key_field": "cdp_id"}, "app 12"),
}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


def person(type_: str, key: str, operation: str = "create") -> Change:
    if type_ == "salesforce":
        return row(key, operation, LastName="山田", Company="茶店", Email=f"{key}@example.jp")
    return row(key, operation, email=f"{key}@example.jp")


def deliver(sandbox: Sandbox, type_: str, changes: list[Change]) -> Lists:
    destination, clock = opened(type_, **WAYS[type_][0]), Clock()
    lists = Lists({"s": changes})
    sender = Sender(
        connect=lambda: transport_to(sandbox, destination, type_.partition(".")[0]),
        clock=clock,
        sleep=clock.sleep,
        patience=Patience(talk_seconds=3_600),
    )
    bring(lists, MemoryLedger(clock), Route(sender, {"s": destination}, frozenset()))
    return lists


@pytest.mark.parametrize("type_", WAYS)
def test_people_arrive_and_a_second_delivery_changes_nothing(sandbox: Sandbox, type_: str) -> None:
    vendor, kind = type_.partition(".")[0], WAYS[type_][1]
    people = [person(type_, f"p{number}") for number in range(7)]
    assert set(deliver(sandbox, type_, people).verdicts().values()) == {"accepted"}
    once = sandbox.objects(vendor, kind)
    assert len(once) == 7
    assert set(deliver(sandbox, type_, people).verdicts().values()) == {"accepted"}
    again = sandbox.objects(vendor, kind)
    for revised in [*once.values(), *again.values()]:
        revised.pop("$revision", None)  # kintone counts writings
    assert again == once


@pytest.mark.parametrize("type_", sorted(WAYS.keys() - {"account_engagement"}))
def test_who_left_is_removed_and_who_was_never_there_stops_nobody(sandbox: Sandbox, type_: str) -> None:
    vendor, kind = type_.partition(".")[0], WAYS[type_][1]
    people = [person(type_, f"p{number}") for number in range(4)]
    deliver(sandbox, type_, people)
    leaving = [person(type_, key, "delete") for key in ("p1", "p2", "nobody")]
    assert set(deliver(sandbox, type_, [*leaving, person(type_, "p9")]).verdicts().values()) == {"accepted"}
    there = sandbox.objects(vendor, kind)
    if type_ == "braze":  # attributes are unset, users stay
        assert [key for key, user in there.items() if "email" not in user] == ["p1", "p2"]
    else:
        assert len(there) == 3


@pytest.mark.slow
@pytest.mark.parametrize("type_", WAYS)
@pytest.mark.parametrize(
    "fault",
    [
        Fault(429, headers={"Retry-After": "3"}),
        Fault(cut=True, works=True),
    ],
    ids=["429", "cut off after the effect"],
)
def test_a_bad_moment_of_the_vendor_is_got_over_at_whichever_call(sandbox: Sandbox, type_: str, fault: Fault) -> None:
    vendor, kind = type_.partition(".")[0], WAYS[type_][1]
    people = [person(type_, f"p{number}") for number in range(6)]
    calls = len(calls_of(sandbox, type_, people))
    for place in range(calls):
        if place:
            sandbox.fault(vendor, Fault(times=place))
        sandbox.fault(vendor, fault)
        before = len(sandbox.calls(vendor))
        assert set(deliver(sandbox, type_, people).verdicts().values()) == {"accepted"}, place
        assert len(sandbox.calls(vendor)) - before >= calls - 1
        assert len(sandbox.objects(vendor, kind)) == 6


def calls_of(sandbox: Sandbox, type_: str, people: list[Change]) -> tuple[tuple[str, str, int], ...]:
    before = len(sandbox.calls(type_.partition(".")[0]))
    deliver(sandbox, type_, people)
    return sandbox.calls(type_.partition(".")[0])[before:]


def past_the_sign_in(sandbox: Sandbox, type_: str) -> None:
    if type_.partition(".")[0] in ("salesforce", "marketo"):
        sandbox.fault(type_.partition(".")[0], Fault(times=1))


@pytest.mark.parametrize("type_", WAYS)
@pytest.mark.parametrize("status", [400, 401, 403, 413])
def test_a_refusal_takes_nobody_in_and_every_row_has_a_reason(sandbox: Sandbox, type_: str, status: int) -> None:
    past_the_sign_in(sandbox, type_)
    sandbox.fault(type_.partition(".")[0], Fault(status, {}, times=500))
    lists = deliver(sandbox, type_, [person(type_, f"p{number}") for number in range(6)])
    assert lists.verdicts().keys() == {f"p{number}" for number in range(6)}
    assert set(lists.verdicts().values()) <= {"retry", "rejected"}
    assert all(lists.reasons().values())
    if status in (401, 403):
        assert set(lists.reasons().values()) <= {"auth.refused", "request.refused"}


@pytest.mark.parametrize("type_", WAYS)
def test_a_page_of_html_settles_nothing(sandbox: Sandbox, type_: str) -> None:
    past_the_sign_in(sandbox, type_)
    page = Fault(200, b"<html>maintenance</html>", {"Content-Type": "text/html"}, times=500)
    sandbox.fault(type_.partition(".")[0], page)
    lists = deliver(sandbox, type_, [person(type_, f"p{number}") for number in range(6)])
    assert set(lists.verdicts().values()) == {"retry"}
    assert set(lists.reasons().values()) == {"answer.unreadable"}


CALLS = {
    "hubspot": 3,
    "hubspot.list": 3 + 1,
    "marketo": 1 + 1,
    "marketo.list": 1 + 2,
    "braze": 4,
    "kintone": 3,
}


@pytest.mark.parametrize(("type_", "calls"), CALLS.items())
def test_calls_are_the_fewest_that_the_vendors_sizes_allow(sandbox: Sandbox, type_: str, calls: int) -> None:
    """Of 300 rows; Marketo signs in with one more."""
    lists = deliver(sandbox, type_, [person(type_, f"p{number}") for number in range(300)])
    assert set(lists.verdicts().values()) == {"accepted"}
    assert len(sandbox.calls(type_.partition(".")[0])) == calls
