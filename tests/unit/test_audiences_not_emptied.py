"""An audience is not emptied by mistake, and who may come in comes in, whatever a vendor refuses."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.talks import lead, members, opened, row, sent, transport_to
from kumitate.activation.destinations.base import Destination
from kumitate.activation.destinations.talk import Conversing
from kumitate.model.request import Change, HttpRequest, Outcome, Request, Response
from kumitate.ports import Transport
from kumitate.sandbox.server import Sandbox

GOOGLE = {"account": {"id": "1"}, "audience_id": "42", "terms_of_service": "accepted", "mode": "rebuild"}
META = {"audience_id": "77", "mode": "rebuild"}
TIKTOK = {"advertiser_id": "700", "audience_id": "900"}
IN_AUDIENCE = [row(f"p{number}", email=f"p{number}@example.jp") for number in range(3)]
CROWD = [row(f"c{number}", email=f"crowd{number}@example.jp") for number in range(1_005)]
BROKEN = [
    row("p0", "delete", email="p0@example.jp"),
    row("p1", "update", {"email": "p1@example.jp"}, email=None),
    row("p2", "update", {"email": "p2@example.jp"}, email="nobody"),
    row("p3", email=""),
]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


def told(outcomes: Sequence[Outcome]) -> dict[str, tuple[str, str]]:
    return {outcome.key: (outcome.verdict.value, outcome.reason) for outcome in outcomes}


def led_or_sent(destination: Destination, transport: Transport, changes: Sequence[Change]) -> Sequence[Outcome]:
    """As the engine brings them: a conversation where the destination begins one, else plain requests."""
    assert isinstance(destination, Conversing)
    if destination.begins(changes, {}) is None:
        return tuple(sent(destination, transport, changes).values())
    return lead(destination, transport, changes).outcomes


@pytest.mark.parametrize(
    ("type_", "settings"), [("google_data_manager", GOOGLE), ("meta", META)], ids=["google", "meta"]
)
def test_a_rebuild_from_rows_that_all_lost_their_match_keys_takes_out_only_who_left(
    sandbox: Sandbox, type_: str, settings: dict[str, Any]
) -> None:
    destination, audience = opened(type_, **settings), str(settings["audience_id"])
    transport = transport_to(sandbox, destination, type_)
    sent(destination, transport, IN_AUDIENCE)
    outcomes = told(led_or_sent(destination, transport, BROKEN))
    assert len(members(sandbox, type_, audience)) == 2
    assert outcomes.pop("p0") == ("accepted", "accepted.unconfirmed")
    assert outcomes.pop("p3") == ("rejected", "matchkey.none")
    assert set(outcomes.values()) == {("retry", "matchkey.none")}  # they are still in it


class RefusesIngests:
    """Google that names every member of an ingest as bad, and does everything else."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def send(self, request: Request) -> Response:
        if isinstance(request, HttpRequest) and request.path.endswith(":ingest"):
            fields = [
                {"field": f"audience_members.audience_members[{number}].user_data", "description": "INVALID"}
                for number in range(len(request.keys))
            ]
            error = {"status": "INVALID_ARGUMENT", "details": [{"fieldViolations": fields}]}
            return Response(400, json.dumps({"error": error}).encode())
        return self.transport.send(request)


def test_a_list_whose_every_new_member_google_refuses_stays_as_it_was_and_says_so(sandbox: Sandbox) -> None:
    destination = opened("google_data_manager", **GOOGLE)
    transport = transport_to(sandbox, destination, "google_data_manager")
    sent(destination, transport, IN_AUDIENCE)
    changes = [row("p0", "delete", email="p0@example.jp"), row("p9", email="p9@example.jp"), row("p8", email="nobody")]
    changes += [row("p1", "update", {"email": "p1@example.jp"}, email="other@example.jp")]
    done = lead(destination, RefusesIngests(transport), changes)
    assert told(done.outcomes) == {
        "p0": ("retry", "request.refused"),
        "p9": ("rejected", "vendor.refused"),
        "p1": ("retry", "vendor.refused"),
        "p8": ("rejected", "matchkey.none"),
    }
    assert "nobody was removed" in done.outcomes[0].message
    assert len(members(sandbox, "google_data_manager", "42")) == 3


def test_tiktoks_joiners_come_in_before_leavers_go_where_too_few_would_be_left_else(sandbox: Sandbox) -> None:
    destination = opened("tiktok", **TIKTOK, mode="mirror")
    transport = transport_to(sandbox, destination, "tiktok")
    lead(destination, transport, CROWD)
    leaving = [row(change.key, "delete", **change.fields) for change in CROWD[:10]]
    joining = [row(f"n{number}", email=f"new{number}@example.jp") for number in range(100)]
    done = lead(destination, transport, [*leaving, *joining])
    assert set(told(done.outcomes).values()) == {("accepted", "accepted.unconfirmed")}
    assert len(members(sandbox, "tiktok", "audience 900")) == 1_005 - 10 + 100


def test_a_removal_that_tiktok_refuses_waits_alone_and_unusable_rows_say_why(sandbox: Sandbox) -> None:
    destination = opened("tiktok", **TIKTOK, mode="mirror")
    transport = transport_to(sandbox, destination, "tiktok")
    lead(destination, transport, CROWD)
    leaving = [row(change.key, "delete", **change.fields) for change in CROWD[:10]]
    done = lead(destination, transport, [*leaving, row("n1", email="new@example.jp"), row("u1", email="nobody")])
    outcomes = told(done.outcomes)
    assert outcomes.pop("n1") == ("accepted", "accepted.unconfirmed")
    assert outcomes.pop("u1") == ("rejected", "matchkey.none")
    assert set(outcomes.values()) == {("retry", "audience.too_small")}
    assert len(members(sandbox, "tiktok", "audience 900")) == 1_006


def test_what_tiktok_is_just_brought_with_one_person_does_not_leave_with_another(sandbox: Sandbox) -> None:
    destination = opened("tiktok", **TIKTOK, mode="mirror")
    transport = transport_to(sandbox, destination, "tiktok")
    lead(destination, transport, CROWD)
    shared = str(CROWD[0].fields["email"])
    lead(destination, transport, [row("c0", "delete", email=shared), row("n1", email=shared)])
    assert len(members(sandbox, "tiktok", "audience 900")) == 1_005


def test_a_tiktok_audience_to_be_replaced_by_nobody_keeps_its_people(sandbox: Sandbox) -> None:
    destination = opened("tiktok", **TIKTOK, mode="rebuild")
    transport = transport_to(sandbox, destination, "tiktok")
    lead(destination, transport, CROWD)
    broken = [row(change.key, "update", dict(change.fields), email=None) for change in CROWD]
    outcomes = told(led_or_sent(destination, transport, broken))
    assert set(outcomes.values()) == {("retry", "matchkey.none")}  # they are still in it
    assert len(members(sandbox, "tiktok", "audience 900")) == 1_005


def test_metas_stand_in_knows_no_dataset_that_is_an_ad_account_and_no_event_is_blamed_for_it(sandbox: Sandbox) -> None:
    destination = opened("meta.conversion", dataset_id="555")
    transport = transport_to(sandbox, destination, "meta")
    (request,) = destination.requests([row("o1", email="a@example.jp", event_time="2026-11-20T10:00:00Z")])
    assert isinstance(request, HttpRequest)
    answer = transport.send(HttpRequest("POST", "/v26.0/act_555/events", request.body, request.keys, request.headers))
    assert json.loads(answer.body)["error"]["error_subcode"] == 33
    assert told(destination.outcomes(request, answer)) == {"o1": ("retry", "request.refused")}
