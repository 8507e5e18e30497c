"""A campaign begins with exactly the people of a run, once, wherever the process dies on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.activations import UPSERT, project
from harness.talks import Death, lead, opened, row
from kumitate.activation.destinations.registry import destination_for
from kumitate.activation.destinations.talk import Ask, Conversing, Done, Lapsing, Wait
from kumitate.aws.calls import AwsTransport
from kumitate.blueprint.derive import platform_of
from kumitate.blueprint.profile_objects import profile_objects
from kumitate.config.environment import Environment
from kumitate.model.request import AwsCall, Change, Request, Response
from kumitate.ports import Transport
from kumitate.sandbox.call import TOKEN
from kumitate.sandbox.server import Sandbox

SETTINGS = {"campaign_id": "6ba7b810", "domain": "shop", "object_type": "Winback", "sync": "winback"}
ROWS = [row(f"p{n:02}", EmailAddress=f"p{n}@example.jp") for n in range(12)]
TURNS = 10
"""Two calls of objects, segment, estimate and its count, the model, the campaign, its start, and some to spare."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("campaigns") / "sandbox.db") as sandbox:
        yield sandbox
    way_to.cache_clear()


@cache
def way_to(sandbox: Sandbox) -> Transport:
    """One for all: a client of AWS is dear to make."""
    return AwsTransport(endpoint_url=sandbox.url("connect_campaign"), sandbox_token=TOKEN)


def begun(sandbox: Sandbox, run_id: str, changes: Sequence[Change], *deaths: Death, **given: Any) -> Done:
    destination = opened("connect_campaign.segment", **{**SETTINGS, **given})
    return lead(destination, way_to(sandbox), changes, memory={"run_id": run_id}, deaths=deaths)


def told(done: Done) -> dict[str, str]:
    return {outcome.key: f"{outcome.verdict} {outcome.reason}".strip() for outcome in done.outcomes}


def contacted(sandbox: Sandbox, domain: str) -> list[str]:
    """Who is reached: per campaign that has begun, everybody with the mark that its segment asks for."""
    segments = sandbox.objects("connect_campaign", "segments")
    people: list[str] = []
    for campaign in sandbox.objects("connect_campaign", "campaigns").values():
        arn = campaign["source"]["customerProfilesSegmentArn"]
        mark, token = segments[arn.rpartition("/")[2]]["rule"]
        objects = sandbox.objects("connect_campaign", "objects").values()
        reached = [each["kumitate_key"] for each in objects if each.get(mark) == token]
        people += reached * campaign["starts"] if f"domains/{domain}/" in arn else []
    return sorted(people)


def test_a_campaign_like_the_model_begins_with_the_rows_and_nobody_else(sandbox: Sandbox) -> None:
    done = begun(sandbox, "r1", ROWS, domain="plain")
    assert told(done) == {change.key: "accepted" for change in ROWS}
    assert done.figures == {"matched": 12.0}
    assert contacted(sandbox, "plain") == [change.key for change in ROWS]
    (campaign,) = [
        each
        for each in sandbox.objects("connect_campaign", "campaigns").values()
        if "/plain/" in each["source"]["customerProfilesSegmentArn"]
    ]
    assert campaign["channelSubtypeConfig"]["email"]["outboundMode"] == {"agentless": {}}
    assert campaign["tags"]["owner"].startswith("arn:aws:connect:")


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deaths=st.lists(st.tuples(st.integers(0, TURNS + 4), st.booleans()), max_size=5, unique=True))
def test_wherever_it_dies_everybody_is_contacted_once(sandbox: Sandbox, deaths: list[Death]) -> None:
    name = f"d{len(sandbox.calls('connect_campaign'))}"
    rows = [row(f"{name}-{change.key}", **change.fields) for change in ROWS]
    done = begun(sandbox, name, rows, *deaths, domain=name, sync=f"s{name}")
    assert set(told(done).values()) == {"accepted"}
    assert contacted(sandbox, name) == sorted(change.key for change in rows)


def test_a_later_run_has_a_campaign_of_its_own_for_its_new_rows(sandbox: Sandbox) -> None:
    first = [row(f"a{n}") for n in range(3)]
    second = [row(f"b{n}") for n in range(2)]
    for run_id, rows in (("r1", first), ("r2", second)):
        assert set(told(begun(sandbox, run_id, rows, domain="later", sync="later")).values()) == {"accepted"}
    assert contacted(sandbox, "later") == sorted(change.key for change in (*first, *second))


def test_a_row_that_cannot_be_put_is_refused_and_the_others_begin(sandbox: Sandbox) -> None:
    rows = [row("ok"), row("huge", Note="x" * 300_000)]
    assert told(begun(sandbox, "r1", rows, domain="huge", sync="huge")) == {
        "ok": "accepted",
        "huge": "rejected object.too_large",
    }
    assert contacted(sandbox, "huge") == ["ok"]


