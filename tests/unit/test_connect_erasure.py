"""Who is erased at Customer Profiles has no profile there any more, and nobody else is touched."""

import json
from collections.abc import Iterator

import pytest

from harness.talks import Death, lead, opened, row
from kumitate.activation.destinations.talk import Ask, Conversing, Done, ErasingInTalk
from kumitate.aws.calls import AwsTransport
from kumitate.model.request import AwsCall, Response, Verdict
from kumitate.ports import Transport
from kumitate.sandbox.call import TOKEN
from kumitate.sandbox.server import Sandbox

SETTINGS = {"domain": "shop", "object": "Traits"}
CAMPAIGN = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, Transport]]:
    with Sandbox(tmp_path_factory.mktemp("profiles") / "sandbox.db") as sandbox:
        url = sandbox.url("connect_customer_profiles")
        yield sandbox, AwsTransport(endpoint_url=url, sandbox_token=TOKEN)


@pytest.mark.parametrize("dies", [None, (0, False), (0, True), (1, False), (1, True), (2, True)])
def test_who_is_erased_is_gone_wherever_the_process_dies(place: tuple[Sandbox, Transport], dies: Death | None) -> None:
    sandbox, way = place
    destination = opened("connect_customer_profiles", **SETTINGS)
    assert isinstance(destination, ErasingInTalk)
    (call,) = destination.requests([row(key, Tier="gold") for key in ("p1", "p2", "p3")])
    assert isinstance(call, AwsCall)
    way.send(call)
    asked = destination.erased_rows([row("p1"), row("nobody"), row("p3", "delete")])
    done = lead(destination, way, asked, dies=dies)
    assert {outcome.key: outcome.verdict for outcome in done.outcomes} == dict.fromkeys(
        ("p1", "nobody", "p3"), Verdict.ACCEPTED
    )
    left = sandbox.objects("connect_customer_profiles", "Traits").values()
    assert {each["kumitate_key"] for each in left} == {"p2"}


def test_rows_that_stay_are_put_without_a_conversation() -> None:
    destination = opened("connect_customer_profiles", **SETTINGS)
    assert isinstance(destination, Conversing)
    assert destination.begins([row("p1")], {}) is None


def test_a_refusal_says_who_is_gone_and_lets_the_others_wait() -> None:
    destination = opened("connect_customer_profiles", **SETTINGS)
    assert isinstance(destination, ErasingInTalk)
    rows = destination.erased_rows([row("p1"), row("p2")])
    turn = destination.answered(rows, {"at": 0, "found": None}, Response(200, b'{"Items": []}'))
    assert isinstance(turn, Ask)
    refused = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
    done = destination.answered(rows, turn.state, Response(403, json.dumps(refused).encode()))
    assert isinstance(done, Done)
    assert [outcome.verdict for outcome in done.outcomes] == [Verdict.ACCEPTED, Verdict.RETRY]


def test_a_key_too_long_to_be_searched_is_told_and_does_not_stop_the_others(place: tuple[Sandbox, Transport]) -> None:
    _, way = place
    destination = opened("connect_customer_profiles", **SETTINGS)
    assert isinstance(destination, ErasingInTalk)
    long = "k" * 256
    done = lead(destination, way, destination.erased_rows([row(long), row("nobody")]))
    assert [(outcome.key, outcome.verdict, outcome.reason) for outcome in done.outcomes] == [
        (long, Verdict.REJECTED, "key.too_long"),
        ("nobody", Verdict.ACCEPTED, ""),
    ]


def test_a_search_too_long_for_connect_refuses_its_row_alone() -> None:
    destination = opened("connect_campaign", sync="s", campaign_id=CAMPAIGN, domain="shop", search_key="_email")
    assert isinstance(destination, Conversing)
    turn = destination.begins([row("p1", search="x" * 256), row("p2", search="a@example.com")], {})
    assert isinstance(turn, Ask)
    assert isinstance(turn.request, AwsCall)
    assert turn.request.parameters["Values"] == ["a@example.com"]
    done = destination.answered([row("p1", search="x" * 256)], {"ids": {}, "told": {}}, Response(200, b"{}"))
    assert isinstance(done, Done)
    assert [(outcome.verdict, outcome.reason) for outcome in done.outcomes] == [(Verdict.REJECTED, "text.too_long")]
