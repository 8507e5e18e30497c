"""Nothing reads as done at a CRM that was not: wrong addresses, answers cut short, errors that pass."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.talks import opened, row, sent, transport_to
from kumitate.activation.destinations.talk import Ask, Conversing, Done, Erasing
from kumitate.model.request import Change, HttpRequest, Outcome, Response
from kumitate.sandbox.server import Sandbox

HUBSPOT = {"id_property": "kumitate_key"}
MARKETO = {"lookup_field": "kumitateKey"}
CONTACTS = {"object": "Contact", "external_id": "Key__c"}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        yield sandbox


def told(outcomes: Mapping[str, Outcome] | Sequence[Outcome]) -> dict[str, str]:
    found = outcomes.values() if isinstance(outcomes, Mapping) else outcomes
    return {outcome.key: outcome.reason or outcome.verdict.value for outcome in found}


def erased(type_: str, settings: Mapping[str, Any], response: Response) -> dict[str, str]:
    destination = opened(type_, **settings)
    assert isinstance(destination, Erasing)
    (request,) = destination.erasures([row("p1", "delete")])
    assert isinstance(request, HttpRequest)
    return told(destination.outcomes(request, response))


def answered(status: int, body: Any) -> Response:
    return Response(status, json.dumps(body).encode())


def asked(type_: str, settings: Mapping[str, Any], rows: Sequence[Change], answer: Any) -> Ask | Done:
    """The turn after a lookup's answer."""
    destination = opened(type_, **settings)
    assert isinstance(destination, Conversing)
    first = destination.begins(rows, {})
    assert isinstance(first, Ask)
    turn = destination.answered(rows, first.state, answered(200, answer))
    assert isinstance(turn, Ask | Done)
    return turn


@pytest.mark.parametrize("mode", ["mirror", "update"])
@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("The requested resource does not exist", "accepted"),
        ("Provided external ID field does not exist or is not accessible: Key__c", "request.refused"),
        ("Something else is missing", "vendor.not_found"),
    ],
)
def test_salesforce_counts_as_erased_only_what_it_says_is_not_there(words: str, outcome: str, mode: str) -> None:
    part = {"body": [{"errorCode": "NOT_FOUND", "message": words}], "httpStatusCode": 404, "referenceId": "row0"}
    answer = answered(200, {"compositeResponse": [part]})
    assert erased("salesforce", CONTACTS | {"mode": mode}, answer) == {"p1": outcome}


def test_salesforces_stand_in_refuses_to_delete_by_a_field_that_it_lacks(sandbox: Sandbox) -> None:
    wrong = opened("salesforce", object="Contact", external_id="Key")
    outcomes = sent(wrong, transport_to(sandbox, wrong, "salesforce"), [row("p1", "delete")])
    assert told(outcomes) == {"p1": "request.refused"}


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({"status": "error", "category": "OBJECT_NOT_FOUND", "message": "no contact"}, "accepted"),
        ({"status": "error", "message": "resource not found"}, "request.refused"),
    ],
)
def test_hubspot_counts_as_erased_only_what_it_says_is_not_there(body: Any, outcome: str) -> None:
    assert erased("hubspot", HUBSPOT, answered(404, body)) == {"p1": outcome}


@pytest.mark.parametrize("type_", ["hubspot", "hubspot.list"])
def test_a_lookup_of_hubspot_that_failed_for_a_row_does_not_remove_it(type_: str) -> None:
    failed = {"category": "INTERNAL_ERROR", "message": "try again", "context": {"ids": ["p1"]}}
    absent = {"category": "OBJECT_NOT_FOUND", "message": "none", "context": {"ids": ["p2"]}}
    settings = HUBSPOT | ({"list_id": "7"} if type_ == "hubspot.list" else {})
    rows = [row("p1", "delete"), row("p2", "delete")]
    turn = asked(type_, settings, rows, {"results": [], "numErrors": 2, "errors": [failed, absent]})
    assert isinstance(turn, Done)
    assert told(turn.outcomes) == {"p1": "row.busy", "p2": "accepted"}


