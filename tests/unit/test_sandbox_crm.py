"""HubSpot, Marketo and kintone in the sandbox: records, lists and tasks, removals by ids, kills on the way."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.talks import lead, opened, row, sent, transport_to
from kumitate.activation.destinations.base import Destination
from kumitate.activation.destinations.talk import Erasing
from kumitate.model.request import Change, HttpRequest, Outcome
from kumitate.ports import Transport
from kumitate.sandbox.server import Fault, Sandbox

HUBSPOT = {"id_property": "kumitate_key"}
MARKETO = {"lookup_field": "kumitateKey"}
KINTONE = {"app": 12, "key_field": "cdp_id"}

ARRIVED = [True, pytest.param(False, marks=pytest.mark.slow)]
"""Whether the request had left when the process died."""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


def way(sandbox: Sandbox, type_: str, **settings: Any) -> tuple[Destination, Transport]:
    destination = opened(type_, **settings)
    return destination, transport_to(sandbox, destination, type_.partition(".")[0])


def told(outcomes: dict[str, Outcome] | tuple[Outcome, ...]) -> dict[str, str]:
    found = outcomes.values() if isinstance(outcomes, dict) else outcomes
    return {outcome.key: outcome.reason or outcome.verdict.value for outcome in found}


def mail(key: str, operation: str = "create", **fields: Any) -> Change:
    return row(key, operation, email=f"{key}@example.jp", **fields)


def contacts(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    return {record["kumitate_key"]: record for record in sandbox.objects("hubspot", "contacts").values()}


def test_hubspot_upserts_contacts_clears_what_is_empty_and_refuses_single_rows(sandbox: Sandbox) -> None:
    hubspot, transport = way(sandbox, "hubspot", **HUBSPOT)
    sent(hubspot, transport, [mail("p1", phone="03-1234-5678"), mail("p2")])
    outcomes = sent(hubspot, transport, [mail("p1", "update", phone=None), row("p3", email="nobody")])
    assert told(outcomes) == {"p1": "accepted", "p3": "vendor.validation_error"}
    assert contacts(sandbox)["p1"]["phone"] == ""
    assert contacts(sandbox).keys() == {"p1", "p2"}


def test_hubspot_updates_alone_and_creates_nobody(sandbox: Sandbox) -> None:
    sent(*way(sandbox, "hubspot", **HUBSPOT), [mail("p1")])
    updating = way(sandbox, "hubspot", **HUBSPOT, mode="update")
    outcomes = sent(*updating, [mail("p1", phone="03"), mail("p2")])
    assert told(outcomes) == {"p1": "accepted", "p2": "vendor.object_not_found"}
    assert {key: one.get("phone") for key, one in contacts(sandbox).items()} == {"p1": "03"}


def test_hubspot_archives_by_its_own_ids_in_hundreds(sandbox: Sandbox) -> None:
    hubspot, transport = way(sandbox, "hubspot", **HUBSPOT)
    people = [mail(f"p{number}") for number in range(150)]
    sent(hubspot, transport, people)
    leaving = [mail(change.key, "delete") for change in people[:120]] + [mail("nobody", "delete")]
    done = lead(hubspot, transport, leaving)
    assert set(told(done.outcomes).values()) == {"accepted"}
    assert len(contacts(sandbox)) == 30
    assert len(sandbox.calls("hubspot")) == 2 + 2 * 2


def test_hubspot_erases_a_contact_for_good_and_one_that_is_gone_is_erased(sandbox: Sandbox) -> None:
    hubspot, transport = way(sandbox, "hubspot", **HUBSPOT)
    sent(hubspot, transport, [mail("p1")])
    assert isinstance(hubspot, Erasing)
    for request in hubspot.erasures([mail("p1"), mail("p1")]):
        assert isinstance(request, HttpRequest)
        assert told(hubspot.outcomes(request, transport.send(request))) == {"p1": "accepted"}
    assert contacts(sandbox) == {}


def test_hubspot_lists_take_contacts_that_they_upsert_on_the_way(sandbox: Sandbox) -> None:
    members, transport = way(sandbox, "hubspot.list", **HUBSPOT, list_id="77")
    people = [mail(f"p{number}") for number in range(250)]
    assert set(told(lead(members, transport, people).outcomes).values()) == {"accepted"}
    assert len(sandbox.objects("hubspot", "list 77")) == 250
    assert len(sandbox.calls("hubspot")) == 3 + 1
    lead(members, transport, [mail("p1", "delete"), mail("nobody", "delete")])
    assert len(sandbox.objects("hubspot", "list 77")) == 249
    assert len(contacts(sandbox)) == 250


TASK: dict[str, Any] = {"hs_task_subject": "料金ページを7日で5回", "hs_timestamp": "2026-11-22T00:00:00Z"}


@pytest.mark.parametrize("arrived", ARRIVED)
@pytest.mark.parametrize("turn", [0, 1, 2])
def test_a_task_is_created_once_wherever_the_process_dies(sandbox: Sandbox, turn: int, arrived: bool) -> None:
    sent(*way(sandbox, "hubspot", **HUBSPOT), [mail("p1")])
    tasks, transport = way(sandbox, "hubspot.task", **HUBSPOT)
    rows = [row("t1", **TASK, contact="p1"), row("t2", **TASK, contact="nobody"), row("t3", **TASK)]
    done = lead(tasks, transport, rows, dies=(turn, arrived))
    assert told(done.outcomes) == {"t1": "accepted", "t2": "vendor.contact_missing", "t3": "accepted"}
    there = list(sandbox.objects("hubspot", "tasks").values())
    assert sorted(task["kumitate_key"] for task in there) == ["t1", "t3"]
    (about,) = next(task["associated"] for task in there if task["kumitate_key"] == "t1")
    assert about in sandbox.objects("hubspot", "contacts")


def test_a_task_told_twice_stays_one_even_where_its_key_was_asked_for_too_early(sandbox: Sandbox) -> None:
    tasks, transport = way(sandbox, "hubspot.task", **HUBSPOT)
    lead(tasks, transport, [row("t1", **TASK)])
    again = lead(tasks, transport, [row("t1", **TASK), row("t4", **TASK)])
    assert told(again.outcomes) == {"t1": "accepted", "t4": "accepted"}
    assert len(sandbox.objects("hubspot", "tasks")) == 2


def leads(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    return {lead["kumitateKey"]: lead for lead in sandbox.objects("marketo", "leads").values()}


def test_marketo_syncs_leads_in_three_hundreds_and_tells_each(sandbox: Sandbox) -> None:
    marketo, transport = way(sandbox, "marketo", **MARKETO)
    people = [mail(f"p{number}") for number in range(301)]
    outcomes = sent(marketo, transport, [*people, row("bad", email="nobody"), mail("odd", createdAt="2026-01-01")])
    assert {key: reason for key, reason in told(outcomes).items() if reason != "accepted"} == {
        "bad": "vendor.1003",
        "odd": "vendor.1006",
    }
    assert len(leads(sandbox)) == 301
    assert [path for _, path, _ in sandbox.calls("marketo")].count("/rest/v1/leads.json") == 2


@pytest.mark.parametrize(
    ("mode", "there", "absent"),
    [("insert", "accepted.there_already", "accepted"), ("update", "accepted", "vendor.1004")],
)
def test_marketo_inserts_or_updates_alone(sandbox: Sandbox, mode: str, there: str, absent: str) -> None:
    sent(*way(sandbox, "marketo", **MARKETO), [mail("p1")])
    outcomes = sent(*way(sandbox, "marketo", **MARKETO, mode=mode), [mail("p1"), mail("p2")])
    assert told(outcomes) == {"p1": there, "p2": absent}


def test_marketo_keeps_a_body_below_a_megabyte(sandbox: Sandbox) -> None:
    marketo, transport = way(sandbox, "marketo", **MARKETO)
    people = [mail(f"p{number}", notes="長" * 5_000) for number in range(150)]
    requests = [request for request in marketo.requests(people) if isinstance(request, HttpRequest)]
    assert len(requests) == 3
    assert max(len(request.body) for request in requests) <= 1_000_000
    assert set(told(sent(marketo, transport, people)).values()) == {"accepted"}


@pytest.mark.parametrize("arrived", ARRIVED)
@pytest.mark.parametrize("turn", range(4))
def test_marketo_lists_come_out_the_same_wherever_the_process_dies(sandbox: Sandbox, turn: int, arrived: bool) -> None:
    members, transport = way(sandbox, "marketo.list", **MARKETO, list_id=1001)
    lead(members, transport, [mail("p1"), mail("p2")])
    changes = [mail("p1", "delete"), mail("nobody", "delete"), mail("p3"), row("p4", email="nobody")]
    done = lead(members, transport, changes, dies=(turn, arrived))
    assert told(done.outcomes) == {"p1": "accepted", "nobody": "accepted", "p3": "accepted", "p4": "vendor.1003"}
    ids = {str(leads(sandbox)[key]["id"]) for key in ("p2", "p3")}
    assert sandbox.objects("marketo", "list 1001").keys() == ids


def test_marketo_deletes_leads_by_its_own_ids(sandbox: Sandbox) -> None:
    marketo, transport = way(sandbox, "marketo", **MARKETO)
    sent(marketo, transport, [mail("p1"), mail("p2")])
    done = lead(marketo, transport, [mail("p1", "delete"), mail("nobody", "delete"), mail("p3")])
    assert set(told(done.outcomes).values()) == {"accepted"}
    assert leads(sandbox).keys() == {"p2", "p3"}


def test_a_marketo_token_that_has_expired_is_told_with_http_200(sandbox: Sandbox) -> None:
    marketo, transport = way(sandbox, "marketo", **MARKETO)
    sent(marketo, transport, [mail("p1")])
    refused = {"success": False, "errors": [{"code": "602", "message": "Access token expired"}]}
    sandbox.fault("marketo", Fault(200, refused))
    assert told(sent(marketo, transport, [mail("p1")])) == {"p1": "auth.refused"}


def records(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    return {record["cdp_id"]["value"]: record for record in sandbox.objects("kintone", "app 12").values()}


def test_kintone_upserts_in_hundreds_and_names_the_record_that_spoils_the_others(sandbox: Sandbox) -> None:
    kintone, transport = way(sandbox, "kintone", **KINTONE)
    people = [row(f"p{number}", LTV="many" if number == 7 else number, 氏名="山田　花子") for number in range(101)]
    outcomes = told(sent(kintone, transport, people))
    assert outcomes["p7"] == "vendor.cb_va01"
    assert outcomes["p8"] == "batch.refused"
    assert outcomes["p100"] == "accepted"
    assert records(sandbox).keys() == {"p100"}


def test_kintone_removes_by_record_numbers_and_takes_good_records_beside_a_bad_one(sandbox: Sandbox) -> None:
    kintone, transport = way(sandbox, "kintone", **KINTONE)
    sent(kintone, transport, [row("p1", LTV=1), row('say "p2"', LTV=2)])
    changes = [row("p1", "delete"), row('say "p2"', "delete"), row("p3", LTV="many"), row("p4", LTV=4)]
    done = lead(kintone, transport, changes)
    assert told(done.outcomes) == {
        "p1": "accepted",
        'say "p2"': "accepted",
        "p3": "vendor.cb_va01",
        "p4": "accepted",
    }
    assert records(sandbox).keys() == {"p4"}


def test_kintone_adds_nothing_in_update(sandbox: Sandbox) -> None:
    sent(*way(sandbox, "kintone", **KINTONE), [row("p1", LTV=1)])
    updating = way(sandbox, "kintone", **KINTONE, mode="update")
    assert told(sent(*updating, [row("p1", LTV=2)])) == {"p1": "accepted"}
    assert told(sent(*updating, [row("p2", LTV=2)])) == {"p2": "vendor.gaia_re20"}
    assert records(sandbox).keys() == {"p1"}


REMOVALS: dict[str, tuple[dict[str, Any], str]] = {
    "hubspot": (HUBSPOT, "contacts"),
    "hubspot.list": (HUBSPOT | {"list_id": "77"}, "list 77"),
    "marketo": (MARKETO, "leads"),
    "kintone": (KINTONE, "app 12"),
}


@pytest.mark.slow
@pytest.mark.parametrize("arrived", ARRIVED)
@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("type_", REMOVALS)
def test_removals_come_out_the_same_wherever_the_process_dies(
    sandbox: Sandbox, type_: str, turn: int, arrived: bool
) -> None:
    settings, kind = REMOVALS[type_]
    destination, transport = way(sandbox, type_, **settings)
    people = [mail("p1"), mail("p2"), mail("p3")]
    if type_ == "hubspot.list":
        lead(destination, transport, people)
    else:
        sent(destination, transport, people)
    changes = [mail("p1", "delete"), mail("p2", "delete"), mail("nobody", "delete"), mail("p4")]
    done = lead(destination, transport, changes, dies=(turn, arrived))
    assert set(told(done.outcomes).values()) == {"accepted"}
    assert len(sandbox.objects(type_.partition(".")[0], kind)) == 2