def test_without_the_campaign_to_copy_nobody_is_contacted_and_the_rows_wait(sandbox: Sandbox) -> None:
    done = begun(sandbox, "r1", ROWS[:2], domain="none", sync="none", campaign_id="gone")
    assert set(told(done).values()) == {"retry request.refused"}
    assert "ResourceNotFoundException" in done.outcomes[0].message
    assert contacted(sandbox, "none") == []


class Slow:
    """Connect that finds only `found` of the profiles, whenever it is asked."""

    def __init__(self, way: Transport, found: int) -> None:
        self.way, self.found, self.asked = way, found, 0

    def send(self, request: Request) -> Response:
        answer = self.way.send(request)
        if isinstance(request, AwsCall) and request.operation == "get_segment_estimate":
            self.asked += 1
            return Response(200, json.dumps({"Status": "SUCCEEDED", "Estimate": str(self.found)}).encode())
        return answer


@pytest.mark.parametrize(("found", "said"), [(1, "accepted accepted.unconfirmed"), (0, "retry request.refused")])
def test_what_connect_does_not_find_in_time_is_told_and_nothing_begins_for_nobody(
    sandbox: Sandbox, found: int, said: str
) -> None:
    destination = opened("connect_campaign.segment", **{**SETTINGS, "domain": f"slow{found}", "sync": f"slow{found}"})
    slow = Slow(way_to(sandbox), found)
    done = lead(destination, slow, ROWS[:2], memory={"run_id": "r1"})
    assert set(told(done).values()) == {said}
    assert slow.asked > 10
    assert bool(contacted(sandbox, f"slow{found}")) is bool(found)


def state_at(step: str) -> dict[str, Any]:
    return {"step": step, "token": "t", "at": 1, "told": {}, "campaign": "c1", "people": 1}


@pytest.mark.parametrize(
    ("state", "said"),
    [("Running", "accepted"), ("Completed", "accepted"), ("Failed", "unknown"), ("Stopped", "unknown")],
)
def test_a_campaign_that_may_have_begun_is_asked_and_never_begun_again(state: str, said: str) -> None:
    destination = opened("connect_campaign.segment", **SETTINGS)
    assert isinstance(destination, Conversing)
    asked = destination.resumed(ROWS[:1], state_at("start"))
    assert isinstance(asked, Ask)
    assert isinstance(asked.request, AwsCall)
    assert asked.request.operation == "get_campaign_state"
    done = destination.answered(ROWS[:1], asked.state, Response(200, json.dumps({"state": state}).encode()))
    assert isinstance(done, Done)
    assert [outcome.verdict.value for outcome in done.outcomes] == [said]


@pytest.mark.parametrize(("step", "said"), [("start", "unknown"), ("count", "retry")])
def test_after_a_month_only_what_may_have_begun_is_held(step: str, said: str) -> None:
    destination = opened("connect_campaign.segment", **SETTINGS)
    assert isinstance(destination, Lapsing)
    assert [outcome.verdict.value for outcome in destination.lapsed(ROWS[:1], state_at(step)).outcomes] == [said]
    assert destination.lapsed((), state_at(step)).outcomes == ()


def test_profiles_are_given_time_to_be_found() -> None:
    destination = opened("connect_campaign.segment", **SETTINGS)
    assert isinstance(destination, Conversing)
    turn = destination.answered(ROWS[:1], {**state_at("estimate"), "arn": "a"}, Response(200, b'{"EstimateId": "e"}'))
    assert isinstance(turn, Wait)
    assert turn.seconds >= 30


def test_the_object_type_that_is_placed_takes_the_mark_to_the_attribute_that_the_segment_asks_for() -> None:
    sync = {**UPSERT, "destination": "calls", "object": "segment", "mode": "append", "fields": {"FirstName": "{id}"}}
    config = project(
        {"winback": {**sync, "settings": {"object_type": "Winback"}}},
        calls={"type": "connect_campaign", "settings": {"campaign_id": "6ba7b810", "domain": "shop"}},
    )
    here = config.model_copy(update={"environments": {"dev": Environment()}})
    (placed,) = profile_objects(platform_of(here, "dev", account="0" * 12))
    targets = {each.name: each.target for each in placed.fields}
    assert (placed.name, placed.key) == ("Winback", "kumitate_key")
    assert targets == {
        "FirstName": "_profile.FirstName",
        "kumitate_winback": "_profile.Attributes.kumitate_winback",
    }
    destination = destination_for(config, "winback")
    assert isinstance(destination, Conversing)
    turn = destination.begins(ROWS[:1], {"run_id": "r1"})
    assert isinstance(turn, Ask)
    assert isinstance(turn.request, AwsCall)
    (item,) = turn.request.parameters["Items"]
    assert "kumitate_winback" in json.loads(item["Object"])
