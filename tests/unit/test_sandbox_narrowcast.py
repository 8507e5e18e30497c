"""Narrowcasts in the sandbox: one message to a whole audience, once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.talks import lead, opened, row, transport_to, with_answers
from kumitate.activation.destinations.talk import Leaning
from kumitate.model.request import Change
from kumitate.sandbox.server import Sandbox

NARROWCAST = {"sync": "spring", "audience_sync": "vips"}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


def audience_of(sandbox: Sandbox, count: int) -> dict[str, Any]:
    destination = opened("line", sync="vips", mode="rebuild")
    transport = transport_to(sandbox, destination, "line")
    members = [row(f"p{number}", line_user_id=f"U{number:032x}") for number in range(count)]
    return dict(lead(destination, transport, members).memory or {})


def campaign(key: str, text: str = "春のセールです", name: str = "spring") -> Change:
    return row(key, campaign=name, text=text)


@pytest.mark.slow
@pytest.mark.parametrize("killed_at", [None, *range(4)])
@pytest.mark.parametrize("after_sending", [False, True])
def test_a_narrowcast_goes_out_once_wherever_the_process_died(
    sandbox: Sandbox, killed_at: int | None, after_sending: bool
) -> None:
    audience = audience_of(sandbox, 60)
    destination = opened("line.narrowcast", **NARROWCAST)
    assert isinstance(destination, Leaning)
    assert destination.leans_on() == ["vips"]
    transport = transport_to(sandbox, destination, "line")
    dies = None if killed_at is None else (killed_at, after_sending)
    memory = {"syncs": {"vips": audience}}
    done = lead(destination, transport, [campaign("p1"), campaign("p2")], memory=memory, dies=dies)
    (request,) = sandbox.objects("line", "narrowcasts")
    assert (done.memory or {})["campaigns"] == {"spring": request}
    assert done.figures == {"targeted": 60.0, "delivered": 60.0, "undelivered": 0.0}
    later = lead(destination, transport, [campaign("p3")], memory={**memory, **(done.memory or {})})
    assert [(outcome.verdict, outcome.reason) for outcome in later.outcomes] == [("rejected", "campaign.sent")]
    assert len(sandbox.objects("line", "narrowcasts")) == 1


def test_a_narrowcast_that_line_is_still_sending_after_a_day_is_taken_and_not_asked_after_for_ever(
    sandbox: Sandbox,
) -> None:
    audience_of(sandbox, 60)
    destination = opened("line.narrowcast", sync="spring", audience_group_id=5)
    transport = transport_to(sandbox, destination, "line")
    done = with_answers(destination, transport, [campaign("p1")], None, {"GET": {"phase": "sending"}})
    assert {(outcome.verdict.value, outcome.message) for outcome in done.outcomes} == {
        ("accepted", "LINE was still sending after a day")
    }
    assert "spring" in (done.memory or {})["campaigns"]


def test_a_narrowcast_to_fewer_than_fifty_fails_and_the_next_try_is_a_new_one(sandbox: Sandbox) -> None:
    destination = opened("line.narrowcast", **NARROWCAST)
    transport = transport_to(sandbox, destination, "line")
    few = {"syncs": {"vips": audience_of(sandbox, 49)}}
    done = lead(destination, transport, [campaign("p1")], memory=few)
    assert [outcome.reason for outcome in done.outcomes] == ["audience.insufficient"]
    enough = {"syncs": {"vips": audience_of(sandbox, 50)}, **(done.memory or {})}
    again = lead(destination, transport, [campaign("p1")], memory=enough)
    assert [outcome.verdict for outcome in again.outcomes] == ["accepted"]


def test_a_campaign_may_be_a_number_and_its_first_row_may_be_refused(sandbox: Sandbox) -> None:
    destination = opened("line.narrowcast", **NARROWCAST)
    transport = transport_to(sandbox, destination, "line")
    rows = [row("p1", campaign=20261122, text=""), row("p2", campaign=20261122, text="春のセールです")]
    memory = {"syncs": {"vips": audience_of(sandbox, 60)}}
    done = lead(destination, transport, rows, memory=memory)
    assert {outcome.key: (outcome.verdict, outcome.reason) for outcome in done.outcomes} == {
        "p1": ("rejected", "field.missing"),
        "p2": ("accepted", "accepted.unconfirmed"),
    }
    assert list((done.memory or {})["campaigns"]) == ["20261122"]
