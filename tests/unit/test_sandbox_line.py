"""LINE in the sandbox: audiences become what their segments are, and nobody is written to twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from harness.talks import lead, opened, row, sent, transport_to, with_answers
from kumitate.activation.destinations.answers import common_outcomes
from kumitate.activation.destinations.line_rebuild import Members, Rebuild
from kumitate.activation.destinations.talk import Ask
from kumitate.model.request import Change, HttpRequest, Response
from kumitate.sandbox.server import Fault, Sandbox

REBUILD = {"sync": "vips", "mode": "rebuild"}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


def user(number: int, *, is_friend: bool = True) -> str:
    return f"U{number:032x}" if is_friend else f"Uffff{number:028x}"


def member(number: int, operation: str = "create", *, is_friend: bool = True) -> Change:
    return row(f"p{number}", operation, line_user_id=user(number, is_friend=is_friend))


def audiences(sandbox: Sandbox) -> list[list[str]]:
    return [group["ids"] for group in sandbox.objects("line", "groups").values()]


@pytest.mark.slow
@pytest.mark.parametrize("killed_at", [None, *range(6)])
@pytest.mark.parametrize("after_sending", [False, True])
def test_one_audience_holds_exactly_the_segment_wherever_the_process_died(
    sandbox: Sandbox, killed_at: int | None, after_sending: bool
) -> None:
    destination = opened("line", **REBUILD)
    transport = transport_to(sandbox, destination, "line")
    first = lead(destination, transport, [member(1), member(2)])
    changes = [member(1, "keep"), member(2, "delete"), member(3), row("p4", line_user_id="taro")]
    dies = None if killed_at is None else (killed_at, after_sending)
    done = lead(destination, transport, changes, memory=first.memory, dies=dies)
    assert audiences(sandbox) == [[user(1), user(3)]]
    (id_,) = sandbox.objects("line", "groups")
    assert done.memory == {"generation": 2, "audience_group_id": int(id_)}
    verdicts = {outcome.key: outcome.verdict.value for outcome in done.outcomes}
    assert verdicts == {"p1": "accepted", "p2": "accepted", "p3": "accepted", "p4": "rejected"}
    assert done.figures == {"received": 2.0, "matched": 2.0}


def test_no_audience_with_who_has_left_stays_where_too_few_are_left_for_a_new_one(sandbox: Sandbox) -> None:
    destination = opened("line", **REBUILD)
    transport = transport_to(sandbox, destination, "line")
    first = lead(destination, transport, [member(1), member(2, is_friend=False)])
    changes = [member(1, "delete"), member(2, "keep", is_friend=False)]
    done = lead(destination, transport, changes, memory=first.memory)
    assert audiences(sandbox) == []
    assert {(o.key, o.verdict.value) for o in done.outcomes} == {("p1", "accepted"), ("p2", "rejected")}
    assert (done.memory or {}).get("audience_group_id") is None
    stays = lead(destination, transport, [member(1), member(3)], memory=done.memory)
    few = lead(destination, transport, [member(2, is_friend=False)], memory=stays.memory)
    assert audiences(sandbox) == [[user(1), user(3)]], "where nobody has left, the one before stays"
    assert {(o.key, o.verdict.value) for o in few.outcomes} == {("p2", "rejected")}


def test_the_audience_stays_where_people_are_wanted_and_none_can_be_used(sandbox: Sandbox) -> None:
    newcomer = row("p9", line_user_id=None)
    destination = opened("line", **REBUILD)
    transport = transport_to(sandbox, destination, "line")
    first = lead(destination, transport, [member(1), member(2)])
    unusable = row("p2", "update", line_user_id="taro")
    done = lead(destination, transport, [newcomer, unusable, member(1, "delete")], memory=first.memory)
    assert audiences(sandbox) == [[user(1), user(2)]]
    verdicts = {outcome.key: (outcome.verdict.value, outcome.reason) for outcome in done.outcomes}
    assert verdicts["p9"][0] == "rejected"
    assert verdicts["p1"] == ("retry", "audience.insufficient"), "who has left is said to be in it still"
    assert verdicts["p2"][0] == "retry", "who was in it still is"
    again = lead(destination, transport, [member(1, "delete"), member(2, "delete")], memory=done.memory)
    assert audiences(sandbox) == []
    assert (again.memory or {}).get("audience_group_id") is None


@pytest.mark.parametrize("status", ["EXPIRED", "INACTIVE"])
def test_a_new_audience_that_will_never_be_ready_is_given_up(sandbox: Sandbox, status: str) -> None:
    destination = opened("line", **REBUILD)
    transport = transport_to(sandbox, destination, "line")
    first = lead(destination, transport, [member(1)])
    done = with_answers(
        destination,
        transport,
        [member(1, "keep"), member(2)],
        first.memory,
        {"GET": {"audienceGroup": {"status": status}}},
    )
    assert {(outcome.verdict.value, outcome.reason) for outcome in done.outcomes} == {("retry", "unavailable")}
    assert audiences(sandbox) == [[user(1)]]


def test_an_audience_that_stays_in_progress_is_given_up_after_a_day(sandbox: Sandbox) -> None:
    destination = opened("line", **REBUILD)
    transport = transport_to(sandbox, destination, "line")
    busy = {"GET": {"audienceGroup": {"status": "IN_PROGRESS"}}}
    done = with_answers(destination, transport, [member(1)], None, busy)
    assert {(outcome.verdict.value, outcome.message) for outcome in done.outcomes} == {
        ("retry", "not ready after a day")
    }
    assert audiences(sandbox) == []


def test_what_a_killed_creation_left_is_looked_for_before_anything_is_created(sandbox: Sandbox) -> None:
    destination = opened("line", **REBUILD)
    transport = transport_to(sandbox, destination, "line")
    first = lead(destination, transport, [member(1)])
    refused = {"GET": None}
    done = with_answers(destination, transport, [member(1, "keep"), member(2)], first.memory, refused, dies=(0, True))
    assert audiences(sandbox) == [[user(1)], [user(1), user(2)]]
    assert {outcome.reason for outcome in done.outcomes} == {"request.refused"}
    still = with_answers(destination, transport, [member(3), member(1, "delete")], done.memory, refused)
    assert len(audiences(sandbox)) == 2, "nothing is created while nobody says what there is"
    lead(destination, transport, [member(1, "delete"), member(3)], memory=still.memory)
    assert audiences(sandbox) == [[user(3)]]


def test_an_audience_that_line_fails_to_build_leaves_the_one_before_in_use(sandbox: Sandbox) -> None:
    destination = opened("line", **REBUILD)
    transport = transport_to(sandbox, destination, "line")
    first = lead(destination, transport, [member(1)])
    done = lead(destination, transport, [member(9, is_friend=False)], memory=first.memory)
    assert audiences(sandbox) == [[user(1)]]
    assert done.memory is not None
    assert done.memory["audience_group_id"] == (first.memory or {})["audience_group_id"]


def rebuild_of(count: int, *, most_in_file: int = 1_500_000) -> Rebuild:
    ids = tuple(user(number) for number in range(count))
    return Rebuild(name="all", members=lambda: Members(ids), keys=("p1",), most_in_file=most_in_file)


def test_many_ids_go_as_files_to_the_host_of_files(sandbox: Sandbox) -> None:
    turn = rebuild_of(10_001).begins({})
    assert isinstance(turn, Ask)
    assert isinstance(turn.request, HttpRequest)
    assert (turn.request.host, turn.request.path) == ("api-data.line.me", "/v2/bot/audienceGroup/upload/byFile")
    transport = transport_to(sandbox, opened("line", **REBUILD), "line")
    assert transport.send(turn.request).status == 202
    (ids,) = audiences(sandbox)
    assert len(ids) == 10_001


def test_more_ids_than_a_file_takes_are_added_file_by_file(sandbox: Sandbox) -> None:
    rebuild = rebuild_of(10_500, most_in_file=5_000)
    transport = transport_to(sandbox, opened("line", **REBUILD), "line")
    turn, methods = rebuild.begins({}), []
    while isinstance(turn, Ask):
        assert isinstance(turn.request, HttpRequest)
        methods.append(turn.request.method)
        turn = rebuild.answered(turn.state, transport.send(turn.request))
    assert methods == ["POST", "PUT", "PUT"]
    assert [len(ids) for ids in audiences(sandbox)] == [10_500]


def test_the_same_ids_make_the_same_file() -> None:
    assert rebuild_of(10_001).begins({}) == rebuild_of(10_001).begins({})


def test_people_are_added_to_an_audience_that_is_there(sandbox: Sandbox) -> None:
    rebuilt = opened("line", **REBUILD)
    made = lead(rebuilt, transport_to(sandbox, rebuilt, "line"), [member(1)]).memory or {}
    destination = opened("line", audience_group_id=made["audience_group_id"], sync="more", mode="add")
    outcomes = sent(destination, transport_to(sandbox, destination, "line"), [member(2), member(3, "delete")])
    assert audiences(sandbox) == [[user(1), user(2)]]
    assert {key: outcome.reason for key, outcome in outcomes.items()} == {
        "p2": "accepted.unconfirmed",
        "p3": "remove.unsupported",
    }


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"mode": "mirror"}, "use mode: rebuild"),
        ({"mode": "add"}, "needs the audience_group_id"),
        ({"mode": "rebuild", "audience_group_id": 5}, "makes its own"),
    ],
)
def test_a_mode_that_line_cannot_do_is_refused_with_the_way_out(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        opened("line", sync="vips", **settings)


def test_a_push_that_may_have_arrived_is_sent_again_and_arrives_once(sandbox: Sandbox) -> None:
    destination = opened("line.push", sync="coupons")
    transport = transport_to(sandbox, destination, "line")
    changes = [row("p1", line_user_id=user(1), text="hello")]
    assert sent(destination, transport, changes)["p1"].reason == ""
    assert sent(destination, transport, changes)["p1"].reason == "accepted.before"
    assert len(sandbox.objects("line", "pushes")) == 1


def test_another_sync_or_row_has_a_retry_key_of_its_own(sandbox: Sandbox) -> None:
    for sync, key in (("coupons", "p1"), ("coupons", "p2"), ("news", "p1")):
        destination = opened("line.push", sync=sync)
        sent(destination, transport_to(sandbox, destination, "line"), [row(key, line_user_id=user(1), text="hello")])
    assert len(sandbox.objects("line", "pushes")) == 3


def test_a_text_is_measured_as_line_measures_it(sandbox: Sandbox) -> None:
    destination = opened("line.push", sync="coupons")
    transport = transport_to(sandbox, destination, "line")
    texts = {"fits": "𠮷" * 2_500, "fits too": "あ" * 5_000, "too long": "𠮷" * 2_500 + "!"}
    outcomes = sent(destination, transport, [row(key, line_user_id=user(1), text=text) for key, text in texts.items()])
    assert {key: outcome.reason for key, outcome in outcomes.items()} == {
        "fits": "",
        "fits too": "",
        "too long": "message.too_long",
    }


def test_a_months_quota_that_is_spent_is_not_waited_out() -> None:
    destination = opened("line.push", sync="coupons")
    (request,) = destination.requests([row("p1", line_user_id=user(1), text="hello")])
    assert isinstance(request, HttpRequest)
    spent = Response(429, b'{"message":"You have reached your monthly limit."}')
    crowded = Response(429, b'{"message":"The API rate limit has been exceeded. Try again later."}')
    reasons = [(common_outcomes(request, answer, idempotent=False) or ())[0].reason for answer in (spent, crowded)]
    assert reasons == ["quota.spent", "throttled"]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, ("rejected", "vendor.http_400")),
        (403, ("retry", "request.refused")),
        (404, ("retry", "request.refused")),
        (409, ("accepted", "accepted.before")),
        (413, ("rejected", "vendor.http_413")),
    ],
)
def test_a_refused_push_lies_with_its_row_or_with_the_account(
    sandbox: Sandbox, status: int, outcome: tuple[str, str]
) -> None:
    destination = opened("line.push", sync="coupons")
    sandbox.fault("line", Fault(status, {"message": "no"}))
    change = row("p1", line_user_id=user(1), text="hello")
    found = sent(destination, transport_to(sandbox, destination, "line"), [change])["p1"]
    assert (found.verdict, found.reason) == outcome