def test_a_contact_that_hubspot_could_not_look_up_is_not_called_missing() -> None:
    settings = HUBSPOT
    tasks = [row("t1", hs_task_subject="電話", hs_timestamp="2026-11-22T00:00:00Z", contact="p1")]
    first = asked("hubspot.task", settings, tasks, {"results": []})
    assert isinstance(first, Ask)
    task = opened("hubspot.task", **settings)
    assert isinstance(task, Conversing)
    failed = {"category": "INTERNAL_ERROR", "message": "try again", "context": {"ids": ["p1"]}}
    turn = task.answered(tasks, first.state, answered(207, {"results": [], "numErrors": 1, "errors": [failed]}))
    assert isinstance(turn, Done)
    assert told(turn.outcomes) == {"t1": "row.busy"}


@pytest.mark.parametrize(
    ("category", "outcome"),
    [("INTERNAL_ERROR", "row.busy"), ("RATE_LIMIT", "row.busy"), ("VALIDATION_ERROR", "vendor.validation_error")],
)
def test_an_error_of_a_row_that_passes_at_hubspot_goes_again(category: str, outcome: str) -> None:
    hubspot = opened("hubspot", **HUBSPOT)
    (request,) = hubspot.requests([row("p1", email="a@example.jp")])
    assert isinstance(request, HttpRequest)
    error = {"category": category, "message": "x", "context": {"objectWriteTraceId": ["p1"]}}
    answer = answered(207, {"results": [], "numErrors": 1, "errors": [error]})
    assert told(hubspot.outcomes(request, answer)) == {"p1": outcome}


@pytest.mark.parametrize(
    ("keys", "words", "outcome"),
    [
        (["p1", "p2"], "Contact already exists. Existing ID: 51", "batch.spoiled"),
        (["p1"], "Contact already exists. Existing ID: 51", "vendor.conflict"),
        (["p1"], "another update is in progress", "row.busy"),
    ],
)
def test_a_batch_that_conflicts_at_hubspot_is_halved_until_the_row_is_found(
    keys: list[str], words: str, outcome: str
) -> None:
    hubspot = opened("hubspot", **HUBSPOT)
    (request,) = hubspot.requests([row(key, email="a@example.jp") for key in keys])
    assert isinstance(request, HttpRequest)
    found = hubspot.outcomes(request, answered(409, {"category": "CONFLICT", "message": words}))
    assert told(found) == dict.fromkeys(keys, outcome)


def test_two_contacts_with_one_address_are_one_too_many_for_hubspot(sandbox: Sandbox) -> None:
    hubspot = opened("hubspot", **HUBSPOT)
    transport = transport_to(sandbox, hubspot, "hubspot")
    both = [row("p1", email="same@example.jp"), row("p2", email="Same@example.jp"), row("p3", email="c@example.jp")]
    for _ in range(2):
        assert told(sent(hubspot, transport, both)) == {"p1": "accepted", "p2": "vendor.conflict", "p3": "accepted"}
    free = [row("p1", "update", email="other@example.jp"), row("p2", email="same@example.jp")]
    assert told(sent(hubspot, transport, free)) == {"p1": "accepted", "p2": "accepted"}


@pytest.mark.parametrize("type_", ["marketo", "marketo.list"])
def test_a_lookup_of_marketo_that_goes_on_elsewhere_removes_nobody_it_does_not_name(type_: str) -> None:
    settings = MARKETO | ({"list_id": 4} if type_ == "marketo.list" else {})
    rows = [row(f"p{number}", "delete") for number in range(4)]
    cut = {"success": True, "result": [{"id": 1, "kumitateKey": "p0"}], "moreResult": True, "nextPageToken": "X"}
    turn = asked(type_, settings, rows, cut)
    assert isinstance(turn, Ask)
    assert turn.request.keys == ("p0", "p1")  # halves, whose leads fit in one answer
