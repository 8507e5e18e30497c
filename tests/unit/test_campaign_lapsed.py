"""A campaign is not asked a second time for a person when Connect may have forgotten the first."""

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from harness.deliveries import Clock
from harness.talks import opened, row
from kumitate.activation.destinations.talk import Ask, Conversing, Done
from kumitate.execution.dialogue import Dialogue, Times
from kumitate.execution.sending import Sender
from kumitate.model.request import AwsCall, Outcome, Request, Response

SETTINGS = {"campaign_id": "6ba7b810", "domain": "shop", "sync": "winback"}
MANY = [row(f"p{n}", profile_id=f"{n:032x}") for n in range(1, 23)]
"""One more than two to a call of twenty: they leave in two."""
FOUND = row("found", search="p0")


class Connect:
    """Finds everybody, takes every request; loses its first answers of one operation."""

    def __init__(self, loses: str) -> None:
        self.loses = loses
        self.asked: list[str] = []

    def send(self, request: Request) -> Response:
        assert isinstance(request, AwsCall)
        if request.operation == "search_profiles":
            answer: dict[str, Any] = {"Items": [{"ProfileId": "f" * 32}]}
        else:
            rows = request.parameters["profileOutboundRequests"]
            self.asked += [each["profileId"] for each in rows]
            answer = {"successfulRequests": [{"clientToken": each["clientToken"]} for each in rows]}
        if request.operation == self.loses:
            self.loses = ""
            raise KeyboardInterrupt
        return Response(200, json.dumps(answer).encode())


def resumed_after(hours: float, loses: str) -> tuple[Connect, dict[str, Outcome]]:
    """Killed while an answer was on its way, and taken up later: what Connect was asked for, and what became of it."""
    connect, clock = Connect(loses), Clock()
    campaign = opened("connect_campaign", **SETTINGS)
    assert isinstance(campaign, Conversing)
    notes: list[tuple[Any, Times]] = []
    dialogue = Dialogue(
        sender=Sender(connect=lambda: connect, clock=clock, sleep=clock.sleep),
        destination=campaign,
        changes=[FOUND, *MANY],
        may_go_on=lambda: None,
        note=lambda turn, times: notes.append((turn.state, times)),
        repeatable=timedelta(seconds=opened("connect_campaign", **SETTINGS).terms.repeatable_seconds),
    )
    first = campaign.begins(dialogue.changes, {})
    assert isinstance(first, Ask)
    with pytest.raises(KeyboardInterrupt):
        dialogue.held(first)
    clock.sleep(hours * 3600)
    done = dialogue.taken_up(*notes[-1])
    assert isinstance(done, Done)
    return connect, {outcome.key: outcome for outcome in done.outcomes}


def verdicts(outcomes: Iterable[Outcome]) -> set[str]:
    return {outcome.verdict.value for outcome in outcomes}


def test_rows_whose_answer_got_lost_are_held_once_connect_may_have_forgotten_them() -> None:
    connect, outcomes = resumed_after(9, loses="put_profile_outbound_request_batch")
    assert len(connect.asked) == len(set(connect.asked)) == 20
    asked = [outcomes["found"], *(outcomes[f"p{n}"] for n in range(1, 20))]
    assert verdicts(asked) == {"unknown"}
    assert verdicts(outcomes[f"p{n}"] for n in range(20, 23)) == {"retry"}


def test_within_eight_hours_the_same_request_is_made_again() -> None:
    connect, outcomes = resumed_after(7, loses="put_profile_outbound_request_batch")
    assert len(set(connect.asked)) == 23
    assert verdicts(outcomes.values()) == {"accepted"}


def test_a_search_whose_answer_got_lost_holds_nobody() -> None:
    connect, outcomes = resumed_after(9, loses="search_profiles")
    assert connect.asked == []
    assert verdicts(outcomes.values()) == {"retry"}


def test_a_campaigns_requests_may_not_be_repeated_for_ever() -> None:
    terms = opened("connect_campaign", **SETTINGS).terms
    assert (terms.idempotent, terms.repeatable_seconds) == (False, 8 * 3600)
