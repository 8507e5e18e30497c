"""A success without the vendor's own words (a proxy's empty page, another service's JSON) is no acceptance."""

import json
from typing import Any

import pytest

from harness.deliveries import RUN, Clock, MemoryLedger
from harness.destinations import CASES, change_of
from harness.talks import opened, row
from kumitate.activation.destinations.registry import destination_class
from kumitate.execution.hearing import answered
from kumitate.execution.portion import Page
from kumitate.execution.sending import Sender
from kumitate.model.request import HttpRequest, Outcome, Request, Response, Verdict

SPEAKERS = ("braze", "criteo", "google_data_manager", "google_data_manager.event", "hubspot", "kintone", "meta")
NOTHING = (b"", b"{}", b"null", b"[]", b'"ok"', b'{"ok": true}')


def requests_of(type_: str) -> tuple[Any, list[Request]]:
    recorded = json.loads((CASES / f"{type_}.json").read_text(encoding="utf-8"))
    case = recorded["cases"][0]
    destination = destination_class(type_).model_validate(recorded["settings"] | case.get("settings", {}))
    items = destination.requests([change_of(change) for change in case["changes"]])
    return destination, [item for item in items if isinstance(item, HttpRequest)]


@pytest.mark.parametrize("body", NOTHING, ids=bytes.decode)
@pytest.mark.parametrize("type_", SPEAKERS)
def test_rows_of_an_answer_that_says_nothing_go_again(type_: str, body: bytes) -> None:
    destination, requests = requests_of(type_)
    assert requests
    for request in requests:
        found = answered(destination, request, Response(200, body), listener=None)
        assert {(outcome.verdict, outcome.reason) for outcome in found} == {(Verdict.RETRY, "answer.unreadable")}


@pytest.mark.parametrize("body", [*NOTHING, b'{"events_received": 0}'], ids=bytes.decode)
def test_of_an_event_that_meta_does_not_say_it_received_nothing_is_known(body: bytes) -> None:
    destination, requests = requests_of("meta.conversion")
    for request in requests:
        found = answered(destination, request, Response(200, body), listener=None)
        assert {outcome.verdict for outcome in found} == {Verdict.UNKNOWN}


def test_people_of_whom_meta_received_none_are_not_in_the_audience() -> None:
    destination, (request, *_) = requests_of("meta")
    found = answered(destination, request, Response(200, b'{"audience_id": "1", "num_received": 0}'), listener=None)
    assert {outcome.verdict for outcome in found} == {Verdict.RETRY}


@pytest.mark.parametrize("body", [b"", b"{}", b'{"status": "COMPLETE"}'], ids=bytes.decode)
def test_a_contact_is_not_gone_because_hubspots_lookup_says_nothing(body: bytes) -> None:
    class Silent:
        def send(self, request: Request) -> Response:
            assert isinstance(request, HttpRequest)
            return Response(200, body)

    ledger, clock = MemoryLedger(Clock()), Clock()
    leavers = [row("p1", "delete"), row("p2", "delete")]
    sender = Sender(connect=Silent, clock=clock, sleep=clock.sleep)
    sender.send(opened("hubspot", id_property="key"), leavers, Page(ledger, RUN.id, "s"))
    notes = ledger.notes(RUN.id, "s").values()
    assert not [note for note in notes if isinstance(note, Outcome) and note.verdict is Verdict.ACCEPTED]
