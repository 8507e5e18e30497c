"""Jobs that never end at the vendor: looked at for a day, then given up in words, aborted where that can be."""

import json
from typing import Any

import pytest

from harness.talks import opened, row
from kumitate.activation.destinations.talk import Ask, Conversing, Done, Wait
from kumitate.model.request import HttpRequest, Response

SALESFORCE = {"object": "Contact", "external_id": "Key__c", "bulk_above": 1}
PARDOT = {"business_unit_id": "0Uv000000000001AAA", "key_field": "key__c"}
ROWS = [row("p1", LastName="Ito", email="a@example.jp"), row("p2", LastName="Abe", email="b@example.jp")]


def stuck(type_: str, settings: dict[str, Any], state: str) -> tuple[list[HttpRequest], list[float], Done]:
    """The requests, the waits and the end, where the vendor's job stays in one state whatever is asked."""
    destination = opened(type_, **settings)
    assert isinstance(destination, Conversing)
    asked: list[HttpRequest] = []
    waits: list[float] = []
    turn = destination.begins(ROWS, {})
    for _ in range(1_000):
        if isinstance(turn, Done):
            return asked, waits, turn
        if isinstance(turn, Wait):
            waits.append(turn.seconds)
            turn = destination.resumed(ROWS, json.loads(json.dumps(turn.state)))
            continue
        assert isinstance(turn, Ask)
        assert isinstance(turn.request, HttpRequest)
        asked.append(turn.request)
        answer = {"id": "750", "state": state, "status": state}
        turn = destination.answered(ROWS, turn.state, Response(200, json.dumps(answer).encode()))
    raise AssertionError("it is asked for ever")


@pytest.mark.parametrize("state", ["InProgress", "Open"])
def test_a_bulk_job_that_never_ends_is_aborted_after_a_day(state: str) -> None:
    asked, waits, done = stuck("salesforce", SALESFORCE, state)
    assert 20 * 3600 < sum(waits) < 30 * 3600
    assert waits[0] == 5.0
    assert (asked[-1].method, json.loads(asked[-1].body)) == ("PATCH", {"state": "Aborted"})
    assert {(o.verdict, o.reason) for o in done.outcomes} == {("retry", "unavailable")}
    assert "aborted" in done.outcomes[0].message


@pytest.mark.parametrize("state", ["Processing", "Open"])
def test_an_import_that_never_ends_is_left_after_a_day(state: str) -> None:
    _, waits, done = stuck("account_engagement", PARDOT, state)
    assert 20 * 3600 < sum(waits) < 30 * 3600
    assert waits[0] == 10.0
    assert {(o.verdict, o.reason) for o in done.outcomes} == {("retry", "unavailable")}
    assert "left" in done.outcomes[0].message
